//! The data plane's ledger: the store's, and its receipt journal.

use std::sync::Arc;

use futures_util::TryFutureExt;
use futures_util::future::BoxFuture;
use ownkey_domain::health::KeySeen;
use ownkey_domain::id::{CredentialId, RequestId, WorkspaceId};
use ownkey_domain::ledger::{Charge, HoldCall};
use ownkey_domain::receipt::Receipt;
use ownkey_domain::time::Timestamp;
use ownkey_gateway::ledger::{HoldRefused, JournalUnavailable, Ledger};
use ownkey_store::{HoldError, Holds, Journal, JournalError};

use crate::health::KeyHealth;
use crate::managed_keys::ManagedKeys;

/// Writes receipts into the store's journal, has holds committed, and passes on what is seen of keys.
pub struct JournalLedger {
    /// Takes receipts.
    pub journal: Arc<Journal>,
    /// Takes holds.
    pub holds: Holds,
    /// Takes in what is seen of keys.
    pub health: Arc<KeyHealth>,
    /// Takes in what is seen of the operator's own.
    pub managed_keys: Arc<ManagedKeys>,
}

impl Ledger for JournalLedger {
    fn has_room(&self) -> bool {
        self.journal.has_room()
    }

    fn moves_money(&self) -> bool {
        self.journal.database_answers()
    }

    fn hold(&self, call: HoldCall) -> BoxFuture<'_, Result<(), HoldRefused>> {
        Box::pin(async move { self.holds.hold(call).await.map_err(refused) })
    }

    fn hold_again(&self, call: HoldCall) -> BoxFuture<'_, Result<(), HoldRefused>> {
        Box::pin(async move { self.holds.hold_again(call).await.map_err(refused) })
    }

    fn extend(&self, call: HoldCall) -> BoxFuture<'_, Result<(), HoldRefused>> {
        Box::pin(async move { self.holds.extend(call).await.map_err(refused) })
    }

    fn evidence(&self, request: RequestId, so_far: Charge) -> Result<(), JournalUnavailable> {
        self.journal.note(request, so_far).map_err(unwritten)
    }

    fn evidence_with_others(
        &self,
        request: RequestId,
        so_far: Charge,
    ) -> BoxFuture<'_, Result<(), JournalUnavailable>> {
        Box::pin(self.journal.note_with_others(request, so_far).map_err(unwritten))
    }

    fn record(&self, receipt: Box<Receipt>) -> Result<(), JournalUnavailable> {
        self.managed_keys.note(&receipt);
        self.journal.append(receipt).map(drop).map_err(unwritten)
    }

    fn record_with_others(&self, receipt: Box<Receipt>) -> BoxFuture<'_, Result<(), JournalUnavailable>> {
        self.managed_keys.note(&receipt);
        Box::pin(self.journal.append_with_others(receipt).map_err(unwritten))
    }

    fn key_seen(&self, key: (WorkspaceId, CredentialId), seen: KeySeen, at: Timestamp) {
        self.health.seen(key, seen, at);
    }
}

fn refused(error: HoldError) -> HoldRefused {
    match error {
        HoldError::Short(shortage) => HoldRefused::Short(shortage),
        HoldError::Away => HoldRefused::Away,
    }
}

fn unwritten(error: JournalError) -> JournalUnavailable {
    tracing::error!(%error, "the receipt journal can't be written");
    JournalUnavailable
}

/// What the journal counts, in the Prometheus text format.
pub fn metrics(journal: &Journal) -> String {
    const NAME: &str = "ownkey_receipts_set_aside_total";
    let help = "Receipts that could not be read or stored, kept in set-aside.jsonl beside the journal.";
    format!("# HELP {NAME} {help}\n# TYPE {NAME} counter\n{NAME} {}\n", journal.set_aside())
}
