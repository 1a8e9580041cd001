//! Platform keys: everything but their text.

use ownkey_domain::caller::PlatformKey;
use ownkey_domain::id::{ApiKeyId, WorkspaceId};
use ownkey_domain::platform_key::LookupId;
use ownkey_domain::scope::Scope;
use ownkey_domain::time::Timestamp;

use crate::{By, Page, Result, Store, StoreError};

/// How much a platform key may do a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// Calls a minute; absent is no limit of its own.
    pub requests_per_minute: Option<u32>,
    /// Tokens a minute; absent is no limit of its own.
    pub tokens_per_minute: Option<u64>,
}

/// What people may know of a platform key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// The workspace it acts for.
    pub workspace: WorkspaceId,
    /// The public part of its text.
    pub lookup: LookupId,
    /// The name people gave it.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// How much.
    pub limits: Limits,
    /// When it stops working.
    pub expires_at: Option<Timestamp>,
    /// Who made it, as the audit log names him.
    pub created_by: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When a call last came with it.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// A platform key to make.
#[derive(Debug, Clone)]
pub struct NewApiKey {
    /// The name people gave it.
    pub name: String,
    /// The public part of its text.
    pub lookup: LookupId,
    /// All the data plane needs.
    pub key: PlatformKey,
    /// How much it may do.
    pub limits: Limits,
}

/// What the data plane knows of a platform key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The key; it may have expired.
    pub key: PlatformKey,
    /// How much it may do.
    pub limits: Limits,
}

impl Store {
    /// Makes a platform key. `None` if there is no such workspace.
    pub async fn create_api_key(&self, new: &NewApiKey, by: By) -> Result<Option<ApiKey>> {
        let _ = (new, by);
        Err(StoreError::BadUrl)
    }

    /// A platform key of the workspace, also a revoked one.
    pub async fn api_key(&self, workspace: WorkspaceId, id: ApiKeyId) -> Result<Option<ApiKey>> {
        let _ = (workspace, id);
        Err(StoreError::BadUrl)
    }

    /// The workspace's platform keys, revoked ones too, older than `before` if given.
    pub async fn api_keys(
        &self,
        workspace: WorkspaceId,
        before: Option<ApiKeyId>,
        limit: u32,
    ) -> Result<Page<ApiKey>> {
        let _ = (workspace, before, limit);
        Err(StoreError::BadUrl)
    }

    /// Revokes a platform key. Whether there was one to revoke.
    pub async fn revoke_api_key(&self, workspace: WorkspaceId, id: ApiKeyId, by: By) -> Result<bool> {
        let _ = (workspace, id, by);
        Err(StoreError::BadUrl)
    }

    /// The platform key that text leads to, unless it is revoked or its workspace deleted.
    pub async fn caller(&self, lookup: &LookupId) -> Result<Option<Caller>> {
        let _ = lookup;
        Err(StoreError::BadUrl)
    }
}
