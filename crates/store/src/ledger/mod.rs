//! The ledger in the database: [`Book`]s are filled from it, decided by `domain`, and written back, all in one
//! transaction. Operations of one workspace go one at a time on both databases.
//!
//! Four ways lead here. Holds come from calls and are committed in batches by a task ([`Holds`]). Settlements come
//! with the receipts that the takeover commits, in its transaction, so that each takes place exactly once. Orders of an
//! operator are mutations, with their audit events. Use of services that happened elsewhere is booked as it is told.

#![deny(clippy::as_conversions, clippy::float_arithmetic)]

mod book;
mod check;
mod expiry;
mod facts;
mod grants;
mod holds;
mod keep;
mod orders;
mod read;
mod rows;
mod settle;
mod usage;
mod writer;

pub(crate) use book::carry_over;
pub use check::{LedgerCheck, LedgerProblem};
pub(crate) use facts::limit_was_lowered;
pub use grants::{GrantFilter, GrantRecord, GrantState};
pub use holds::OpenHold;
pub use keep::{NODE_LEASE, NodeRecord};
pub use orders::{BeyondCount, GrantOrder, Ordered, RefundOrder};
pub use read::{Credits, Entry, Purse, Range};
pub use settle::OverrunReason;
pub(crate) use settle::{Evidence, KnownLate, Overruns, Settling, moves_books, note_evidence};
pub use usage::ServiceUsage;
pub use writer::{HoldError, Holds, HoldsTask};
