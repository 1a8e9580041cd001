//! Connections as rows.

use ownkey_domain::id::{ConnectionId, WorkspaceId};
use ownkey_domain::time::Timestamp;
use sqlx::FromRow;
use uuid::Uuid;

use super::{Connection, Disconnected, SealedTokens};
use crate::{Result, StoreError};

#[derive(FromRow)]
pub(super) struct ConnectionRow {
    id: Uuid,
    workspace: Uuid,
    provider: String,
    state: String,
    scopes: String,
    issued_at: i64,
    expires_at: Option<i64>,
    due_at: Option<i64>,
    last_error: Option<String>,
    last_error_at: Option<i64>,
    created_by: String,
    created_at: i64,
    ended_at: Option<i64>,
}

impl TryFrom<ConnectionRow> for Connection {
    type Error = StoreError;

    fn try_from(row: ConnectionRow) -> Result<Self> {
        Ok(Self {
            id: ConnectionId::from_uuid(row.id),
            workspace: WorkspaceId::from_uuid(row.workspace),
            provider: row.provider,
            state: row.state.parse().map_err(|_| corrupt())?,
            scopes: scopes(&row.scopes)?,
            issued_at: Timestamp::from_millis(row.issued_at),
            expires_at: row.expires_at.map(Timestamp::from_millis),
            due_at: row.due_at.map(Timestamp::from_millis),
            last_error: row.last_error,
            last_error_at: row.last_error_at.map(Timestamp::from_millis),
            created_by: row.created_by,
            created_at: Timestamp::from_millis(row.created_at),
            ended_at: row.ended_at.map(Timestamp::from_millis),
        })
    }
}

#[derive(FromRow)]
pub(super) struct TokensRow {
    provider: String,
    scopes: String,
    issuer: String,
    access_token: Vec<u8>,
    refresh_token: Option<Vec<u8>>,
    generation: i64,
    issued_at: i64,
    expires_at: Option<i64>,
    due_at: Option<i64>,
}

#[derive(FromRow)]
pub(super) struct StandingRow {
    pub(super) id: Uuid,
    #[sqlx(flatten)]
    pub(super) tokens: TokensRow,
}

impl TryFrom<TokensRow> for Disconnected {
    type Error = StoreError;

    fn try_from(row: TokensRow) -> Result<Self> {
        let tokens = SealedTokens {
            issuer: row.issuer,
            access: row.access_token,
            refresh: row.refresh_token,
            generation: generation(row.generation)?,
            scopes: scopes(&row.scopes)?,
            issued_at: Timestamp::from_millis(row.issued_at),
            expires_at: row.expires_at.map(Timestamp::from_millis),
            due_at: row.due_at.map(Timestamp::from_millis),
        };
        Ok(Self { provider: row.provider, tokens })
    }
}

pub(super) fn generation(number: i64) -> Result<u32> {
    u32::try_from(number).map_err(|_| corrupt())
}

pub(super) fn scopes(json: &str) -> Result<Vec<String>> {
    serde_json::from_str(json).map_err(|_| corrupt())
}

pub(super) const fn corrupt() -> StoreError {
    StoreError::Corrupt("connection")
}
