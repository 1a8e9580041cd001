//! The audit log: one chain of events for each workspace and one for the operator, each event sealed by a MAC
//! over itself and the MAC before it.

use std::sync::Arc;

use ownkey_domain::id::{AuditId, WorkspaceId};
use ownkey_domain::time::Timestamp;
use serde_json::Value;

use crate::{By, Page, Result, Store, StoreError};

/// The MAC of the audit chains, under a key that the store never sees.
pub type AuditMac = Arc<dyn Fn(&[u8]) -> [u8; 32] + Send + Sync>;

/// Something to note in the audit log. Never a secret.
#[derive(Debug, Clone)]
pub struct Note {
    /// In whose log; `None` is the operator's own.
    pub workspace: Option<WorkspaceId>,
    /// What was done, such as `credential.rotate`.
    pub action: &'static str,
    /// To what: an id, or a name.
    pub object: String,
    /// What else people should know.
    pub detail: Value,
}

/// An event of the audit log.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEvent {
    /// Its id.
    pub id: AuditId,
    /// In whose log; `None` is the operator's own.
    pub workspace: Option<WorkspaceId>,
    /// Its place in that log, from 1, without gaps.
    pub seq: u64,
    /// When it happened.
    pub at: Timestamp,
    /// Who did it: `operator`, `system`, or the id of a platform key.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// To what.
    pub object: String,
    /// What else people should know.
    pub detail: Value,
}

/// What a check of an audit chain found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditCheck {
    /// Every event is as it was written; so many.
    Intact(u64),
    /// The first event that is changed or missing.
    Broken(u64),
}

impl Store {
    /// Notes something that is no mutation of the store.
    pub async fn note(&self, note: &Note, by: By) -> Result<()> {
        let _ = (note, by);
        Err(StoreError::BadUrl)
    }

    /// An audit log (`None`: the operator's own), events before number `before` if given.
    pub async fn audit(
        &self,
        workspace: Option<WorkspaceId>,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Page<AuditEvent>> {
        let _ = (workspace, before, limit);
        Err(StoreError::BadUrl)
    }

    /// Checks a whole audit chain (`None`: the operator's own).
    pub async fn audit_verify(&self, workspace: Option<WorkspaceId>) -> Result<AuditCheck> {
        let _ = workspace;
        Err(StoreError::BadUrl)
    }
}
