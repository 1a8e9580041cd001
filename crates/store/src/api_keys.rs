//! Platform keys: everything but their text.

use ownkey_domain::caller::PlatformKey;
use ownkey_domain::id::{ApiKeyId, WorkspaceId};
use ownkey_domain::platform_key::LookupId;
use ownkey_domain::scope::Scope;
use ownkey_domain::time::Timestamp;

use serde_json::json;
use sqlx::FromRow;
use uuid::Uuid;

use crate::change::ChangeKind;
use crate::db::on;
use crate::{By, Note, Page, Result, Store, StoreError, page, workspaces};

/// How much a platform key may do a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// Calls a minute; absent is no limit of its own.
    pub requests_per_minute: Option<u32>,
    /// Tokens a minute; absent is no limit of its own.
    pub tokens_per_minute: Option<u64>,
}

/// What people may know of a platform key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// The workspace it acts for.
    pub workspace: WorkspaceId,
    /// The public part of its text.
    pub lookup: LookupId,
    /// The name people gave it.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// How much.
    pub limits: Limits,
    /// When it stops working.
    pub expires_at: Option<Timestamp>,
    /// Who made it, as the audit log names him.
    pub created_by: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When a call last came with it, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// A platform key to make.
#[derive(Debug, Clone)]
pub struct NewApiKey {
    /// The name people gave it.
    pub name: String,
    /// The public part of its text.
    pub lookup: LookupId,
    /// All the data plane needs.
    pub key: PlatformKey,
    /// How much it may do.
    pub limits: Limits,
    /// What for.
    pub purpose: KeyPurpose,
}

/// What a platform key is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyPurpose {
    /// Whatever its maker wants.
    Own,
    /// The playground of the person who makes it: short-lived, in no list, deleted when its time is over.
    Playground,
}

impl KeyPurpose {
    const fn as_str(self) -> Option<&'static str> {
        match self {
            Self::Own => None,
            Self::Playground => Some("playground"),
        }
    }
}

/// What the data plane knows of a platform key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The key; it may have expired.
    pub key: PlatformKey,
    /// How much it may do.
    pub limits: Limits,
}

macro_rules! api_keys {
    ($where:literal) => {
        concat!(
            "SELECT id, workspace, lookup, name, scopes, expires_at, requests_per_minute, tokens_per_minute, \
             created_by, created_at, last_used_at, revoked_at FROM api_keys WHERE workspace = $1 AND ",
            $where
        )
    };
}

impl Store {
    /// Makes a platform key. `None` if there is no such workspace.
    pub async fn create_api_key(&self, new: &NewApiKey, by: By) -> Result<Option<ApiKey>> {
        const SQL: &str = "INSERT INTO api_keys (id, workspace, lookup, name, hash, pepper, scopes, expires_at, \
            requests_per_minute, tokens_per_minute, created_by, created_at, purpose) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT DO NOTHING";
        const OVER: &str = "DELETE FROM api_keys WHERE workspace = $1 AND purpose IS NOT NULL AND expires_at <= $2";
        let NewApiKey { name, lookup, key, limits, purpose } = new;
        let tokens = limits.tokens_per_minute.map(i64::try_from).transpose();
        let tokens = tokens.map_err(|_| StoreError::Unstorable("token limit"))?;
        let mut work = self.mutate(by).await?;
        if !workspaces::is_live(&mut work.tx, key.workspace).await? {
            return Ok(None);
        }
        on!(work.tx.on(), c => sqlx::query(OVER)
            .bind(key.workspace.uuid()).bind(by.at.millis()).execute(c).await.map(drop))?;
        let made = on!(work.tx.on(), c => sqlx::query(SQL)
            .bind(key.id.uuid()).bind(key.workspace.uuid()).bind(lookup.as_str()).bind(name)
            .bind(&key.hash[..]).bind(i64::from(key.pepper)).bind(json!(key.scopes).to_string())
            .bind(key.expires_at.map(Timestamp::millis)).bind(limits.requests_per_minute.map(i64::from)).bind(tokens)
            .bind(by.actor.to_string()).bind(by.at.millis()).bind(purpose.as_str())
            .execute(c).await.map(|r| r.rows_affected()))?;
        if made != 1 {
            return Err(StoreError::Duplicate("platform key"));
        }
        work.told(ChangeKind::ApiKey, key.workspace, key.id.uuid()).await?;
        let detail = json!({"name": name, "scopes": key.scopes, "expires_at": key.expires_at});
        let object = key.id.to_string();
        work.note(&Note { workspace: Some(key.workspace), action: "api_key.create", object, detail }).await?;
        work.commit().await?;
        Ok(Some(ApiKey {
            id: key.id,
            workspace: key.workspace,
            lookup: *lookup,
            name: name.clone(),
            scopes: key.scopes.clone(),
            limits: *limits,
            expires_at: key.expires_at,
            created_by: by.actor.to_string(),
            created_at: by.at,
            last_used_at: None,
            revoked_at: None,
        }))
    }

    /// A platform key of the workspace, also a revoked one.
    pub async fn api_key(&self, workspace: WorkspaceId, id: ApiKeyId) -> Result<Option<ApiKey>> {
        const SQL: &str = api_keys!("id = $2");
        let row: Option<ApiKeyRow> = on!(self.inner.db.read(), c => sqlx::query_as(SQL)
            .bind(workspace.uuid()).bind(id.uuid()).fetch_optional(c).await)?;
        row.map(ApiKey::try_from).transpose()
    }

