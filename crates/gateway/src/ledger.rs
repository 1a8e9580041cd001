//! Where a call's money and receipt go. The one trait of the data plane that the composition root implements.

use std::future::ready;

use futures_util::future::BoxFuture;
use ownkey_domain::health::KeySeen;
use ownkey_domain::id::{CredentialId, RequestId, WorkspaceId};
use ownkey_domain::ledger::{Charge, HoldCall, Shortage};
use ownkey_domain::receipt::Receipt;
use ownkey_domain::time::Timestamp;

/// The receipt could not be written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the receipt journal takes no more")]
pub struct JournalUnavailable;

/// Why nothing was held for a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldRefused {
    /// Credits or a budget do not cover it.
    Short(Shortage),
    /// The database is away, or too busy.
    Away,
}

/// The book that receipts are written into.
pub trait Ledger: Send + Sync {
    /// Whether another receipt would be taken. A call that can't be written down is not started.
    fn has_room(&self) -> bool;

    /// Whether money could be moved now: it moves in the database only, and never through a file beside it. A call on
    /// the operator's account is not started without.
    fn moves_money(&self) -> bool;

    /// Holds what a call may cost at most. The call has not asked before. It is durable before this answers; whoever leaves
    /// before the answer holds nothing. What is held ends with the receipt: see [`Receipt::settlement`].
    fn hold(&self, call: HoldCall) -> BoxFuture<'_, Result<(), HoldRefused>>;

    /// The same for a call that has asked before, as one that is decided anew: it may hold something, and holds more if
    /// it is to. Whoever leaves before the answer may keep what he held.
    fn hold_again(&self, call: HoldCall) -> BoxFuture<'_, Result<(), HoldRefused>>;

    /// Holds more for a call that holds something; the amount is again what is held in all. Whoever leaves before the answer
    /// keeps what he had, and may have got more; a call whose receipt is taken over by then gets nothing.
    fn extend(&self, call: HoldCall) -> BoxFuture<'_, Result<(), HoldRefused>>;

    /// Writes down what a call that holds money costs by now at least, as far as is known: what it is charged should
    /// this process die before its receipt is written. The first word is due before the request goes out, and says what
    /// its input costs. Synchronous and quick like [`Ledger::record`].
    fn evidence(&self, request: RequestId, so_far: Charge) -> Result<(), JournalUnavailable>;

    /// The same in one go with the evidence of other calls that are ready now: for who can wait for those a moment.
    fn evidence_with_others(
        &self,
        request: RequestId,
        so_far: Charge,
    ) -> BoxFuture<'_, Result<(), JournalUnavailable>> {
        Box::pin(ready(self.evidence(request, so_far)))
    }

    /// Writes a receipt down so that it survives the process. Synchronous and quick (one append to a file), so
    /// that it can run on every way out of a call, `Drop` included.
    fn record(&self, receipt: Box<Receipt>) -> Result<(), JournalUnavailable>;

    /// The same in one go with the receipts of other calls that end now, for who can wait for those a moment. Whoever leaves
    /// before it answers has it written down all the same.
    fn record_with_others(&self, receipt: Box<Receipt>) -> BoxFuture<'_, Result<(), JournalUnavailable>> {
        Box::pin(ready(self.record(receipt)))
    }

    /// Takes in how a provider took a workspace's key at that moment. Quick, and never waits for the database.
    fn key_seen(&self, key: (WorkspaceId, CredentialId), seen: KeySeen, at: Timestamp);
}
