//! An access token for whoever is about to use it. One that is too old is refreshed first, by the same claim as the
//! daemon's; whoever finds that somebody else has it waits for him.

use std::sync::Arc;
use std::time::Duration;

use ownkey_domain::connection::{ConnectionState, Life};
use ownkey_domain::id::{ConnectionId, WorkspaceId};
use ownkey_domain::time::Timestamp;
use ownkey_store::{HeldToken, StoreError};
use ownkey_vault::{Origin, ProviderKey, Token};
use tokio::time::{Instant, sleep, timeout_at};

use crate::connections::Connections;

/// Who waits looks so soon whether the new token is there, then each time twice as long, up to the longest: many may wait
/// for a provider that is slow.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
const LOOK_AGAIN_MAX: Duration = Duration::from_millis(400);

/// A token that works for a while.
pub struct Fresh {
    /// The provider.
    pub provider: String,
    /// The token.
    pub access: Arc<ProviderKey>,
    /// Until when, by the database's clock; absent if the provider did not say.
    pub expires_at: Option<Timestamp>,
    /// Which of the connection's tokens it is.
    pub generation: u32,
}

/// There is no token that works.
#[derive(Debug, thiserror::Error)]
pub enum NoToken {
    /// There is no such connection, or it is disconnected.
    #[error("there is no such connection")]
    NotFound,
    /// Somebody has to sign in at the provider again.
    #[error("the connection needs somebody to sign in again")]
    NeedsReauth,
    /// It has expired, and the provider gives no new one at the moment.
    #[error("the token has expired and can't be refreshed now")]
    NotRefreshed,
    /// It can't be opened.
    #[error("the token can't be opened")]
    Sealed,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Connections {
    /// The access token of a workspace's connection, refreshed if need be.
    pub async fn fresh(self: &Arc<Self>, workspace: WorkspaceId, id: ConnectionId) -> Result<Fresh, NoToken> {
        self.fresh_besides(None, workspace, id).await
    }

    /// The access token of a connection whose token of that generation was refused where it should work: another one, if
    /// it may be refreshed. One that came just now may not, for each call would then use up one more.
    pub async fn renewed(
        self: &Arc<Self>,
        workspace: WorkspaceId,
        id: ConnectionId,
        refused: u32,
    ) -> Result<Fresh, NoToken> {
        self.parts.store.refuse_token((workspace, id), refused, self.parts.times.margin_ms).await?;
        self.fresh_besides(Some(refused), workspace, id).await
    }

    async fn fresh_besides(
        self: &Arc<Self>,
        refused: Option<u32>,
        workspace: WorkspaceId,
        id: ConnectionId,
    ) -> Result<Fresh, NoToken> {
        let (mut has_tried, mut pause, deadline) = (false, LOOK_AGAIN, Instant::now() + self.patience());
        loop {
            // Looked at first: what ends meanwhile shows in what is read then.
            let is_under_way = self.parts.under_way.holds(id);
            let held = self.parts.store.held_token(workspace, id).await?.ok_or(NoToken::NotFound)?;
            let is_claimed = held.is_claimed || is_under_way;
            match held.state {
                ConnectionState::Active => {}
                ConnectionState::NeedsReauth => return Err(NoToken::NeedsReauth),
                ConnectionState::Revoked => return Err(NoToken::NotFound),
            }
            if refused != Some(held.generation) && !self.is_stale(&held) {
                return self.open(workspace, id, held);
            }
            if !is_claimed && !std::mem::replace(&mut has_tried, true) {
                self.refresh_now(&held.provider, id, deadline).await?;
            } else if is_claimed && Instant::now() < deadline {
                sleep(pause).await;
                pause = LOOK_AGAIN_MAX.min(pause * 2);
            } else if held.expires_at.is_none_or(|at| held.now < at) {
                return self.open(workspace, id, held);
            } else {
                return Err(NoToken::NotRefreshed);
            }
        }
    }

    /// Begins a refresh, if one may begin: it may be that the provider failed just now, and is left alone for a while.
    async fn refresh_now(
        self: &Arc<Self>,
        provider: &str,
        id: ConnectionId,
        deadline: Instant,
    ) -> Result<(), StoreError> {
        let Some(lane) = self.lane(provider) else { return Ok(()) };
        if let Ok(Ok(room)) = timeout_at(deadline, Arc::clone(&lane.room).acquire_owned()).await {
            self.refresh_if_due(id, room).await?;
        }
        Ok(())
    }

    fn is_stale(&self, held: &HeldToken) -> bool {
        let life = held.expires_at.map(|expires_at| Life { issued_at: held.issued_at, expires_at });
        life.is_some_and(|life| self.parts.times.stale(life) <= held.now)
    }

    fn open(&self, workspace: WorkspaceId, id: ConnectionId, held: HeldToken) -> Result<Fresh, NoToken> {
        let issuer: Origin = held.issuer.parse().map_err(|_| NoToken::Sealed)?;
        let place = Self::place((workspace, id), &held.provider, &issuer, held.generation);
        let opened = place.open((&self.parts.keyring, &held.dek), Token::Access, &held.access);
        let access = opened.ok().and_then(ProviderKey::new).ok_or(NoToken::Sealed)?;
        let HeldToken { provider, expires_at, generation, .. } = held;
        Ok(Fresh { provider, access: Arc::new(access), expires_at, generation })
    }
}
