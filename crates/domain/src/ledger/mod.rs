//! The ledger: accounts, transfers between them, and the holds of calls under way.
//!
//! The vocabulary is double-entry book-keeping's. Every transfer debits one account and credits another of the same
//! asset, so all accounts of an asset sum to zero at any time. A hold is a pending transfer: it is posted with the true
//! amount once that is known, and what is left of it is void. Purses, where a workspace's credits lie, can't be
//! overdrawn; the operator's own accounts may.
//!
//! Nothing here reads a database: [`Book`] holds the accounts that an operation touches, decides, and tells what
//! changed.

mod account;
mod amount;
mod book;
mod call;
#[cfg(test)]
mod tests;

pub use account::{Account, AccountId, Asset, BadAccountId};
pub use amount::Amount;
pub use book::{Book, Charged, Grant, Leg, Order, Overrun, Refund, RefundRefused, Transfer, TransferKind};
pub use call::{Allowance, BudgetLine, CHARGE_MAX, Charge, Funds, HoldCall, Settlement, Shortage};
