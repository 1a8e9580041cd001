//! Refreshes what is due, for as long as the server runs: each provider by itself, so that a slow one holds up no other.

use std::sync::Arc;
use std::time::Duration;

use ownkey_store::Result;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::connections::{Connections, Lane};

/// Looked at together; each is claimed only when there is room to ask for it.
const PAGE: u32 = 64;
/// Pause while the database is away: whoever holds an answer is to write it down before anybody asks again.
const AWAY: Duration = Duration::from_secs(3);
/// Pause when all that is due is taken: by another node just now, or by this one, which can't write an answer down yet.
const TAKEN: Duration = Duration::from_millis(100);

/// Keeps the connections of the latest configuration fresh until it is dropped. What is under way then goes on: see
/// [`crate::UnderWay::rest`].
pub async fn keep_fresh(mut current: watch::Receiver<Option<Arc<Connections>>>) {
    loop {
        let latest = current.borrow_and_update().clone();
        let mut lanes = JoinSet::new();
        if let Some(connections) = latest {
            let providers: Vec<String> = connections.providers().keys().cloned().collect();
            for provider in providers {
                lanes.spawn(Arc::clone(&connections).keep_provider_fresh(provider));
            }
        }
        // Dropping the set ends the loops, and no refresh.
        if current.changed().await.is_err() {
            return;
        }
    }
}

impl Connections {
    async fn keep_provider_fresh(self: Arc<Self>, provider: String) {
        let Some(lane) = self.lane(&provider) else { return };
        loop {
            let again = self.begin_due(&provider, lane).await.unwrap_or_else(|error| {
                tracing::warn!(%error, provider, "what is due can't be looked for; there will be another try");
                Instant::now() + AWAY
            });
            tokio::select! {
                () = sleep_until(again) => {}
                () = lane.changed.notified() => {}
            }
        }
    }

    /// Begins all refreshes that are due. When there is more to do, reckoned from before it was looked for: it is then
    /// however long the look took, and whatever happened to the clock meanwhile.
    async fn begin_due(self: &Arc<Self>, provider: &str, lane: &Lane) -> Result<Instant> {
        let poll = u64::try_from(self.parts.times.poll_ms).map_or(AWAY, Duration::from_millis);
        loop {
            let since = Instant::now();
            let due = self.parts.store.due_connections(provider, PAGE).await?;
            let earliest = if due.connections.is_empty() { due.next } else { Some(due.now) };
            self.parts.metrics.next_due(provider, earliest);
            if due.connections.is_empty() {
                let until = due.next.map(|next| next.millis().saturating_sub(due.now.millis()));
                let until = until.map(|millis| Duration::from_millis(u64::try_from(millis).unwrap_or(0)));
                return Ok(since + until.map_or(poll, |until| until.min(poll)));
            }
            let mut begun = false;
            for id in due.connections {
                // Nobody closes it.
                let Ok(room) = Arc::clone(&lane.room).acquire_owned().await else { return Ok(since + poll) };
                begun |= self.refresh_if_due(id, room).await?;
            }
            if !begun {
                return Ok(Instant::now() + TAKEN);
            }
        }
    }
}
