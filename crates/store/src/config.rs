//! What opening a store needs to know.

use std::time::Duration;

use crate::callers::AT_ONCE;

/// Where the store is and what it may use.
#[derive(Debug, Clone)]
pub struct StoreConfig {
    /// `sqlite://PATH` or `postgres://…`.
    pub url: String,
    /// Connections that read (SQLite; one more writes), or connections in all (PostgreSQL).
    pub connections: u32,
    /// How long to wait for a free connection, or for another process's lock on SQLite.
    pub busy_timeout: Duration,
    /// How long readers of receipts and usage wait until the journal is taken over.
    pub catch_up_timeout: Duration,
    /// The version of this binary, which the database may find too old.
    pub binary_version: String,
}

impl StoreConfig {
    /// The defaults for that URL.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            connections: 2 * AT_ONCE + 2,
            busy_timeout: Duration::from_secs(5),
            catch_up_timeout: Duration::from_secs(5),
            binary_version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}
