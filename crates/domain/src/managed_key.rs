//! How the operator's own key at a provider fares, as the calls show that went out on it. Nobody tests it on purpose:
//! every managed call does.

use std::collections::VecDeque;

use crate::payer::PayerKind;
use crate::receipt::{Attempt, Receipt};
use crate::time::Timestamp;

/// The minutes of which calls are counted.
const MINUTES: i64 = 60;
const MINUTE_MS: i64 = 60_000;

/// How a managed call found the operator's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ManagedSeen {
    /// The provider served it, or found fault with the request alone.
    Served,
    /// The provider takes the key for no good one, or its account has no money.
    Refused,
    /// The account is over its limit.
    Limited,
    /// The provider did not answer, or with an error of its own.
    Unavailable,
}

/// What has been seen of one key, by one process since it began.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ManagedKeyRecord {
    /// How the latest call found it, and since when all calls have found it so.
    pub standing: Option<(ManagedSeen, Timestamp)>,
    /// When a call was last served.
    pub served_at: Option<Timestamp>,
    /// When a call last failed for a reason that is not the caller's.
    pub failed_at: Option<Timestamp>,
    minutes: VecDeque<Minute>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Minute {
    number: i64,
    calls: u64,
    failed: u64,
}

/// Calls of the last hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LastHour {
    /// All that went out on the key.
    pub calls: u64,
    /// Those that failed for a reason that is not the caller's.
    pub failed: u64,
}

impl ManagedSeen {
    /// What a receipt shows of it; `None` if its last attempt did not go out on the operator's key, or the caller left
    /// before it showed.
    pub fn of(receipt: &Receipt) -> Option<Self> {
        let Attempt { status, .. } = receipt.attempts.last().filter(|last| last.payer == PayerKind::Managed)?;
        match (receipt.error.as_deref(), status) {
            (Some("managed_unavailable"), _) => Some(Self::Refused),
            (Some("provider_rate_limited"), _) => Some(Self::Limited),
            (Some("provider_unavailable"), _) => Some(Self::Unavailable),
            (_, Some(_)) => Some(Self::Served),
            (_, None) => None,
        }
    }
}

impl ManagedKeyRecord {
    /// Takes in a call.
    pub fn note(&mut self, seen: ManagedSeen, at: Timestamp) {
        let failed = seen != ManagedSeen::Served;
        match self.standing {
            Some((before, _)) if before == seen => {}
            _ => self.standing = Some((seen, at)),
        }
        if failed {
            self.failed_at = self.failed_at.max(Some(at));
        } else {
            self.served_at = self.served_at.max(Some(at));
        }
        let number = at.millis().div_euclid(MINUTE_MS);
        self.forget_before(number);
        match self.minutes.back_mut() {
            // Calls end out of order by moments; those count with the latest minute.
            Some(last) if last.number >= number => last.count(failed),
            _ => {
                let mut minute = Minute { number, calls: 0, failed: 0 };
                minute.count(failed);
                self.minutes.push_back(minute);
            }
        }
    }

    /// The calls of the hour before that moment.
    pub fn last_hour(&self, now: Timestamp) -> LastHour {
        let oldest = now.millis().div_euclid(MINUTE_MS).saturating_sub(MINUTES);
        self.minutes.iter().filter(|minute| minute.number > oldest).fold(LastHour::default(), |sum, minute| LastHour {
            calls: sum.calls.saturating_add(minute.calls),
            failed: sum.failed.saturating_add(minute.failed),
        })
    }

    fn forget_before(&mut self, now: i64) {
        while self.minutes.front().is_some_and(|oldest| oldest.number <= now.saturating_sub(MINUTES)) {
            self.minutes.pop_front();
        }
    }
}

impl Minute {
    fn count(&mut self, failed: bool) {
        self.calls = self.calls.saturating_add(1);
        self.failed = self.failed.saturating_add(u64::from(failed));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{RequestId, WorkspaceId};
    use crate::receipt::Outcome;
    use uuid::Uuid;

    const fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    fn receipt(payer: PayerKind, status: Option<u16>, error: Option<&str>) -> Receipt {
        let (id, workspace) = (RequestId::from_uuid(Uuid::nil()), WorkspaceId::from_uuid(Uuid::nil()));
        let mut receipt = Receipt::draft(id, at(0), workspace, "/v1/messages".to_owned());
        receipt.error = error.map(str::to_owned);
        receipt.attempts.push(Attempt { status, outcome: Outcome::Complete, ..Attempt::begun(payer, None) });
        receipt
    }

    #[test]
    fn only_what_went_out_on_the_operators_key_shows_something_of_it() {
        for (payer, status, error, seen) in [
            (PayerKind::Managed, Some(200), None, Some(ManagedSeen::Served)),
            (PayerKind::Managed, Some(400), Some("bad_request"), Some(ManagedSeen::Served)),
            (PayerKind::Managed, Some(401), Some("managed_unavailable"), Some(ManagedSeen::Refused)),
            (PayerKind::Managed, Some(429), Some("provider_rate_limited"), Some(ManagedSeen::Limited)),
            (PayerKind::Managed, None, Some("provider_unavailable"), Some(ManagedSeen::Unavailable)),
            (PayerKind::Managed, None, None, None),
            (PayerKind::Byok, Some(401), Some("provider_key_invalid"), None),
        ] {
            assert_eq!(ManagedSeen::of(&receipt(payer, status, error)), seen, "{payer:?} {status:?} {error:?}");
        }
    }

    #[test]
    fn a_standing_lasts_from_its_first_call() {
        let mut record = ManagedKeyRecord::default();
        for (second, seen) in
            [(1, ManagedSeen::Served), (2, ManagedSeen::Refused), (3, ManagedSeen::Refused), (3, ManagedSeen::Refused)]
        {
            record.note(seen, at(second));
        }
        assert_eq!(record.standing, Some((ManagedSeen::Refused, at(2))));
        assert_eq!((record.served_at, record.failed_at), (Some(at(1)), Some(at(3))));
        assert_eq!(record.last_hour(at(3)), LastHour { calls: 4, failed: 3 });
    }

    #[test]
    fn what_is_older_than_an_hour_is_not_counted_and_not_kept() {
        let mut record = ManagedKeyRecord::default();
        for minute in 0..100 {
            record.note(ManagedSeen::Limited, at(minute * 60));
        }
        assert_eq!(record.last_hour(at(99 * 60)), LastHour { calls: 60, failed: 60 });
        assert!(record.minutes.len() <= 60);
        assert_eq!(record.last_hour(at(200 * 60)), LastHour::default());
    }
}
