//! Waits that grow with each failure, for whatever fails: an account, an address.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ownkey_domain::time::Timestamp;

use crate::throttle::Wait;

/// What did not fail for so long starts anew.
const FORGOTTEN_MS: i64 = 3_600_000;
/// From here on what is forgotten is cleared away. Each entry costs a slow hash, so an hour makes no more than some
/// ten thousands.
const KEPT: usize = 1024;

/// How waits grow.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Growth {
    /// Failures without a wait.
    pub(crate) free: u32,
    /// The first wait; each further one is twice as long.
    pub(crate) first_ms: i64,
    /// The longest.
    pub(crate) most_ms: i64,
}

/// The failures of the last hour, by whose they are.
pub(crate) struct Backoff<K> {
    growth: Growth,
    failures: Mutex<HashMap<K, Failures>>,
}

struct Failures {
    count: u32,
    last: Timestamp,
}

impl<K: Eq + Hash> Backoff<K> {
    pub(crate) fn new(growth: Growth) -> Self {
        Self { growth, failures: Mutex::default() }
    }

    /// Begins a try, if its time has come. It counts as failed until [`Self::succeeded`]: those who try many at once
    /// gain nothing.
    pub(crate) fn begin(&self, key: K, now: Timestamp) -> Result<(), Wait> {
        let mut failures = self.failures();
        if failures.len() >= KEPT {
            failures.retain(|_, failed| failed.last.plus_millis(FORGOTTEN_MS) > now);
        }
        let failed = failures.entry(key).or_insert(Failures { count: 0, last: now });
        if failed.last.plus_millis(FORGOTTEN_MS) <= now {
            failed.count = 0;
        }
        let wait = self.growth.after(failed.count);
        let left = failed.last.plus_millis(wait).millis().saturating_sub(now.millis());
        if left > 0 {
            // A clock that was set back makes nobody wait longer.
            return Err(Wait(u64::try_from(left.min(wait)).unwrap_or(0).div_ceil(1000)));
        }
        *failed = Failures { count: failed.count.saturating_add(1), last: now };
        Ok(())
    }

    /// The try did not fail. What failed before still counts, unless it is `all` forgiven.
    pub(crate) fn succeeded(&self, key: &K, all: bool) {
        let mut failures = self.failures();
        let Some(failed) = failures.get_mut(key) else { return };
        failed.count = if all { 0 } else { failed.count.saturating_sub(1) };
        if failed.count == 0 {
            failures.remove(key);
        }
    }

    fn failures(&self) -> MutexGuard<'_, HashMap<K, Failures>> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Growth {
    fn after(self, failures: u32) -> i64 {
        let Some(times) = failures.checked_sub(self.free) else { return 0 };
        let factor = 1_i64.checked_shl(times).filter(|_| times < 32).unwrap_or(i64::MAX);
        self.first_ms.saturating_mul(factor).min(self.most_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROWTH: Growth = Growth { free: 3, first_ms: 2_000, most_ms: 10_000 };

    #[test]
    fn waits_grow_to_a_most_and_are_forgotten() {
        let (backoff, mut now) = (Backoff::new(GROWTH), Timestamp::from_millis(1_000_000));
        for _ in 0..3 {
            assert_eq!(backoff.begin("a", now), Ok(()));
        }
        for wait in [2, 4, 8, 10, 10] {
            assert_eq!(backoff.begin("a", now), Err(Wait(wait)));
            assert_eq!(backoff.begin("a", now.plus_millis(1)), Err(Wait(wait)));
            assert_eq!(backoff.begin("b", now), Ok(()));
            backoff.succeeded(&"b", false);
            now = now.plus_millis(i64::try_from(wait).unwrap() * 1000);
            assert_eq!(backoff.begin("a", now), Ok(()));
        }
        assert_eq!(backoff.begin("a", now.plus_millis(-FORGOTTEN_MS)), Err(Wait(10)));
        assert_eq!(backoff.begin("a", now.plus_millis(FORGOTTEN_MS)), Ok(()));
        assert_eq!(backoff.begin("a", now.plus_millis(FORGOTTEN_MS)), Ok(()));
    }

    #[test]
    fn success_takes_back_its_own_try_or_all() {
        let (backoff, now) = (Backoff::new(GROWTH), Timestamp::from_millis(0));
        for _ in 0..9 {
            assert_eq!(backoff.begin("a", now), Ok(()));
            backoff.succeeded(&"a", false);
        }
        assert!(backoff.failures().is_empty());
        for _ in 0..3 {
            assert_eq!(backoff.begin("a", now), Ok(()));
        }
        backoff.succeeded(&"a", true);
        assert_eq!(backoff.begin("a", now), Ok(()));
    }

    #[test]
    fn any_number_of_failures_has_a_wait() {
        let most = Growth { free: 0, first_ms: 1_000, most_ms: i64::MAX };
        let waits: Vec<i64> = (0..200).map(|n| most.after(n)).collect();
        assert!(waits.is_sorted() && waits[0] == 1_000 && waits[199] == i64::MAX);
    }
}
