//! OAuth connections. Tokens come and go sealed. What is refreshed, and by whom, is in `refresh`; who is away at a
//! provider to agree, in `starts`.

mod refresh;
mod row;
mod starts;

use ownkey_domain::connection::ConnectionState;
use ownkey_domain::id::{ConnectionId, WorkspaceId};
use ownkey_domain::time::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::db::{Tx, on};
use crate::mutation::Mutation;
use crate::{By, Note, Page, Result, Store, StoreError, dialect, page, workspaces};
pub use refresh::{Claim, Due, HeldToken};
use row::ConnectionRow;
pub use starts::ConnectionStart;

/// Connections of a workspace that are not disconnected. Each is refreshed for as long as it lasts.
pub const CONNECTIONS_MAX: i64 = 1_000;

/// What people may know of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// Its id.
    pub id: ConnectionId,
    /// Whose it is.
    pub workspace: WorkspaceId,
    /// The provider, as the configuration names it.
    pub provider: String,
    /// How things stand.
    pub state: ConnectionState,
    /// What was agreed to.
    pub scopes: Vec<String>,
    /// When the access token came.
    pub issued_at: Timestamp,
    /// When it expires; absent if it does not, or nobody said.
    pub expires_at: Option<Timestamp>,
    /// When the next attempt to refresh it is due.
    pub due_at: Option<Timestamp>,
    /// What the last refresh failed by, in one word of ours.
    pub last_error: Option<String>,
    /// When that was.
    pub last_error_at: Option<Timestamp>,
    /// Who connected it, as the audit log names him.
    pub created_by: String,
    /// When it was first connected.
    pub created_at: Timestamp,
    /// When it was disconnected.
    pub ended_at: Option<Timestamp>,
}

/// Tokens to store. Times are the database's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedTokens {
    /// Who issued them.
    pub issuer: String,
    /// The access token.
    pub access: Vec<u8>,
    /// The refresh token; absent if there is none.
    pub refresh: Option<Vec<u8>>,
    /// Their generation, which both are sealed under.
    pub generation: u32,
    /// What they are for.
    pub scopes: Vec<String>,
    /// Not later than they were issued.
    pub issued_at: Timestamp,
    /// When the access token expires.
    pub expires_at: Option<Timestamp>,
    /// When a refresh is due; never if absent.
    pub due_at: Option<Timestamp>,
}

/// What a connection leaves as it ends or others come in its tokens' place: what it takes to have them revoked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disconnected {
    /// The provider.
    pub provider: String,
    /// The tokens as they were stored.
    pub tokens: SealedTokens,
}

/// What became of a new connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    /// It is stored.
    Stored,
    /// There is no such workspace.
    NoWorkspace,
    /// The workspace has as many as it may.
    TooMany,
}

macro_rules! connections {
    ($where:literal) => {
        concat!(
            "SELECT id, workspace, provider, state, scopes, issued_at, expires_at, due_at, last_error, last_error_at, \
             created_by, created_at, ended_at FROM connections WHERE workspace = $1 AND ",
            $where
        )
    };
}

impl Store {
    /// The time, by the clock that all nodes share.
    pub async fn database_time(&self) -> Result<Timestamp> {
        dialect::time(&self.inner.db).await.map(Timestamp::from_millis)
    }

    /// Stores a connection that was just agreed to.
    pub async fn add_connection(
        &self,
        (workspace, id): (WorkspaceId, ConnectionId),
        provider: &str,
        tokens: &SealedTokens,
        by: By,
    ) -> Result<Added> {
        const COUNT: &str = "SELECT COUNT(*) FROM connections WHERE workspace = $1 AND state <> 'revoked'";
        const SQL: &str = "INSERT INTO connections (id, workspace, provider, state, scopes, issuer, access_token, \
            refresh_token, generation, issued_at, expires_at, due_at, created_by, created_at) \
            VALUES ($1, $2, $3, 'active', $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
        let mut work = self.mutate(by).await?;
        if !workspaces::is_live(&mut work.tx, workspace).await? {
            return Ok(Added::NoWorkspace);
        }
        let (count,): (i64,) = on!(work.tx.on(), c => sqlx::query_as(COUNT).bind(workspace.uuid()).fetch_one(c).await)?;
        if count >= CONNECTIONS_MAX {
            return Ok(Added::TooMany);
        }
        on!(work.tx.on(), c => sqlx::query(SQL)
            .bind(id.uuid()).bind(workspace.uuid()).bind(provider)
            .bind(json!(tokens.scopes).to_string()).bind(&tokens.issuer).bind(&tokens.access).bind(&tokens.refresh)
            .bind(i64::from(tokens.generation)).bind(tokens.issued_at.millis())
            .bind(tokens.expires_at.map(Timestamp::millis)).bind(tokens.due_at.map(Timestamp::millis))
            .bind(by.actor.to_string()).bind(by.at.millis())
            .execute(c).await.map(drop))?;
        let detail = json!({"provider": provider, "scopes": tokens.scopes});
        note(&mut work, "connection.create", (workspace, id), detail).await?;
        work.commit().await?;
        Ok(Added::Stored)
    }

