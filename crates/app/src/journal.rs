//! The data plane's ledger: today the receipt journal alone.

use std::sync::Arc;

use ownkey_domain::receipt::Receipt;
use ownkey_gateway::ledger::{JournalUnavailable, Ledger};
use ownkey_store::Journal;

/// Writes receipts into the store's journal.
pub struct JournalLedger(pub Arc<Journal>);

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
}
