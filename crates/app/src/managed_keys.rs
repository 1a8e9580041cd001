//! What calls show of the operator's own keys, for as long as the process lives. The operator's page of health reads it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use ownkey_domain::managed_key::{ManagedKeyRecord, ManagedSeen};
use ownkey_domain::provider::Provider;
use ownkey_domain::receipt::Receipt;
use ownkey_domain::time::Timestamp;

/// What calls have shown so far.
#[derive(Default)]
pub struct ManagedKeys {
    records: Mutex<BTreeMap<Provider, ManagedKeyRecord>>,
}

impl ManagedKeys {
    /// Takes in a call that has ended.
    pub fn note(&self, receipt: &Receipt) {
        let (Some(provider), Some(seen)) = (receipt.provider, ManagedSeen::of(receipt)) else { return };
        let took = i64::try_from(receipt.timing.total_ms).unwrap_or(i64::MAX);
        let at = Timestamp::from_millis(receipt.at.millis().saturating_add(took));
        self.change(|records| records.entry(provider).or_default().note(seen, at));
    }

    /// What they have shown of one key.
    pub fn of(&self, provider: Provider) -> ManagedKeyRecord {
        self.change(|records| records.get(&provider).cloned().unwrap_or_default())
    }

    fn change<T>(&self, change: impl FnOnce(&mut BTreeMap<Provider, ManagedKeyRecord>) -> T) -> T {
        // Each record is right by itself, whoever panicked.
        change(&mut self.records.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
