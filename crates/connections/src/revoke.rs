//! How tokens end: they are forgotten here first, and then revoked at their provider, as far as it lets us.

use std::sync::Arc;
use std::time::Duration;

use ownkey_domain::id::{ConnectionId, WorkspaceId};
use ownkey_store::{By, Disconnected, StoreError, WrappedDek};
use ownkey_vault::{Origin, ProviderKey, Secret, Token};
use tokio::time::timeout;

use crate::connections::Connections;
use crate::oauth::{Granted, Revoked};

/// How long providers are asked to revoke what a deleted workspace leaves behind. A provider that is away must not hold
/// tokens in memory for ever.
const LEFT_MAX: Duration = Duration::from_secs(15 * 60);

/// Tokens that a connection leaves behind, as far as they can be opened.
pub(crate) struct Left {
    whose: (WorkspaceId, ConnectionId),
    provider: String,
    refresh: Option<Secret>,
    access: Option<ProviderKey>,
}

impl Left {
    /// Whether one of them is among those that a provider gave just now.
    pub(crate) fn is_among(&self, granted: &Granted) -> bool {
        let mut all = self.refresh.iter().chain(self.access.as_ref().map(ProviderKey::as_secret));
        all.any(|token| granted.holds(token))
    }
}

/// All that the connections of a workspace leave behind.
pub struct AllLeft(Vec<Left>);

impl Connections {
    /// Disconnects: from here on nothing of it can be used. Then the provider is told, as far as it lets itself be told.
    /// Whether there was such a connection.
    pub async fn disconnect(
        &self,
        (workspace, id): (WorkspaceId, ConnectionId),
        dek: &WrappedDek,
        by: By,
    ) -> Result<bool, StoreError> {
        let Some(ended) = self.parts.store.disconnect(workspace, id, by).await? else { return Ok(false) };
        self.end(&self.left((workspace, id), dek, ended), by).await;
        Ok(true)
    }

    /// Has it revoked. What the provider does not say that it did is written down.
    pub(crate) async fn end(&self, left: &Left, by: By) {
        if self.revoke_left(left).await {
            return;
        }
        if let Err(error) = self.parts.store.note_not_revoked(left.whose, by).await {
            tracing::error!(connection = %left.whose.1, %error, "what was not revoked could not be written down");
        }
    }

    /// What a workspace that is about to be deleted will leave behind: afterwards nothing opens it.
    pub async fn all_left(&self, workspace: WorkspaceId, dek: &WrappedDek) -> Result<AllLeft, StoreError> {
        let standing = self.parts.store.standing_tokens(workspace).await?;
        let left = standing.into_iter().map(|(id, tokens)| self.left((workspace, id), dek, tokens));
        Ok(AllLeft(left.collect()))
    }

    /// Has it revoked, in the background and one after the other. What is not done when the process ends lives until it
    /// expires.
    pub fn revoke_all(self: &Arc<Self>, AllLeft(all): AllLeft) {
        let connections = Arc::clone(self);
        tokio::spawn(async move {
            let in_turn = async {
                for left in &all {
                    // Among the refreshes: a provider is asked for so many things at a time.
                    let Some(lane) = connections.lane(&left.provider) else { continue };
                    let Ok(_room) = lane.room.acquire().await else { return };
                    connections.revoke_left(left).await;
                }
            };
            if timeout(LEFT_MAX, in_turn).await.is_err() {
                tracing::warn!("providers did not revoke all tokens of a deleted workspace in time");
            }
        });
    }

    /// What is left of tokens as they were.
    pub(crate) fn left(
        &self,
        whose: (WorkspaceId, ConnectionId),
        dek: &WrappedDek,
        Disconnected { provider, tokens }: Disconnected,
    ) -> Left {
        let issuer = tokens.issuer.parse::<Origin>().ok();
        let place = issuer.as_ref().map(|issuer| Self::place(whose, &provider, issuer, tokens.generation));
        let open = |token, sealed: &[u8]| place.as_ref()?.open((&self.parts.keyring, dek), token, sealed).ok();
        let refresh = tokens.refresh.as_deref().and_then(|sealed| open(Token::Refresh, sealed));
        let access = open(Token::Access, &tokens.access).and_then(ProviderKey::new);
        Left { whose, refresh, access, provider }
    }

    /// Has it revoked. Whether the provider says that it did.
    async fn revoke_left(&self, left: &Left) -> bool {
        let Left { whose: (_, connection), provider, refresh, access } = left;
        let is_revoked = self.revoke(provider, refresh.as_ref(), access.as_ref()).await;
        if !is_revoked {
            tracing::warn!(%connection, provider, "the provider did not revoke the tokens of a connection");
        }
        is_revoked
    }

    /// Has tokens revoked at the provider, as far as it lets us. Whether it did.
    pub(crate) async fn revoke(&self, name: &str, refresh: Option<&Secret>, access: Option<&ProviderKey>) -> bool {
        let Some(provider) = self.parts.providers.get(name) else { return false };
        let Ok(grants) = self.grants_of(name, provider).await else { return false };
        // The refresh token first: with it goes, at most providers, all of the grant.
        let first = match refresh {
            Some(token) => grants.revoke(Revoked::Refresh(token)).await,
            None => false,
        };
        match access {
            Some(token) => grants.revoke(Revoked::Access(token)).await || first,
            None => first,
        }
    }
}
