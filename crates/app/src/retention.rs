//! Deletes what is too old, now and then and a little at a time, for as long as the server runs.

use std::time::Duration;

use ownkey_domain::time::Timestamp;
use ownkey_store::{Expired, Store, StoreError, Swept};
use tokio::time::sleep;

use crate::config::retention::Retention;

const DAY_MS: i64 = 24 * 3_600_000;
/// From one sweep to the next, so that a day is a day and not two.
const PAUSE: Duration = Duration::from_secs(3_600);
/// Between two steps: whoever else wants to write comes first.
const BREATH: Duration = Duration::from_millis(20);
/// Every node has read a change within a second, or has begun anew since.
const CHANGES_DAYS: u16 = 1;

/// Sweeps until it is dropped.
pub async fn keep(store: Store, retention: Retention, clock: fn() -> Timestamp) {
    loop {
        match sweep(&store, expired(retention, clock())).await {
            Ok(swept) if swept == Swept::default() => {}
            Ok(Swept { months, receipts, audit, changes }) => {
                tracing::info!(months, receipts, audit, changes, "what was too old is deleted");
            }
            Err(error) => tracing::warn!(%error, "not all that is too old could be deleted; there will be another try"),
        }
        sleep(PAUSE).await;
    }
}

async fn sweep(store: &Store, expired: Expired) -> Result<Swept, StoreError> {
    let mut sweep = store.sweep(expired);
    while sweep.step().await? {
        sleep(BREATH).await;
    }
    Ok(sweep.swept())
}

fn expired(retention: Retention, now: Timestamp) -> Expired {
    let before = |days: u16| now.plus_millis(-DAY_MS * i64::from(days));
    Expired {
        receipts: retention.receipts_days.map(before),
        audit: retention.audit_days.map(before),
        changes: before(CHANGES_DAYS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_back_from_now() {
        let now = Timestamp::from_millis(500 * DAY_MS);
        let told = expired(Retention { receipts_days: Some(400), audit_days: None }, now);
        let expected = Expired {
            receipts: Some(Timestamp::from_millis(100 * DAY_MS)),
            audit: None,
            changes: Timestamp::from_millis(499 * DAY_MS),
        };
        assert_eq!(told, expected);
    }
}
