//! What caches must know: each mutation tells what it touched, in its own transaction and then in memory.

use ownkey_domain::id::WorkspaceId;
use uuid::Uuid;

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