    /// Puts tokens that were just agreed to in the place of a connection's, sets it right again, and returns the old ones.
    /// `None` unless there is such a connection, of an earlier generation, that is not disconnected. Whoever refreshes
    /// the old ones finds that they are his no more.
    pub async fn reconnect(
        &self,
        (workspace, id): (WorkspaceId, ConnectionId),
        tokens: &SealedTokens,
        by: By,
    ) -> Result<Option<Disconnected>> {
        const SQL: &str = "UPDATE connections SET state = 'active', scopes = $3, issuer = $4, access_token = $5, \
            refresh_token = $6, generation = $7, issued_at = $8, expires_at = $9, due_at = $10, \
            unknown_answers = 0, failures = 0, last_error = NULL, \
            last_error_at = NULL WHERE workspace = $1 AND id = $2 AND generation < $7";
        let mut work = self.mutate(by).await?;
        let Some(former) = take_over(&mut work.tx, (workspace, id)).await? else { return Ok(None) };
        let touched = on!(work.tx.on(), c => sqlx::query(SQL)
            .bind(workspace.uuid()).bind(id.uuid()).bind(json!(tokens.scopes).to_string()).bind(&tokens.issuer)
            .bind(&tokens.access).bind(&tokens.refresh).bind(i64::from(tokens.generation))
            .bind(tokens.issued_at.millis()).bind(tokens.expires_at.map(Timestamp::millis))
            .bind(tokens.due_at.map(Timestamp::millis))
            .execute(c).await.map(|r| r.rows_affected()))?;
        if touched == 0 {
            return Ok(None);
        }
        work.erased();
        note(&mut work, "connection.reconnect", (workspace, id), json!({"scopes": tokens.scopes})).await?;
        work.commit().await?;
        Ok(Some(former))
    }

    /// The workspace's connections, newest first, those that are disconnected too.
    pub async fn connections(
        &self,
        workspace: WorkspaceId,
        before: Option<ConnectionId>,
        limit: u32,
    ) -> Result<Page<Connection>> {
        const SQL: &str = connections!("id < $2 ORDER BY id DESC LIMIT $3");
        let before = before.map_or(Uuid::max(), ConnectionId::uuid);
        let rows: Vec<ConnectionRow> = on!(self.inner.db.read(), c => sqlx::query_as(SQL)
            .bind(workspace.uuid()).bind(before).bind(page::rows(limit)).fetch_all(c).await)?;
        let items: Result<Vec<_>> = rows.into_iter().map(Connection::try_from).collect();
        Ok(Page::of(items?, limit))
    }

    /// A connection of the workspace.
    pub async fn connection(&self, workspace: WorkspaceId, id: ConnectionId) -> Result<Option<Connection>> {
        const SQL: &str = connections!("id = $2");
        let row: Option<ConnectionRow> = on!(self.inner.db.read(), c => sqlx::query_as(SQL)
            .bind(workspace.uuid()).bind(id.uuid()).fetch_optional(c).await)?;
        row.map(Connection::try_from).transpose()
    }

    /// Writes down that somebody was given the connection's token. Whether there is such a connection.
    pub async fn note_token(&self, workspace: WorkspaceId, id: ConnectionId, by: By) -> Result<bool> {
        const SQL: &str = "SELECT COUNT(*) FROM connections WHERE workspace = $1 AND id = $2";
        let mut work = self.mutate(by).await?;
        let (count,): (i64,) = on!(work.tx.on(), c => sqlx::query_as(SQL)
            .bind(workspace.uuid()).bind(id.uuid()).fetch_one(c).await)?;
        if count == 0 {
            return Ok(false);
        }
        note(&mut work, "connection.token", (workspace, id), json!({})).await?;
        work.commit().await?;
        Ok(true)
    }

