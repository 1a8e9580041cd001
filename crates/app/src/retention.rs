//! Deletes what is too old, now and then and a little at a time, for as long as the server runs.

use std::time::Duration;

use ownkey_domain::time::Timestamp;
use ownkey_store::{Expired, Store, Sweeper, Swept};
use tokio::time::{Interval, MissedTickBehavior, interval, sleep};

use crate::config::retention::Retention;

const DAY_MS: i64 = 24 * 3_600_000;
/// Providers keep a response for thirty days. After that nobody asks for it.
const RESPONSES_DAYS: u16 = 31;
/// Who has not looked at a message by then will not send it again.
const MESSAGES_DAYS: u16 = 30;
/// From one sweep to the next, by the clock that nobody sets: the store counts on it that nobody sweeps more often.
const PAUSE: Duration = Duration::from_secs(3_600);
/// Between two steps: whoever else wants to write comes first.
const BREATH: Duration = Duration::from_millis(20);

/// Sweeps until it is dropped. The first sweep only looks, so a process of less than an hour deletes nothing.
pub async fn keep(store: Store, retention: Retention, clock: fn() -> Timestamp) {
    let (mut sweeper, mut hours) = (store.sweeper(), hours());
    loop {
        hours.tick().await;
        match sweep(&mut sweeper, expired(retention, clock())).await {
            Ok(swept) if swept == Swept::default() => {}
            Ok(Swept { months, receipts, audit, responses, messages, changes }) => {
                tracing::info!(months, receipts, audit, responses, messages, changes, "what was too old is deleted");
            }
            Err(error) => tracing::warn!(%error, "what is too old can't be looked for; there will be another try"),
        }
    }
}

/// At once, and then an hour or more after the time before, also after a process that stood still.
fn hours() -> Interval {
    let mut hours = interval(PAUSE);
    hours.set_missed_tick_behavior(MissedTickBehavior::Delay);
    hours
}

async fn sweep(sweeper: &mut Sweeper, expired: Expired) -> ownkey_store::Result<Swept> {
    let mut sweep = sweeper.begin(expired).await?;
    while sweep.step().await {
        sleep(BREATH).await;
    }
    Ok(sweep.swept())
}

fn expired(retention: Retention, now: Timestamp) -> Expired {
    let before = |days: u16| now.plus_millis(-DAY_MS * i64::from(days));
    Expired {
        receipts: retention.receipts_days.map(before),
        audit: retention.audit_days.map(before),
        responses: Some(before(RESPONSES_DAYS)),
        messages: Some(before(MESSAGES_DAYS)),
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{Instant, advance};

    use super::*;

    #[test]
    fn days_are_counted_back_from_now() {
        let now = Timestamp::from_millis(500 * DAY_MS);
        let told = expired(Retention { receipts_days: Some(400), audit_days: None }, now);
        let day = |day: i64| Some(Timestamp::from_millis(day * DAY_MS));
        assert_eq!(told, Expired { receipts: day(100), audit: None, responses: day(469), messages: day(470) });
    }

    #[tokio::test(start_paused = true)]
    async fn an_hour_lies_between_two_sweeps() {
        let (start, mut hours) = (Instant::now(), hours());
        let mut swept = Vec::new();
        for late in [0, 0, 30, 0] {
            hours.tick().await;
            swept.push(start.elapsed());
            advance(PAUSE * late / 20).await;
        }
        assert_eq!(swept, [Duration::ZERO, PAUSE, PAUSE * 2, PAUSE * 7 / 2]);
        hours.tick().await;
        assert_eq!(start.elapsed(), PAUSE * 9 / 2, "none is made up for");
    }
}
