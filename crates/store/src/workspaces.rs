//! Workspaces. A deleted one keeps its row and its receipts, and loses everything that opens a key.

use ownkey_domain::id::WorkspaceId;
use ownkey_domain::policy::PayerPolicy;
use ownkey_domain::time::Timestamp;

use crate::{By, Page, Result, Store, StoreError, WrappedDek};

/// A workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    /// Its id.
    pub id: WorkspaceId,
    /// The name people read.
    pub name: String,
    /// The product's own id of it; unique among those that are not deleted.
    pub external_id: Option<String>,
    /// The id of its plan.
    pub plan: String,
    /// Who it wants to pay.
    pub policy: PayerPolicy,
    /// Features it has beyond its plan's.
    pub features: Vec<String>,
    /// Where its billing periods start.
    pub period_anchor: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A workspace to make.
#[derive(Debug, Clone)]
pub struct NewWorkspace {
    /// Its id, a fresh one.
    pub id: WorkspaceId,
    /// The name people read.
    pub name: String,
    /// The product's own id of it.
    pub external_id: Option<String>,
    /// The id of its plan.
    pub plan: String,
    /// Features it has beyond its plan's.
    pub features: Vec<String>,
    /// Where its billing periods start.
    pub period_anchor: Option<Timestamp>,
    /// Its DEK.
    pub dek: WrappedDek,
}

/// What to change of a workspace; `None` leaves a thing as it is.
#[derive(Debug, Clone, Default)]
pub struct WorkspacePatch {
    /// The name people read.
    pub name: Option<String>,
    /// The product's own id of it; `Some(None)` takes it away.
    pub external_id: Option<Option<String>>,
    /// The id of its plan.
    pub plan: Option<String>,
    /// Features it has beyond its plan's.
    pub features: Option<Vec<String>>,
    /// Where its billing periods start; `Some(None)` takes it away.
    pub period_anchor: Option<Option<Timestamp>>,
}

impl Store {
    /// Makes a workspace; `Duplicate` if its external id is taken.
    pub async fn create_workspace(&self, new: &NewWorkspace, by: By) -> Result<Workspace> {
        let _ = (new, by);
        Err(StoreError::BadUrl)
    }

    /// A workspace that is not deleted.
    pub async fn workspace(&self, id: WorkspaceId) -> Result<Option<Workspace>> {
        let _ = id;
        Err(StoreError::BadUrl)
    }

    /// The workspace with that external id.
    pub async fn workspace_by_external_id(&self, external_id: &str) -> Result<Option<Workspace>> {
        let _ = external_id;
        Err(StoreError::BadUrl)
    }

    /// Workspaces that are not deleted, older than `before` if given.
    pub async fn workspaces(&self, before: Option<WorkspaceId>, limit: u32) -> Result<Page<Workspace>> {
        let _ = (before, limit);
        Err(StoreError::BadUrl)
    }

    /// Changes a workspace; `Duplicate` if its new external id is taken.
    pub async fn update_workspace(&self, id: WorkspaceId, patch: &WorkspacePatch, by: By) -> Result<Option<Workspace>> {
        let _ = (id, patch, by);
        Err(StoreError::BadUrl)
    }

    /// Changes who pays. Whether there was such a workspace.
    pub async fn set_policy(&self, id: WorkspaceId, policy: PayerPolicy, by: By) -> Result<bool> {
        let _ = (id, policy, by);
        Err(StoreError::BadUrl)
    }

    /// Deletes a workspace: revokes its platform keys, ends its credentials, destroys its DEK. Its receipts
    /// and audit log stay. Whether there was such a workspace.
    pub async fn delete_workspace(&self, id: WorkspaceId, by: By) -> Result<bool> {
        let _ = (id, by);
        Err(StoreError::BadUrl)
    }
}
