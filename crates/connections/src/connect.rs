//! How somebody connects an account: he leaves for the provider, agrees there, and comes back with a code.

use ownkey_domain::connection::Asked;
use ownkey_domain::id::ConnectionId;
use ownkey_store::{Added, By, ConnectionStart, StoreError, WrappedDek};
use ownkey_vault::{Origin, VaultError};
use tokio::time::Instant;

use crate::connections::{AskedAt, Connections};
use crate::discovery::{self, Unknown};
use crate::oauth::{Granted, Grants, NotGranted};
use crate::provider::Provider;

/// Where somebody goes to agree.
#[derive(Debug)]
pub struct Begun {
    /// The address at the provider.
    pub url: String,
}

/// What a browser came back with from the provider that it was sent to.
#[derive(Clone, Copy)]
pub struct CameBack<'a> {
    /// The provider's code.
    pub code: &'a str,
    /// What proves that it was the one who left (RFC 7636).
    pub verifier: &'a str,
    /// Who says that it answers (RFC 9207), if anybody does.
    pub issuer: Option<&'a str>,
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
    /// The provider does not accept this server as its client, or how it asks.
    #[error("the provider does not accept this server")]
    Misconfigured,
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
        match failed.asked {
            Asked::Refused => Self::Refused,
            Asked::Misconfigured => Self::Misconfigured,
            Asked::Unserved | Asked::Unanswered | Asked::Lost => Self::Away,
        }
    }
}

impl Connections {
    /// Where somebody agrees, coming back with `state`; `verifier` proves that it was he who left (RFC 7636).
    pub async fn begin(&self, provider: &str, state: &str, verifier: &str) -> Result<Begun, NoConnection> {
        let url = self.grants(provider).await?.authorize_url(state, verifier)?;
        Ok(Begun { url })
    }

    /// Stores the connection that was agreed to. `new_id` is its id, unless it is one that is set right again.
    ///
    /// A code of another provider than was asked is sent nowhere: whoever controls one of them could have the others'
    /// brought to him. Each has an address of its own to come back to, and says who it is, if it announces that.
    pub async fn finish(
        &self,
        start: &ConnectionStart,
        back: CameBack<'_>,
        (dek, new_id): (&WrappedDek, ConnectionId),
        by: By,
    ) -> Result<ConnectionId, NoConnection> {
        let store = &self.parts.store;
        let grants = self.grants(&start.provider).await?;
        if !grants.is_from(back.issuer) {
            return Err(NoConnection::Refused);
        }
        let issuer = Origin::of_url(&grants.endpoints.token).map_err(|_| NoConnection::Away)?;
        let since = Instant::now();
        let asked = AskedAt { at: store.database_time().await?, since };
        let granted = grants.by_code(back.code, back.verifier).await.inspect_err(|failed| {
            let (provider, reason) = (start.provider.as_str(), failed.word);
            tracing::warn!(provider, reason, "a provider gave no tokens for its code");
        })?;
        let (id, generation) = match start.connection {
            Some(id) => {
                let held = store.held_token(start.workspace, id).await?.ok_or(NoConnection::Gone)?;
                // A refresh that ends meanwhile makes one more.
                (id, held.generation.saturating_add(2))
            }
            None => (new_id, 1),
        };
        let place = Self::place((start.workspace, id), &start.provider, &issuer, generation);
        let tokens = self.sealed((&place, dek), &granted, (None, &grants.provider.scopes), asked)?;
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
        if let Some(former) = former.filter(|_| !grants.provider.revocation_ends_all) {
            let left = self.left((start.workspace, id), dek, former);
            // What the provider has handed out again is of the same grant as the new tokens, and stays.
            if !left.is_among(&granted) {
                self.end(&left, by).await;
            }
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

    async fn grants(&self, provider: &str) -> Result<Grants<'_>, NoConnection> {
        let known = self.parts.providers.get(provider).ok_or(NoConnection::UnknownProvider)?;
        self.grants_of(provider, known).await.map_err(|_| NoConnection::Away)
    }

    /// A provider with its endpoints. What it says of itself is asked until it is known.
    pub(crate) async fn grants_of<'a>(&'a self, name: &str, provider: &'a Provider) -> Result<Grants<'a>, Unknown> {
        let endpoints = discovery::endpoints(&self.http, provider).await?;
        Ok(Grants { http: &self.http, provider, endpoints, redirect_uri: self.redirect_uri(name) })
    }
}
