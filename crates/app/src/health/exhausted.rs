//! Keys whose accounts have no money: told once a day, however many calls find it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use ownkey_domain::id::CredentialId;
use ownkey_domain::period::Period;
use ownkey_domain::time::Timestamp;

use super::KEYS_MAX;

/// The day (UTC) on which each was last told of. The store knows too, but would be asked by every call.
#[derive(Default)]
pub(super) struct Exhausted(Mutex<HashMap<CredentialId, Timestamp>>);

impl Exhausted {
    /// Whether it is to be told of: once a day.
    pub fn is_news(&self, key: CredentialId, at: Timestamp) -> bool {
        let today = Period::day(at).start;
        self.change(|told| {
            if told.len() >= KEYS_MAX && !told.contains_key(&key) {
                told.retain(|_, day| *day == today);
                if told.len() >= KEYS_MAX {
                    told.clear();
                }
            }
            told.insert(key, today) != Some(today)
        })
    }

    /// It could not be told of.
    pub fn take_back(&self, key: CredentialId) {
        self.change(|told| told.remove(&key));
    }

    fn change<T>(&self, change: impl FnOnce(&mut HashMap<CredentialId, Timestamp>) -> T) -> T {
        // Each entry is right by itself, whoever panicked.
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn once_a_day_unless_it_could_not_be_told() {
        let (exhausted, key) = (Exhausted::default(), CredentialId::from_uuid(Uuid::from_u128(1)));
        let at = |hour: i64| Timestamp::from_millis(hour * 3_600_000);
        let news = [0, 23, 24, 25].map(|hour| exhausted.is_news(key, at(hour)));
        assert_eq!(news, [true, false, true, false]);
        exhausted.take_back(key);
        assert!(exhausted.is_news(key, at(26)));
        assert!(exhausted.is_news(CredentialId::from_uuid(Uuid::from_u128(2)), at(26)));
    }
}
