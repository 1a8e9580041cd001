//! Room for messages that are under way, whatever configuration they go by.

use std::sync::Arc;

use ownkey_store::Receivers;
use tokio::sync::{Notify, Semaphore};

/// Messages that are under way at a time to receivers that took the last one.
const TAKING: usize = 24;
/// Likewise to those that did not: some of them hang, and whoever has many such must not keep others' news waiting.
const FAILING: usize = 8;

/// Room for what is under way. One for the process: what an older configuration has begun counts too.
pub struct Slots {
    taking: Arc<Semaphore>,
    failing: Arc<Semaphore>,
    /// An attempt has ended: there may be more for its webhook.
    pub(crate) ended: Notify,
}

impl Default for Slots {
    fn default() -> Self {
        let room = |slots| Arc::new(Semaphore::new(slots));
        Self { taking: room(TAKING), failing: room(FAILING), ended: Notify::new() }
    }
}

impl Slots {
    pub(crate) const fn of(&self, receivers: Receivers) -> &Arc<Semaphore> {
        match receivers {
            Receivers::Taking => &self.taking,
            Receivers::Failing => &self.failing,
        }
    }

    /// Waits until no message is under way, and lets none begin any more.
    pub async fn rest(&self) {
        for (slots, count) in [(&self.taking, TAKING), (&self.failing, FAILING)] {
            let all = u32::try_from(count).unwrap_or(u32::MAX);
            // It is closed by nobody else, and once is enough.
            drop(slots.acquire_many(all).await);
            slots.close();
        }
    }
}
