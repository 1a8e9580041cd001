//! What the operator asks of the running server: his pages, and his commands. Each command is also a plain function over
//! the store, for when no server runs.

pub(crate) mod backup;
pub(crate) mod configuration;
pub(crate) mod grants;
pub(crate) mod health;
pub(crate) mod ledger_check;
pub(crate) mod people;
pub(crate) mod rebind;
pub(crate) mod rotate;
pub(crate) mod workspaces;

pub use backup::{BackedUp, copy_to};
pub use ledger_check::{LedgerChecked, check_ledger};
pub use people::{LinkMade, NoLink, reset_link_for, setup_link};
pub use rebind::{Move, RebindStep, rebind_step};
pub use rotate::{Rotated, rotate_step};

/// Whether a stored key can be opened.
pub fn opens(keyring: &ownkey_vault::Keyring, held: &ownkey_store::SealedCredential) -> bool {
    crate::sealing::open(keyring, held.workspace, &held.dek, &held.stored).is_ok()
}