    /// The tokens of all of a workspace's connections that are not disconnected.
    pub async fn standing_tokens(&self, workspace: WorkspaceId) -> Result<Vec<(ConnectionId, Disconnected)>> {
        const SQL: &str = "SELECT id, provider, scopes, issuer, access_token, refresh_token, generation, issued_at, \
            expires_at, due_at FROM connections WHERE workspace = $1 AND state <> 'revoked' ORDER BY id";
        let rows: Vec<row::StandingRow> = on!(self.inner.db.read(), c => sqlx::query_as(SQL)
            .bind(workspace.uuid()).fetch_all(c).await)?;
        rows.into_iter().map(|row| Ok((ConnectionId::from_uuid(row.id), row.tokens.try_into()?))).collect()
    }

    /// Ends a connection: overwrites its tokens, and returns them as they were. `None` if there is none to end.
    pub async fn disconnect(&self, workspace: WorkspaceId, id: ConnectionId, by: By) -> Result<Option<Disconnected>> {
        const SQL: &str = "UPDATE connections SET state = 'revoked', ended_at = $3, access_token = $4, \
            refresh_token = NULL, due_at = NULL, last_error = NULL, last_error_at = NULL \
            WHERE workspace = $1 AND id = $2 AND state <> 'revoked'";
        let mut work = self.mutate(by).await?;
        let Some(found) = take_over(&mut work.tx, (workspace, id)).await? else { return Ok(None) };
        let touched = on!(work.tx.on(), c => sqlx::query(SQL)
            .bind(workspace.uuid()).bind(id.uuid()).bind(by.at.millis()).bind(Vec::<u8>::new())
            .execute(c).await.map(|r| r.rows_affected()))?;
        if touched != 1 {
            return Err(StoreError::RowCount("connections"));
        }
        work.erased();
        note(&mut work, "connection.disconnect", (workspace, id), json!({"provider": found.provider})).await?;
        work.commit().await?;
        Ok(Some(found))
    }

    /// Writes down that a provider did not say that it revoked tokens which are here no more: they may live on there.
    pub async fn note_not_revoked(&self, (workspace, id): (WorkspaceId, ConnectionId), by: By) -> Result<()> {
        const SQL: &str = "UPDATE connections SET last_error = 'not_revoked', last_error_at = $3 \
            WHERE workspace = $1 AND id = $2 AND state = 'revoked'";
        let mut work = self.mutate(by).await?;
        let now = dialect::now(&mut work.tx).await?;
        on!(work.tx.on(), c => sqlx::query(SQL)
            .bind(workspace.uuid()).bind(id.uuid()).bind(now).execute(c).await.map(drop))?;
        note(&mut work, "connection.not_revoked", (workspace, id), json!({})).await?;
        work.commit().await
    }
}

/// Takes a connection from whoever refreshes it, and returns its tokens: from here on nobody else changes them.
async fn take_over(tx: &mut Tx, (workspace, id): (WorkspaceId, ConnectionId)) -> Result<Option<Disconnected>> {
    const SQL: &str = "UPDATE connections SET lease_epoch = lease_epoch + 1, lease_until = 0 \
        WHERE workspace = $1 AND id = $2 AND state <> 'revoked' \
        RETURNING provider, scopes, issuer, access_token, refresh_token, generation, issued_at, expires_at, due_at";
    let found: Option<row::TokensRow> = on!(tx.on(), c => sqlx::query_as(SQL)
        .bind(workspace.uuid()).bind(id.uuid()).fetch_optional(c).await)?;
    found.map(Disconnected::try_from).transpose()
}

/// Ends all of a workspace that is being deleted. How many there were.
pub(crate) async fn end_all(tx: &mut Tx, workspace: WorkspaceId, at: Timestamp) -> Result<u64> {
    const SQL: &str = "UPDATE connections SET state = 'revoked', ended_at = $2, access_token = $3, \
        refresh_token = NULL, due_at = NULL, lease_epoch = lease_epoch + 1, lease_until = 0 \
        WHERE workspace = $1 AND state <> 'revoked'";
    const STARTS: &str = "DELETE FROM connection_starts WHERE workspace = $1";
    let ended = on!(tx.on(), c => sqlx::query(SQL)
        .bind(workspace.uuid()).bind(at.millis()).bind(Vec::<u8>::new())
        .execute(c).await.map(|r| r.rows_affected()))?;
    on!(tx.on(), c => sqlx::query(STARTS).bind(workspace.uuid()).execute(c).await.map(drop))?;
    Ok(ended)
}

async fn note(
    work: &mut Mutation<'_>,
    action: &'static str,
    (workspace, id): (WorkspaceId, ConnectionId),
    detail: Value,
) -> Result<()> {
    work.note(&Note { workspace: Some(workspace), action, object: id.to_string(), detail }).await
}
