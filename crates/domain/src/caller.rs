//! Who calls: what the data plane knows of a platform key and of the workspace behind it.

use crate::id::{ApiKeyId, WorkspaceId};
use crate::scope::Scope;
use crate::time::Timestamp;

/// A platform key as stored: everything but its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlatformKey {
    /// The key's id.
    pub id: ApiKeyId,
    /// The workspace it acts for.
    pub workspace: WorkspaceId,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// HMAC-SHA256 of the whole key under the pepper named below.
    pub hash: [u8; 32],
    /// Which pepper made the hash.
    pub pepper: u32,
    /// When it stops working.
    pub expires_at: Option<Timestamp>,
    /// Calls a minute; absent is no limit of its own.
    pub requests_per_minute: Option<u32>,
    /// Tokens a minute; absent is no limit of its own.
    pub tokens_per_minute: Option<u64>,
}

impl PlatformKey {
    /// Whether it still works at that moment.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|at| now < at)
    }

    /// Whether it may do that.
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }
}
