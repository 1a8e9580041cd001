//! Who refreshes a connection's tokens: one node at a time, by a claim that ends by itself. All times here are the
//! database's, so nodes whose clocks differ agree on them.
//!
//! A claim raises `lease_epoch`. Whatever a node writes after it has asked the provider, it writes only if that is still
//! the epoch of its own claim: a node that stood still while another one took over changes nothing any more. The provider
//! is asked between two writes, each a statement by itself where it can be: a node that is stopped in the midst of a
//! transaction would keep its rows from others, and lose what it brought.

use ownkey_domain::connection::{ConnectionState, Reauth};
use ownkey_domain::id::{ConnectionId, WorkspaceId};
use ownkey_domain::time::Timestamp;
use ownkey_domain::webhook::Event;
use serde_json::json;
use sqlx::FromRow;
use uuid::Uuid;

use super::{SealedTokens, note, row};
use crate::db::on;
use crate::outbox::{self, Fact};
use crate::{By, Result, Store, StoreError, WrappedDek, dialect};

/// What is due, and when something will be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The time of looking.
    pub now: Timestamp,
    /// What is due, the longest due first.
    pub connections: Vec<ConnectionId>,
    /// When the next one will be that is not due yet.
    pub next: Option<Timestamp>,
}

/// The right to refresh a connection until `until`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The connection.
    pub id: ConnectionId,
    /// Whose it is.
    pub workspace: WorkspaceId,
    /// The provider.
    pub provider: String,
    /// The DEK that its tokens are sealed under.
    pub dek: WrappedDek,
    /// Its tokens.
    pub tokens: SealedTokens,
    /// When this was claimed.
    pub now: Timestamp,
    /// When others may claim it.
    pub until: Timestamp,
    /// Which claim this is.
    pub epoch: i64,
    /// How many sends of this refresh token are without a known answer, the one that this is for included.
    pub unknown_answers: u32,
    /// How many refreshes failed in a row before this one.
    pub failures: u32,
    /// What the last of them failed by.
    pub last_error: Option<String>,
}

/// An access token as it is stored, for whoever wants to use it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldToken {
    /// The provider.
    pub provider: String,
    /// How things stand.
    pub state: ConnectionState,
    /// The DEK that it is sealed under.
    pub dek: WrappedDek,
    /// Who issued it.
    pub issuer: String,
    /// The access token.
    pub access: Vec<u8>,
    /// Its generation.
    pub generation: u32,
    /// Not later than it was issued.
    pub issued_at: Timestamp,
    /// When it expires.
    pub expires_at: Option<Timestamp>,
    /// Whether somebody holds a claim.
    pub is_claimed: bool,
    /// When this was read.
    pub now: Timestamp,
}

impl Store {
    /// Up to `limit` connections of a provider that anybody may claim now.
    pub async fn due_connections(&self, provider: &str, limit: u32) -> Result<Due> {
        const SQL: &str = "SELECT id FROM connections WHERE provider = $1 AND state = 'active' AND due_at <= $2 \
            AND lease_until <= $2 ORDER BY due_at LIMIT $3";
        // In two parts, so that each is a look at the index: what is claimed was due before.
        const NEXT: &str = "SELECT MIN(next.at) FROM (\
            SELECT MIN(due_at) AS at FROM connections WHERE provider = $1 AND state = 'active' AND due_at > $2 \
            UNION ALL \
            SELECT MIN(lease_until) AS at FROM connections WHERE provider = $1 AND state = 'active' \
            AND due_at <= $2 AND lease_until > $2) next";
        let now = dialect::time(&self.inner.db).await?;
        let rows: Vec<(Uuid,)> = on!(self.inner.db.read(), c => sqlx::query_as(SQL)
            .bind(provider).bind(now).bind(i64::from(limit)).fetch_all(c).await)?;
        let (next,): (Option<i64>,) =
            on!(self.inner.db.read(), c => sqlx::query_as(NEXT).bind(provider).bind(now).fetch_one(c).await)?;
        let connections = rows.into_iter().map(|(id,)| ConnectionId::from_uuid(id)).collect();
        Ok(Due { now: Timestamp::from_millis(now), connections, next: next.map(Timestamp::from_millis) })
    }

