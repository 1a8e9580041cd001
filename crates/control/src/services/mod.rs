//! Metered services: what there is, what it costs, and use of them that happened elsewhere.

#![deny(clippy::as_conversions, clippy::float_arithmetic)]

pub(crate) mod list;
pub(crate) mod usage;
