//! Stored provider keys. One that ended is never used again: its sealed bytes are overwritten.

use ownkey_domain::id::{CredentialId, WorkspaceId};
use ownkey_domain::provider::Provider;
use ownkey_domain::time::Timestamp;
use ownkey_domain::verdict::Explained;

use crate::{By, Result, Store, StoreError};

/// What people may know of a stored provider key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// Its id.
    pub id: CredentialId,
    /// Whose it is.
    pub workspace: WorkspaceId,
    /// The provider it opens.
    pub provider: Provider,
    /// Where it may be sent: scheme, host, port.
    pub origin: String,
    /// The version of its sealed secret.
    pub secret_version: i32,
    /// Its last characters, by which people know it.
    pub hint: String,
    /// What its last test said.
    pub verdict: Option<Explained>,
    /// The models its last test found.
    pub models: Vec<String>,
    /// When it was last tested.
    pub last_tested_at: Option<Timestamp>,
    /// When a call last used it.
    pub last_used_at: Option<Timestamp>,
    /// What real traffic says of it.
    pub health: Health,
    /// Who stored it, as the audit log names him.
    pub created_by: String,
    /// When it was stored.
    pub created_at: Timestamp,
    /// When it ended by rotation or removal.
    pub ended_at: Option<Timestamp>,
}

/// What real traffic says of a provider key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Health {
    /// The code of the last error that the provider blamed on the key. Never the provider's text.
    pub last_error: Option<String>,
    /// When that was.
    pub last_error_at: Option<Timestamp>,
    /// The first of the refusals for which the key is shown as invalid; absent while it is not.
    pub invalid_since: Option<Timestamp>,
}

/// A provider key to store.
#[derive(Debug, Clone)]
pub struct NewCredential {
    /// Its id, a fresh one.
    pub id: CredentialId,
    /// Whose it is.
    pub workspace: WorkspaceId,
    /// The provider it opens.
    pub provider: Provider,
    /// Where it may be sent: scheme, host, port.
    pub origin: String,
    /// The sealed key.
    pub sealed: Vec<u8>,
    /// The version of the sealed secret.
    pub secret_version: i32,
    /// Its last characters, by which people know it.
    pub hint: String,
    /// The test it was stored after; absent if it was not tested.
    pub test: Option<TestResult>,
}

/// What a test found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestResult {
    /// The verdict in words.
    pub verdict: Explained,
    /// The models the key can use.
    pub models: Vec<String>,
    /// When it was tested.
    pub at: Timestamp,
}

/// How a provider key was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// The workspace had none for the provider.
    New,
    /// It took the place of that one, which ended.
    Rotated(CredentialId),
}

impl Store {
    /// Stores a provider key and ends the one before it, at once. `None` if there is no such workspace.
    pub async fn put_credential(&self, new: &NewCredential, by: By) -> Result<Option<Put>> {
        let _ = (new, by);
        Err(StoreError::BadUrl)
    }

    /// The current provider keys of a workspace, by provider.
    pub async fn credentials(&self, workspace: WorkspaceId) -> Result<Vec<Credential>> {
        let _ = workspace;
        Err(StoreError::BadUrl)
    }

    /// A provider key of the workspace, also one that ended.
    pub async fn credential(&self, workspace: WorkspaceId, id: CredentialId) -> Result<Option<Credential>> {
        let _ = (workspace, id);
        Err(StoreError::BadUrl)
    }

    /// Ends the workspace's key for a provider. Whether there was one.
    pub async fn remove_credential(&self, workspace: WorkspaceId, provider: Provider, by: By) -> Result<bool> {
        let _ = (workspace, provider, by);
        Err(StoreError::BadUrl)
    }

    /// Keeps what a test of a stored key found. Whether that key is still current.
    pub async fn record_test(&self, id: CredentialId, test: &TestResult, by: By) -> Result<bool> {
        let _ = (id, test, by);
        Err(StoreError::BadUrl)
    }

    /// Keeps what traffic says of a key's health. Whether that key is still current.
    pub async fn set_health(&self, id: CredentialId, health: &Health, by: By) -> Result<bool> {
        let _ = (id, health, by);
        Err(StoreError::BadUrl)
    }
}