    /// Claims a connection that is due, for so long. `None` if it isn't, or somebody else has.
    pub async fn claim_connection(&self, id: ConnectionId, lease_ms: i64) -> Result<Option<Claim>> {
        const SQL: &str = "UPDATE connections SET lease_epoch = lease_epoch + 1, lease_until = $3, \
            unknown_answers = unknown_answers + 1 \
            WHERE id = $1 AND state = 'active' AND due_at <= $2 AND lease_until <= $2 \
            RETURNING workspace, provider, scopes, issuer, access_token, refresh_token, generation, issued_at, \
            expires_at, due_at, lease_epoch, unknown_answers, failures, last_error";
        const DEK: &str = "SELECT wrapped_dek AS wrapped, dek_version AS version FROM workspaces WHERE id = $1";
        let db = &self.inner.db;
        let now = dialect::time(db).await?;
        let until = now.saturating_add(lease_ms);
        let row: Option<ClaimRow> = on!(db.alone(), c => sqlx::query_as(SQL)
            .bind(id.uuid()).bind(now).bind(until).fetch_optional(c).await)?;
        let Some(row) = row else { return Ok(None) };
        let dek: WrappedDek = on!(db.read(), c => sqlx::query_as(DEK).bind(row.workspace).fetch_one(c).await)?;
        row.claim(id, dek, (now, until)).map(Some)
    }

    /// Stores what a refresh brought. `false` if the claim is somebody else's by now, and nothing is stored.
    pub async fn keep_tokens(&self, claim: &Claim, tokens: &SealedTokens) -> Result<bool> {
        const SQL: &str = "UPDATE connections SET scopes = $3, issuer = $4, access_token = $5, refresh_token = $6, \
            generation = $7, issued_at = $8, expires_at = $9, due_at = $10, lease_until = 0, unknown_answers = 0, \
            failures = 0, last_error = NULL, last_error_at = NULL \
            WHERE id = $1 AND lease_epoch = $2 AND state = 'active'";
        let touched = on!(self.inner.db.alone(), c => sqlx::query(SQL)
            .bind(claim.id.uuid()).bind(claim.epoch)
            .bind(json!(tokens.scopes).to_string()).bind(&tokens.issuer).bind(&tokens.access).bind(&tokens.refresh)
            .bind(i64::from(tokens.generation)).bind(tokens.issued_at.millis())
            .bind(tokens.expires_at.map(Timestamp::millis)).bind(tokens.due_at.map(Timestamp::millis))
            .execute(c).await.map(|r| r.rows_affected()))?;
        Ok(touched == 1)
    }

    /// Gives a claim back: the refresh failed by `error`, and is due again after a pause. `is_known` says that the refresh
    /// token was not used up. `false` if the claim is somebody else's by now, or was given back before: whoever asks again
    /// after the database's answer was lost changes nothing.
    pub async fn postpone_refresh(&self, claim: &Claim, pause_ms: i64, error: &str, is_known: bool) -> Result<bool> {
        const SQL: &str = "UPDATE connections SET due_at = $3, lease_until = 0, failures = failures + 1, \
            unknown_answers = unknown_answers - $4, last_error = $5, last_error_at = $6 \
            WHERE id = $1 AND lease_epoch = $2 AND lease_until > 0 AND state = 'active'";
        let now = dialect::time(&self.inner.db).await?;
        let touched = on!(self.inner.db.alone(), c => sqlx::query(SQL)
            .bind(claim.id.uuid()).bind(claim.epoch).bind(now.saturating_add(pause_ms)).bind(i64::from(is_known))
            .bind(error).bind(now)
            .execute(c).await.map(|r| r.rows_affected()))?;
        Ok(touched == 1)
    }

    /// Gives a claim up for good: somebody has to sign in at the provider again. `false` if the claim is somebody else's
    /// by now.
    pub async fn need_reauth(&self, claim: &Claim, reason: Reauth, by: By) -> Result<bool> {
        const SQL: &str = "UPDATE connections SET state = 'needs_reauth', due_at = NULL, lease_until = 0, \
            last_error = $3, last_error_at = $4 WHERE id = $1 AND lease_epoch = $2 AND state = 'active'";
        let mut work = self.mutate(by).await?;
        let now = dialect::now(&mut work.tx).await?;
        let touched = on!(work.tx.on(), c => sqlx::query(SQL)
            .bind(claim.id.uuid()).bind(claim.epoch).bind(reason.as_str()).bind(now)
            .execute(c).await.map(|r| r.rows_affected()))?;
        if touched == 0 {
            return Ok(false);
        }
        let detail = json!({"provider": claim.provider, "reason": reason.as_str()});
        let data = json!({"connection": claim.id, "provider": claim.provider, "reason": reason.as_str()});
        let fact = Fact { workspace: claim.workspace, event: Event::NeedsReauth, data, once: None };
        outbox::tell(&mut work.tx, fact, by.at).await?;
        note(&mut work, "connection.needs_reauth", (claim.workspace, claim.id), detail).await?;
        work.commit().await?;
        Ok(true)
    }

