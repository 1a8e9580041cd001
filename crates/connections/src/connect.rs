//! How somebody connects an account: he leaves for the provider, agrees there, and comes back with a code.

use ownkey_domain::connection::Asked;
use ownkey_domain::id::{ConnectionId, WorkspaceId};
use ownkey_store::{Added, By, ConnectionStart, Disconnected, StoreError, WrappedDek};
use ownkey_vault::{Origin, ProviderKey, Secret, Token, VaultError};
use tokio::time::Instant;

use crate::connections::{AskedAt, Connections};
use crate::discovery;
use crate::oauth::{Granted, Grants, NotGranted};
use crate::provider::Provider;

/// Where somebody goes to agree.
#[derive(Debug)]
pub struct Begun {
    /// The address at the provider.
    pub url: String,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum NoConnection {
    /// The configuration has no such provider.
    #[error("no such provider")]
    UnknownProvider,
    /// The provider refused.
    #[error("the provider refused")]
    Refused,
    /// The provider can't be asked, or its answer is none.
    #[error("the provider does not answer")]
    Away,
    /// The workspace or the connection is gone.
    #[error("it is gone")]
    Gone,
    /// The workspace has as many as it may.
    #[error("too many connections")]
    TooMany,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The vault failed.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl From<NotGranted> for NoConnection {
    fn from(failed: NotGranted) -> Self {
        if failed.asked == Asked::Refused { Self::Refused } else { Self::Away }
    }
}

impl Connections {
    /// Where somebody agrees, coming back with `state`; `verifier` proves that it was he who left (RFC 7636).
    pub async fn begin(&self, provider: &str, state: &str, verifier: &str) -> Result<Begun, NoConnection> {
        let provider = self.provider(provider)?;
        let url = self.grants(provider).await?.authorize_url(state, verifier)?;
        Ok(Begun { url })
    }

    /// Whether an answer that says so comes from the provider that was asked (RFC 9207).
    pub fn is_from(&self, provider: &str, issuer: Option<&str>) -> bool {
        let expected = self.parts.providers.get(provider).and_then(Provider::issuer);
        match (expected, issuer) {
            (Some(expected), Some(issuer)) => expected.trim_end_matches('/') == issuer.trim_end_matches('/'),
            _ => true,
        }
    }

    /// Stores the connection that was agreed to. `new_id` is its id, unless it is one that is set right again.
    pub async fn finish(
        &self,
        start: &ConnectionStart,
        (code, verifier): (&str, &str),
        (dek, new_id): (&WrappedDek, ConnectionId),
        by: By,
    ) -> Result<ConnectionId, NoConnection> {
        let store = &self.parts.store;
        let provider = self.provider(&start.provider)?;
        let grants = self.grants(provider).await?;
        let issuer = Origin::of_url(&grants.endpoints.token).map_err(|_| NoConnection::Away)?;
        let since = Instant::now();
        let asked = AskedAt { at: store.database_time().await?, since };
        let granted = grants.by_code(code, verifier).await?;
        let (id, generation) = match start.connection {
            Some(id) => {
                let held = store.held_token(start.workspace, id).await?.ok_or(NoConnection::Gone)?;
                // A refresh that ends meanwhile makes one more.
                (id, held.generation.saturating_add(2))
            }
            None => (new_id, 1),
        };
        let place = Self::place((start.workspace, id), &start.provider, &issuer, generation);
        let tokens = self.sealed((&place, dek), &granted, (None, &provider.scopes), asked)?;
        let (stored, former) = match start.connection {
            Some(_) => match store.reconnect((start.workspace, id), &tokens, by).await? {
                Some(former) => (Added::Stored, Some(former)),
                None => (Added::NoWorkspace, None),
            },
            None => (store.add_connection((start.workspace, id), &start.provider, &tokens, by).await?, None),
        };
        if let Some(lane) = self.lane(&start.provider) {
            lane.changed.notify_one();
        }
        self.stored(stored, &start.provider, &granted).await?;
        if let Some(former) = former.filter(|_| !provider.revocation_ends_all) {
            self.end(((start.workspace, id), dek), &former, Some(&granted), by).await;
        }
        Ok(id)
    }

    /// Tokens that found no place are given back.
    async fn stored(&self, stored: Added, provider: &str, granted: &Granted) -> Result<(), NoConnection> {
        let refused = match stored {
            Added::Stored => return Ok(()),
            Added::NoWorkspace => NoConnection::Gone,
            Added::TooMany => NoConnection::TooMany,
        };
        self.revoke(provider, granted.refresh.as_ref(), Some(&granted.access)).await;
        Err(refused)
    }

    /// Disconnects: from here on nothing of it can be used. Then the provider is told, as far as it lets itself be told.
    /// Whether there was such a connection.
    pub async fn disconnect(
        &self,
        (workspace, id): (WorkspaceId, ConnectionId),
        dek: &WrappedDek,
        by: By,
    ) -> Result<bool, StoreError> {
        let Some(ended) = self.parts.store.disconnect(workspace, id, by).await? else { return Ok(false) };
        self.end(((workspace, id), dek), &ended, None, by).await;
        Ok(true)
    }

    /// Has tokens revoked that are here no more. If the provider has handed one of them out again, they are of the same
    /// grant as the new ones, and stay. What it does not say that it did is written down.
    async fn end(
        &self,
        (whose, dek): ((WorkspaceId, ConnectionId), &WrappedDek),
        former: &Disconnected,
        again: Option<&Granted>,
        by: By,
    ) {
        let (refresh, access) = self.opened((whose, dek), former);
        let mut tokens = refresh.iter().chain(access.as_ref().map(ProviderKey::as_secret));
        if again.is_some_and(|granted| tokens.any(|token| granted.holds(token)))
            || self.revoke(&former.provider, refresh.as_ref(), access.as_ref()).await
        {
            return;
        }
        let (_, id) = whose;
        tracing::warn!(connection = %id, provider = former.provider, "the provider did not revoke the tokens of a connection");
        if let Err(error) = self.parts.store.note_not_revoked(whose, by).await {
            tracing::error!(connection = %id, %error, "that could not be written down");
        }
    }

    /// Tokens as they were, as far as they can be opened.
    fn opened(
        &self,
        (whose, dek): ((WorkspaceId, ConnectionId), &WrappedDek),
        former: &Disconnected,
    ) -> (Option<Secret>, Option<ProviderKey>) {
        let Ok(issuer) = former.tokens.issuer.parse::<Origin>() else { return (None, None) };
        let place = Self::place(whose, &former.provider, &issuer, former.tokens.generation);
        let under = (&*self.parts.keyring, dek);
        let refresh = former.tokens.refresh.as_deref();
        let refresh = refresh.and_then(|sealed| place.open(under, Token::Refresh, sealed).ok());
        let access = place.open(under, Token::Access, &former.tokens.access).ok().and_then(ProviderKey::new);
        (refresh, access)
    }

    fn provider(&self, name: &str) -> Result<&Provider, NoConnection> {
        self.parts.providers.get(name).ok_or(NoConnection::UnknownProvider)
    }

    async fn grants<'a>(&'a self, provider: &'a Provider) -> Result<Grants<'a>, NoConnection> {
        let endpoints = discovery::endpoints(&self.http, provider).await.map_err(|_| NoConnection::Away)?;
        Ok(Grants { http: &self.http, provider, endpoints, redirect_uri: &self.parts.redirect_uri })
    }
}
