//! Keeps the ledger: says that this node lives, ends what dead processes held, and books what has expired.

use std::time::Duration;

use ownkey_domain::id::{NodeId, RequestId};
use ownkey_domain::time::Timestamp;
use ownkey_store::{NODE_LEASE, Store, StoreError};
use tokio::time::{MissedTickBehavior, interval};

/// How long one look waits for the receipts of an earlier process to be taken over.
const CATCH_UP: Duration = Duration::from_secs(10);

/// The task that keeps the ledger.
pub struct LedgerKeeper {
    /// Where it is.
    pub store: Store,
    /// This node.
    pub node: NodeId,
    /// The calls for which an earlier process of this node held something when it died.
    pub left: Vec<RequestId>,
}

impl LedgerKeeper {
    /// Runs for as long as the server does.
    pub async fn run(mut self, clock: fn() -> Timestamp) {
        let mut ticks = interval(NODE_LEASE / 3);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if let Err(error) = self.keep(clock()).await {
                tracing::warn!(%error, "the ledger can't be kept at the moment");
            }
        }
    }

    async fn keep(&mut self, now: Timestamp) -> Result<(), StoreError> {
        self.store.node_lives(self.node).await?;
        if !self.left.is_empty() {
            // A call that ended has its receipt in the journal, and that has the last word.
            self.store.catch_up(CATCH_UP).await?;
            let ended = self.store.end_left(&self.left, now).await?;
            tracing::info!(ended, "holds that an earlier process left are ended");
            self.left.clear();
        }
        let ended = self.store.end_dead(now).await?;
        if ended > 0 {
            tracing::warn!(ended, "holds of nodes that are gone are ended");
        }
        while self.store.book_expired(now).await? > 0 {}
        Ok(())
    }
}

/// What the ledger counts, in the Prometheus text format.
pub fn metrics(store: &Store) -> String {
    const NAME: &str = "ownkey_overrun_credits_total";
    let help = "Credits that calls cost beyond what their workspaces are charged: the operator pays them.";
    let mut text = format!("# HELP {NAME} {help}\n# TYPE {NAME} counter\n");
    for (reason, credits) in store.overrun() {
        text.push_str(&format!("{NAME}{{reason=\"{}\"}} {credits}\n", reason.as_str()));
    }
    text
}
