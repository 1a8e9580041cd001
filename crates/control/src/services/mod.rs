//! Metered services: what there is, what it costs, and use of them that happened elsewhere.

pub(crate) mod list;
pub(crate) mod usage;
