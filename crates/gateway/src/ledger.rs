//! Where a call's money and receipt go. The one trait of the data plane that the composition root implements.

use ownkey_domain::health::KeySeen;
use ownkey_domain::id::{CredentialId, WorkspaceId};
use ownkey_domain::receipt::Receipt;
use ownkey_domain::time::Timestamp;

/// The receipt could not be written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the receipt journal takes no more")]
pub struct JournalUnavailable;

/// The book that receipts are written into.
pub trait Ledger: Send + Sync {
    /// Whether another receipt would be taken. A call that can't be written down is not started.
    fn has_room(&self) -> bool;

    /// Whether money could be moved now: it moves in the database only, and never through a file beside it. A call on
    /// the operator's account is not started without.
    fn moves_money(&self) -> bool;

    /// Writes a receipt down so that it survives the process. Synchronous and quick (one append to a file), so
    /// that it can run on every way out of a call, `Drop` included.
    fn record(&self, receipt: &Receipt) -> Result<(), JournalUnavailable>;

    /// Takes in how a provider took a workspace's key at that moment. Quick, and never waits for the database.
    fn key_seen(&self, key: (WorkspaceId, CredentialId), seen: KeySeen, at: Timestamp);
}