    /// Writes down that a token of that generation was refused where it is used: it is due at once. Whether it is: not if
    /// it came within the last `young_ms` or is due anyhow, nor without a refresh token. While refreshes fail it waits for
    /// their pause like any other.
    pub async fn refuse_token(
        &self,
        (workspace, id): (WorkspaceId, ConnectionId),
        generation: u32,
        young_ms: i64,
    ) -> Result<bool> {
        const SQL: &str = "UPDATE connections SET due_at = $4 WHERE workspace = $1 AND id = $2 AND generation = $3 \
            AND state = 'active' AND refresh_token IS NOT NULL AND failures = 0 AND lease_until <= $4 \
            AND issued_at <= $5 AND (due_at IS NULL OR due_at > $4)";
        let now = dialect::time(&self.inner.db).await?;
        let touched = on!(self.inner.db.alone(), c => sqlx::query(SQL)
            .bind(workspace.uuid()).bind(id.uuid()).bind(i64::from(generation)).bind(now)
            .bind(now.saturating_sub(young_ms))
            .execute(c).await.map(|r| r.rows_affected()))?;
        Ok(touched == 1)
    }

    /// A connection's access token.
    pub async fn held_token(&self, workspace: WorkspaceId, id: ConnectionId) -> Result<Option<HeldToken>> {
        const SQL: &str = "SELECT c.provider, c.state, c.issuer, c.access_token, c.generation, c.issued_at, \
            c.expires_at, c.lease_until, w.wrapped_dek AS wrapped, w.dek_version AS version \
            FROM connections c JOIN workspaces w ON w.id = c.workspace \
            WHERE c.workspace = $1 AND c.id = $2 AND w.deleted_at IS NULL";
        // Read first: what is read then is at least as new as the time that it is judged by.
        let now = dialect::time(&self.inner.db).await?;
        let row: Option<HeldRow> = on!(self.inner.db.read(), c => sqlx::query_as(SQL)
            .bind(workspace.uuid()).bind(id.uuid()).fetch_optional(c).await)?;
        row.map(|row| row.held(now)).transpose()
    }
}

#[derive(FromRow)]
struct ClaimRow {
    workspace: Uuid,
    provider: String,
    scopes: String,
    issuer: String,
    access_token: Vec<u8>,
    refresh_token: Option<Vec<u8>>,
    generation: i64,
    issued_at: i64,
    expires_at: Option<i64>,
    due_at: Option<i64>,
    lease_epoch: i64,
    unknown_answers: i64,
    failures: i64,
    last_error: Option<String>,
}

impl ClaimRow {
    fn claim(self, id: ConnectionId, dek: WrappedDek, (now, until): (i64, i64)) -> Result<Claim> {
        let tokens = SealedTokens {
            issuer: self.issuer,
            access: self.access_token,
            refresh: self.refresh_token,
            generation: row::generation(self.generation)?,
            scopes: row::scopes(&self.scopes)?,
            issued_at: Timestamp::from_millis(self.issued_at),
            expires_at: self.expires_at.map(Timestamp::from_millis),
            due_at: self.due_at.map(Timestamp::from_millis),
        };
        Ok(Claim {
            id,
            workspace: WorkspaceId::from_uuid(self.workspace),
            provider: self.provider,
            dek,
            tokens,
            now: Timestamp::from_millis(now),
            until: Timestamp::from_millis(until),
            epoch: self.lease_epoch,
            unknown_answers: u32::try_from(self.unknown_answers).map_err(|_| row::corrupt())?,
            failures: u32::try_from(self.failures).map_err(|_| row::corrupt())?,
            last_error: self.last_error,
        })
    }
}

#[derive(FromRow)]
struct HeldRow {
    provider: String,
    state: String,
    issuer: String,
    access_token: Vec<u8>,
    generation: i64,
    issued_at: i64,
    expires_at: Option<i64>,
    lease_until: i64,
    #[sqlx(flatten)]
    dek: WrappedDek,
}

impl HeldRow {
    fn held(self, now: i64) -> Result<HeldToken, StoreError> {
        Ok(HeldToken {
            provider: self.provider,
            state: self.state.parse().map_err(|_| row::corrupt())?,
            dek: self.dek,
            issuer: self.issuer,
            access: self.access_token,
            generation: row::generation(self.generation)?,
            issued_at: Timestamp::from_millis(self.issued_at),
            expires_at: self.expires_at.map(Timestamp::from_millis),
            is_claimed: self.lease_until > now,
            now: Timestamp::from_millis(now),
        })
    }
}
