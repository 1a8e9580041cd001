//! The store itself: opening, listeners, readiness, backup.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::change::Change;
use crate::journal::{Journal, JournalLimits, Takeover};
use crate::{AuditMac, Result, StoreConfig, StoreError};

/// The store. Cheap to clone: every clone is the same store.
#[derive(Debug, Clone)]
pub struct Store {}

impl Store {
    /// Opens the database, making it if need be, and brings it up to date.
    pub async fn open(config: &StoreConfig) -> Result<Self> {
        let _ = config;
        Err(StoreError::BadUrl)
    }

    /// Gives the store the audit chains' MAC. Mutations fail until then: the key is itself sealed in here, so
    /// it can only be known after opening. The first one stays.
    pub fn set_audit_mac(&self, mac: AuditMac) {
        let _ = mac;
    }

    /// Calls `listener` for every change, after its commit and before the mutation answers.
    pub fn on_change(&self, listener: Box<dyn Fn(&Change) + Send + Sync>) {
        let _ = listener;
    }

    /// Whether the database answers and can be written.
    pub async fn ping(&self) -> Result<()> {
        Err(StoreError::BadUrl)
    }

    /// Writes a consistent copy of the database to a new file (SQLite only).
    pub async fn backup(&self, path: &Path) -> Result<()> {
        let _ = path;
        Err(StoreError::BadUrl)
    }

    /// Opens this node's receipt journal and the task that takes it over. Once per store.
    pub async fn open_journal(&self, dir: &Path, limits: JournalLimits) -> Result<(Arc<Journal>, Takeover)> {
        let _ = (dir, limits);
        Err(StoreError::BadUrl)
    }

    /// Waits until every receipt appended before this call is committed; `Behind` if that takes too long.
    /// Readers of receipts and usage do this themselves.
    pub async fn catch_up(&self, timeout: Duration) -> Result<()> {
        let _ = timeout;
        Err(StoreError::Behind)
    }
}
