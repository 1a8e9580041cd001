//! Sends what is due, for as long as the server runs.

use std::sync::Arc;
use std::time::Duration;

use ownkey_store::{Receivers, Result};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::webhooks::Webhooks;

/// Between two looks for what is due. One is a glance at an index, and people notice when they are told late.
const PAUSE: Duration = Duration::from_secs(1);

/// Sends what is due, by the latest configuration, until it is dropped. What is under way then goes on: see
/// [`crate::Slots::rest`].
pub async fn keep_sending(mut current: watch::Receiver<Option<Arc<Webhooks>>>) {
    loop {
        let latest = current.borrow_and_update().clone();
        tokio::select! {
            () = send_on(latest) => {}
            changed = current.changed() => if changed.is_err() { return },
        }
    }
}

async fn send_on(webhooks: Option<Arc<Webhooks>>) {
    let Some(webhooks) = webhooks else { return std::future::pending().await };
    loop {
        if let Err(error) = webhooks.begin_due().await {
            tracing::warn!(%error, "what webhooks are to be told can't be looked for; there will be another try");
            sleep(PAUSE).await;
        }
        tokio::select! {
            () = sleep(PAUSE) => {}
            () = webhooks.parts.slots.ended.notified() => {}
        }
    }
}

impl Webhooks {
    /// Begins to send what is due, one message for each webhook, as far as there is room now: who comes next is looked up
    /// when there is.
    async fn begin_due(self: &Arc<Self>) -> Result<()> {
        let store = &self.parts.store;
        self.parts.metrics.waiting(store.waiting_messages().await?);
        for receivers in Receivers::ALL {
            let slots = self.parts.slots.of(receivers);
            let room = u32::try_from(slots.available_permits()).unwrap_or(u32::MAX);
            if room == 0 {
                continue;
            }
            for id in store.due_webhooks(receivers, room).await? {
                // None, too, when the server ends.
                let Ok(slot) = Arc::clone(slots).try_acquire_owned() else { break };
                self.send_if_due(id, slot);
            }
        }
        Ok(())
    }
}
