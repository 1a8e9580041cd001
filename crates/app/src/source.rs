//! What the data plane looks up on a miss, read from the store; and what it must forget when the store changes.

use futures_util::future::BoxFuture;
use ownkey_domain::caller::PlatformKey;
use ownkey_domain::id::{ApiKeyId, WorkspaceId};
use ownkey_domain::platform_key::LookupId;
use ownkey_gateway::directory::{Credential, Directory, Source, SourceError, Workspace};
use ownkey_store::{Change, ChangeKind, Routing, Store, StoreError, StoredCredential};
use ownkey_vault::{Origin, Sealed, WrappedDek};

/// The store as the data plane's source.
pub struct StoreSource(pub Store);

impl Source for StoreSource {
    fn platform_key(&self, lookup: LookupId) -> BoxFuture<'_, Result<Option<PlatformKey>, SourceError>> {
        Box::pin(async move { Ok(self.0.caller(&lookup).await.map_err(unreadable)?.map(|caller| caller.key)) })
    }

    fn workspace_named<'a>(&'a self, external_id: &'a str) -> BoxFuture<'a, Result<Option<WorkspaceId>, SourceError>> {
        Box::pin(async move {
            let found = self.0.workspace_by_external_id(external_id).await.map_err(unreadable)?;
            Ok(found.map(|workspace| workspace.id))
        })
    }

    fn workspace(&self, id: WorkspaceId) -> BoxFuture<'_, Result<Option<Workspace>, SourceError>> {
        Box::pin(async move { Ok(self.0.routing(id).await.map_err(unreadable)?.map(workspace)) })
    }
}

/// Tells the directory of a change, before whoever made it is answered.
pub fn tell(directory: &Directory, change: &Change) {
    match change.kind {
        ChangeKind::Workspace | ChangeKind::Credential => directory.forget_workspace(change.workspace),
        ChangeKind::ApiKey => directory.forget_key(ApiKeyId::from_uuid(change.subject)),
        ChangeKind::Health => {}
    }
}

fn unreadable(error: StoreError) -> SourceError {
    SourceError(Box::new(error))
}

fn workspace(routing: Routing) -> Workspace {
    Workspace {
        id: routing.workspace,
        plan: routing.plan,
        features: routing.features,
        policy: routing.policy,
        dek: WrappedDek::from_bytes(routing.dek.wrapped).ok(),
        credentials: routing.credentials.into_iter().map(credential).collect(),
    }
}

fn credential(stored: StoredCredential) -> Credential {
    Credential {
        id: stored.id,
        provider: stored.provider,
        origin: Origin::of_url(&stored.origin).ok(),
        sealed: Sealed::from_bytes(stored.sealed).ok(),
        version: stored.secret_version,
    }
}