    /// The workspace's platform keys, revoked ones too but none of playgrounds, older than `before` if given.
    pub async fn api_keys(&self, workspace: WorkspaceId, before: Option<ApiKeyId>, limit: u32) -> Result<Page<ApiKey>> {
        const SQL: &str = api_keys!("id < $2 AND purpose IS NULL ORDER BY id DESC LIMIT $3");
        let before = before.map_or(Uuid::max(), ApiKeyId::uuid);
        let rows: Vec<ApiKeyRow> = on!(self.inner.db.read(), c => sqlx::query_as(SQL)
            .bind(workspace.uuid()).bind(before).bind(page::rows(limit)).fetch_all(c).await)?;
        let keys = rows.into_iter().map(ApiKey::try_from).collect::<Result<_>>()?;
        Ok(Page::of(keys, limit))
    }

    /// Revokes a platform key. Whether there was one to revoke.
    pub async fn revoke_api_key(&self, workspace: WorkspaceId, id: ApiKeyId, by: By) -> Result<bool> {
        const SQL: &str = "UPDATE api_keys SET revoked_at = $3 \
            WHERE workspace = $1 AND id = $2 AND revoked_at IS NULL";
        let mut work = self.mutate(by).await?;
        let touched = on!(work.tx.on(), c => sqlx::query(SQL)
            .bind(workspace.uuid()).bind(id.uuid()).bind(by.at.millis())
            .execute(c).await.map(|r| r.rows_affected()))?;
        if touched == 0 {
            return Ok(false);
        }
        work.changed(ChangeKind::ApiKey, workspace, id.uuid()).await?;
        let (object, detail) = (id.to_string(), json!({}));
        work.note(&Note { workspace: Some(workspace), action: "api_key.revoke", object, detail }).await?;
        work.commit().await?;
        Ok(true)
    }

    /// The platform key that text leads to, unless it is revoked or its workspace deleted.
    pub async fn caller(&self, lookup: &LookupId) -> Result<Option<Caller>> {
        const SQL: &str = "SELECT k.id, k.workspace, k.hash, k.pepper, k.scopes, k.expires_at, \
            k.requests_per_minute, k.tokens_per_minute \
            FROM api_keys k JOIN workspaces w ON w.id = k.workspace \
            WHERE k.lookup = $1 AND k.revoked_at IS NULL AND w.deleted_at IS NULL";
        let _turn = self.inner.callers.turn(lookup).await?;
        let row: Option<CallerRow> =
            on!(self.inner.db.read(), c => sqlx::query_as(SQL).bind(lookup.as_str()).fetch_optional(c).await)?;
        self.inner.callers.looked_up(lookup, row.is_some());
        row.map(Caller::try_from).transpose()
    }
}

const CORRUPT: StoreError = StoreError::Corrupt("platform key");

fn limits(requests: Option<i64>, tokens: Option<i64>) -> Result<Limits> {
    Ok(Limits {
        requests_per_minute: requests.map(u32::try_from).transpose().map_err(|_| CORRUPT)?,
        tokens_per_minute: tokens.map(u64::try_from).transpose().map_err(|_| CORRUPT)?,
    })
}

#[derive(FromRow)]
struct ApiKeyRow {
    id: Uuid,
    workspace: Uuid,
    lookup: String,
    name: String,
    scopes: String,
    expires_at: Option<i64>,
    requests_per_minute: Option<i64>,
    tokens_per_minute: Option<i64>,
    created_by: String,
    created_at: i64,
    last_used_at: Option<i64>,
    revoked_at: Option<i64>,
}

impl TryFrom<ApiKeyRow> for ApiKey {
    type Error = StoreError;

    fn try_from(row: ApiKeyRow) -> Result<Self> {
        Ok(Self {
            id: ApiKeyId::from_uuid(row.id),
            workspace: WorkspaceId::from_uuid(row.workspace),
            lookup: LookupId::parse(&row.lookup).ok_or(CORRUPT)?,
            name: row.name,
            scopes: serde_json::from_str(&row.scopes).map_err(|_| CORRUPT)?,
            limits: limits(row.requests_per_minute, row.tokens_per_minute)?,
            expires_at: row.expires_at.map(Timestamp::from_millis),
            created_by: row.created_by,
            created_at: Timestamp::from_millis(row.created_at),
            last_used_at: row.last_used_at.map(Timestamp::from_millis),
            revoked_at: row.revoked_at.map(Timestamp::from_millis),
        })
    }
}

#[derive(FromRow)]
struct CallerRow {
    id: Uuid,
    workspace: Uuid,
    hash: Vec<u8>,
    #[sqlx(try_from = "i64")]
    pepper: u32,
    scopes: String,
    expires_at: Option<i64>,
    requests_per_minute: Option<i64>,
    tokens_per_minute: Option<i64>,
}

impl TryFrom<CallerRow> for Caller {
    type Error = StoreError;

    fn try_from(row: CallerRow) -> Result<Self> {
        let limits = limits(row.requests_per_minute, row.tokens_per_minute)?;
        let key = PlatformKey {
            id: ApiKeyId::from_uuid(row.id),
            workspace: WorkspaceId::from_uuid(row.workspace),
            scopes: serde_json::from_str(&row.scopes).map_err(|_| CORRUPT)?,
            hash: row.hash.try_into().map_err(|_| CORRUPT)?,
            pepper: row.pepper,
            expires_at: row.expires_at.map(Timestamp::from_millis),
            requests_per_minute: limits.requests_per_minute,
            tokens_per_minute: limits.tokens_per_minute,
        };
        Ok(Self { key, limits })
    }
}
