//! What the data plane looks up on a miss, read from the store; and what it must forget when the store changes.

use futures_util::future::BoxFuture;
use ownkey_domain::caller::PlatformKey;
use ownkey_domain::id::{ApiKeyId, WorkspaceId};
use ownkey_domain::platform_key::LookupId;
use ownkey_domain::provider::Provider;
use ownkey_domain::response::{ChainTokens, ResponseId};
use ownkey_gateway::directory::{Credential, Directory, Known, Source, SourceError, Workspace};
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

    fn chain<'a>(
        &'a self,
        workspace: WorkspaceId,
        at: Provider,
        id: &'a ResponseId,
    ) -> BoxFuture<'a, Result<Option<ChainTokens>, SourceError>> {
        Box::pin(async move { self.0.chain(workspace, at, id).await.map_err(unreadable) })
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
    let at = |provider| Some(credential(provider, routing.credential(provider)?));
    let credentials = Provider::ALL.into_iter().filter_map(at).collect();
    Workspace {
        id: routing.workspace,
        plan: routing.plan,
        features: routing.features,
        policy: routing.policy,
        agents: routing.agents,
        fallback: routing.fallback,
        budgets: routing.budgets,
        period_anchor: routing.period_anchor,
        dek: WrappedDek::from_bytes(routing.dek.wrapped).ok(),
        credentials,
        known: Known::default(),
    }
}

/// The key that stands at that provider. One whose row is damaged stands there without what it takes to open it, so
/// calls are refused as `key_sealed`: to leave it out would move them to managed access.
fn credential(provider: Provider, stored: &StoredCredential) -> Credential {
    let version = stored.secret_version.filter(|_| stored.provider == Some(provider));
    Credential {
        id: stored.id,
        provider,
        origin: version.and_then(|_| Origin::of_url(&stored.origin).ok()),
        sealed: version.and_then(|_| Sealed::from_bytes(stored.sealed.clone()).ok()),
        version: version.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use ownkey_domain::agent::Agents;
    use ownkey_domain::id::CredentialId;
    use ownkey_domain::policy::{Fallback, PayerPolicy};
    use uuid::Uuid;

    use super::*;

    fn stored(n: u128, provider: Option<Provider>, secret_version: Option<u32>) -> StoredCredential {
        let id = CredentialId::from_uuid(Uuid::from_u128(n));
        StoredCredential { id, provider, origin: "https://api.example.com".to_owned(), sealed: vec![1], secret_version }
    }

    /// At each provider the number of the key, and whether it can be told where it may be sent.
    fn seen(credentials: Vec<StoredCredential>) -> Vec<(Provider, u128, bool)> {
        let dek = ownkey_store::WrappedDek { wrapped: vec![1], version: 1 };
        let seen = workspace(Routing {
            workspace: WorkspaceId::from_uuid(Uuid::from_u128(1)),
            plan: "default".to_owned(),
            features: Vec::new(),
            policy: PayerPolicy::default(),
            agents: Agents::new(),
            fallback: Fallback::default(),
            budgets: Vec::new(),
            period_anchor: None,
            dek,
            credentials,
        });
        seen.credentials.iter().map(|c| (c.provider, c.id.uuid().as_u128(), c.origin.is_some())).collect()
    }

    #[test]
    fn a_damaged_row_is_a_sealed_key_and_never_none() {
        use Provider::{Anthropic, OpenAi};
        assert_eq!(seen(vec![]), []);
        assert_eq!(seen(vec![stored(7, Some(OpenAi), Some(1))]), [(OpenAi, 7, true)]);
        assert_eq!(seen(vec![stored(7, Some(OpenAi), None)]), [(OpenAi, 7, false)]);
        assert_eq!(seen(vec![stored(7, None, Some(1))]), [(Anthropic, 7, false), (OpenAi, 7, false)]);
        let both = vec![stored(7, None, Some(1)), stored(8, Some(Anthropic), Some(1))];
        assert_eq!(seen(both), [(Anthropic, 8, true), (OpenAi, 7, false)]);
    }
}
