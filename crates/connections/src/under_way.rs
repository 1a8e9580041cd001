//! Refreshes that are under way in this process, whatever configuration they go by.

use std::collections::BTreeSet;
use std::sync::Arc;

use ownkey_domain::id::ConnectionId;
use tokio::sync::watch;

/// Which connections are being refreshed. One for the process: what an older configuration has begun counts too.
///
/// The claim in the database keeps others away for as long as a provider may take, and no longer. Whoever has an answer
/// and can't write it down, as the database is away, must not find that his own process asked once more.
#[derive(Default)]
pub struct UnderWay(watch::Sender<Refreshes>);

#[derive(Default)]
struct Refreshes {
    of: BTreeSet<ConnectionId>,
    /// None begins any more.
    is_over: bool,
}

/// A refresh, until it is dropped.
pub(crate) struct Refreshing {
    id: ConnectionId,
    all: Arc<UnderWay>,
}

impl UnderWay {
    /// Begins one, unless that connection is being refreshed, or the process ends.
    pub(crate) fn begin(self: &Arc<Self>, id: ConnectionId) -> Option<Refreshing> {
        let begins = self.0.send_if_modified(|refreshes| !refreshes.is_over && refreshes.of.insert(id));
        begins.then(|| Refreshing { id, all: Arc::clone(self) })
    }

    /// Whether that connection is being refreshed.
    pub(crate) fn holds(&self, id: ConnectionId) -> bool {
        self.0.borrow().of.contains(&id)
    }

    /// Waits until no refresh is under way, and lets none begin any more.
    pub async fn rest(&self) {
        self.0.send_modify(|refreshes| refreshes.is_over = true);
        // It fails only when there is nobody left to tell.
        let _ = self.0.subscribe().wait_for(|refreshes| refreshes.of.is_empty()).await;
    }
}

impl Drop for Refreshing {
    fn drop(&mut self) {
        self.all.0.send_modify(|refreshes| {
            refreshes.of.remove(&self.id);
        });
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;
    use uuid::Uuid;

    use super::*;

    #[tokio::test]
    async fn a_connection_is_refreshed_once_at_a_time_and_the_end_waits_for_all() {
        let (all, id) = (Arc::new(UnderWay::default()), |number| ConnectionId::from_uuid(Uuid::from_u128(number)));
        let one = all.begin(id(1)).unwrap();
        assert!(all.begin(id(1)).is_none() && all.begin(id(2)).is_some());
        assert!(all.holds(id(1)) && !all.holds(id(2)), "one has ended");
        assert!(timeout(Duration::ZERO, all.rest()).await.is_err(), "one is under way");
        assert!(all.begin(id(3)).is_none(), "none begins at the end");
        drop(one);
        all.rest().await;
    }
}
