//! The rules of Ownkey, without I/O, clocks or async.
//!
//! Everything here is a value or a pure function: who a caller is, which model a name means, who pays,
//! what a call costs. Nothing imports another crate of the house, so all of it can be tested exhaustively.

#![warn(missing_docs)]
// Money is integers, and a number that does not fit is never cut to size.
#![deny(clippy::as_conversions, clippy::float_arithmetic)]

pub mod agent;
pub mod budget;
pub mod caller;
pub mod catalogue;
pub mod connection;
pub mod diagnosis;
pub mod error_code;
pub mod health;
pub mod hold;
pub mod id;
pub mod ledger;
pub mod managed_key;
pub mod money;
pub mod payer;
pub mod period;
pub mod person;
pub mod plan;
pub mod platform_key;
pub mod policy;
pub mod price;
pub mod provider;
pub mod receipt;
pub mod response;
pub mod scope;
pub mod service;
pub mod standing;
mod text;
pub mod time;
pub mod usage;
pub mod verdict;
pub mod webhook;
