//! What caches must know: each mutation tells what it touched, in its own transaction and then in memory.

use ownkey_domain::id::WorkspaceId;
use uuid::Uuid;

use crate::{Result, StoreError};

/// What kind of thing changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChangeKind {
    /// A workspace: made, changed or deleted, its plan, features or policy.
    Workspace,
    /// A provider key: stored, rotated or removed.
    Credential,
    /// What is known of a provider key's health. Nothing a call depends on.
    Health,
    /// A platform key: made or revoked.
    ApiKey,
}

impl ChangeKind {
    pub(crate) const ALL: [Self; 4] = [Self::Workspace, Self::Credential, Self::Health, Self::ApiKey];

    /// The name in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Workspace => "workspace",
            Self::Credential => "credential",
            Self::Health => "health",
            Self::ApiKey => "api_key",
        }
    }
}

/// One thing that changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Change {
    /// What kind of thing.
    pub kind: ChangeKind,
    /// Whose.
    pub workspace: WorkspaceId,
    /// Its id, without the prefix: the workspace's own, a credential's or a platform key's.
    pub subject: Uuid,
}

/// A change as it is stored.
#[derive(sqlx::FromRow)]
pub(crate) struct ChangeRow {
    seq: i64,
    kind: String,
    workspace: Uuid,
    subject: Uuid,
}

impl ChangeRow {
    /// Reads at most `$2` changes from number `$1` on. Numbers are given one mutation at a time, so whoever has seen
    /// one has seen all before it.
    pub const FROM: &'static str =
        "SELECT seq, kind, workspace, subject FROM changes WHERE seq >= $1 ORDER BY seq LIMIT $2";
    /// Reads the number of the latest change.
    pub const LATEST: &'static str = "SELECT COALESCE(MAX(seq), 0) FROM changes";

    /// The change with its number.
    pub fn read(self) -> Result<(i64, Change)> {
        let kind = ChangeKind::ALL.into_iter().find(|kind| kind.as_str() == self.kind);
        let kind = kind.ok_or(StoreError::Corrupt("change"))?;
        Ok((self.seq, Change { kind, workspace: WorkspaceId::from_uuid(self.workspace), subject: self.subject }))
    }
}

/// Called after a commit and before the mutation answers. Must neither block nor panic.
pub(crate) type Listener = Box<dyn Fn(&Change) + Send + Sync>;

#[derive(Default)]
pub(crate) struct Listeners(std::sync::RwLock<Vec<Listener>>);

impl Listeners {
    pub fn tell(&self, changes: &[Change]) {
        // A listener that panicked does not make the list itself wrong.
        let listeners = self.0.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        for change in changes {
            listeners.iter().for_each(|listener| listener(change));
        }
    }

    pub fn add(&self, listener: Listener) {
        self.0.write().unwrap_or_else(std::sync::PoisonError::into_inner).push(listener);
    }
}
