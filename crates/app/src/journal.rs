//! The data plane's ledger: today the receipt journal alone.

use std::sync::Arc;

use ownkey_domain::health::KeySeen;
use ownkey_domain::id::{CredentialId, WorkspaceId};
use ownkey_domain::receipt::Receipt;
use ownkey_domain::time::Timestamp;
use ownkey_gateway::ledger::{JournalUnavailable, Ledger};
use ownkey_store::Journal;

use crate::health::KeyHealth;

/// Writes receipts into the store's journal, and passes on what is seen of keys.
pub struct JournalLedger(pub Arc<Journal>, pub Arc<KeyHealth>);

impl Ledger for JournalLedger {
    fn has_room(&self) -> bool {
        self.0.has_room()
    }

    fn moves_money(&self) -> bool {
        self.0.database_answers()
    }

    fn record(&self, receipt: &Receipt) -> Result<(), JournalUnavailable> {
        self.0.append(receipt).map(drop).map_err(|error| {
            tracing::error!(%error, "the receipt journal can't be written");
            JournalUnavailable
        })
    }

    fn key_seen(&self, key: (WorkspaceId, CredentialId), seen: KeySeen, at: Timestamp) {
        self.1.seen(key, seen, at);
    }
}

/// What the journal counts, in the Prometheus text format.
pub fn metrics(journal: &Journal) -> String {
    const NAME: &str = "ownkey_receipts_set_aside_total";
    let help = "Receipts that could not be read or stored, kept in set-aside.jsonl beside the journal.";
    format!("# HELP {NAME} {help}\n# TYPE {NAME} counter\n{NAME} {}\n", journal.set_aside())
}
