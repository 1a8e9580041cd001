//! Workspaces. A deleted one keeps its row and its receipts, and loses everything that opens a key.

use ownkey_domain::id::WorkspaceId;
use ownkey_domain::policy::{Fallback, PayerPolicy};
use ownkey_domain::time::Timestamp;

use serde_json::json;
use sqlx::FromRow;
use uuid::Uuid;

use crate::change::ChangeKind;
use crate::db::{Tx, on};
use crate::mutation::Mutation;
use crate::{By, Note, Page, Result, Store, StoreError, WrappedDek, connections, page, responses, webhooks};

/// A workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    /// Its id.
    pub id: WorkspaceId,
    /// The name people read.
    pub name: String,
    /// The product's own id of it; unique among those that are not deleted.
    pub external_id: Option<String>,
    /// The id of its plan.
    pub plan: String,
    /// Who it wants to pay.
    pub policy: PayerPolicy,
    /// When managed access may step in for its own keys.
    pub fallback: Fallback,
    /// Features it has beyond its plan's.
    pub features: Vec<String>,
    /// Where its billing periods start.
    pub period_anchor: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A workspace to make.
#[derive(Debug, Clone)]
pub struct NewWorkspace {
    /// Its id, a fresh one.
    pub id: WorkspaceId,
    /// The name people read.
    pub name: String,
    /// The product's own id of it.
    pub external_id: Option<String>,
    /// The id of its plan.
    pub plan: String,
    /// Features it has beyond its plan's.
    pub features: Vec<String>,
    /// Where its billing periods start.
    pub period_anchor: Option<Timestamp>,
    /// Its DEK.
    pub dek: WrappedDek,
}

/// What to change of a workspace; `None` leaves a thing as it is.
#[derive(Debug, Clone, Default)]
pub struct WorkspacePatch {
    /// The name people read.
    pub name: Option<String>,
    /// The product's own id of it; `Some(None)` takes it away.
    pub external_id: Option<Option<String>>,
    /// The id of its plan.
    pub plan: Option<String>,
    /// Features it has beyond its plan's.
    pub features: Option<Vec<String>>,
    /// Where its billing periods start; `Some(None)` takes it away.
    pub period_anchor: Option<Option<Timestamp>>,
}

macro_rules! workspaces {
    ($rest:literal) => {
        concat!(
            "SELECT id, name, external_id, plan, policy, fallback, features, period_anchor, created_at FROM workspaces \
             WHERE deleted_at IS NULL AND ",
            $rest
        )
    };
}
const BY_ID: &str = workspaces!("id = $1");

impl Store {
    /// Makes a workspace; `Duplicate` if its external id is taken.
    pub async fn create_workspace(&self, new: &NewWorkspace, by: By) -> Result<Workspace> {
        let mut work = self.mutate(by).await?;
        insert(&mut work, new).await?;
        work.commit().await?;
        Ok(Workspace {
            id: new.id,
            name: new.name.clone(),
            external_id: new.external_id.clone(),
            plan: new.plan.clone(),
            policy: PayerPolicy::default(),
            fallback: Fallback::default(),
            features: new.features.clone(),
            period_anchor: new.period_anchor,
            created_at: by.at,
        })
    }

    /// A workspace that is not deleted.
    pub async fn workspace(&self, id: WorkspaceId) -> Result<Option<Workspace>> {
        let row: Option<WorkspaceRow> =
            on!(self.inner.db.read(), c => sqlx::query_as(BY_ID).bind(id.uuid()).fetch_optional(c).await)?;
        row.map(Workspace::try_from).transpose()
    }

    /// The workspace with that external id.
    pub async fn workspace_by_external_id(&self, external_id: &str) -> Result<Option<Workspace>> {
        const SQL: &str = workspaces!("external_id = $1");
        let row: Option<WorkspaceRow> =
            on!(self.inner.db.read(), c => sqlx::query_as(SQL).bind(external_id).fetch_optional(c).await)?;
        row.map(Workspace::try_from).transpose()
    }

    /// Workspaces that are not deleted, older than `before` if given.
    pub async fn workspaces(&self, before: Option<WorkspaceId>, limit: u32) -> Result<Page<Workspace>> {
        const SQL: &str = workspaces!("id < $1 ORDER BY id DESC LIMIT $2");
        let before = before.map_or(Uuid::max(), WorkspaceId::uuid);
        let rows: Vec<WorkspaceRow> = on!(self.inner.db.read(), c => sqlx::query_as(SQL)
            .bind(before).bind(page::rows(limit)).fetch_all(c).await)?;
        let workspaces = rows.into_iter().map(Workspace::try_from).collect::<Result<_>>()?;
        Ok(Page::of(workspaces, limit))
    }

    /// Changes a workspace; `Duplicate` if its new external id is taken.
    pub async fn update_workspace(&self, id: WorkspaceId, patch: &WorkspacePatch, by: By) -> Result<Option<Workspace>> {
        const TAKEN: &str = workspaces!("external_id = $1 AND id <> $2");
        const SQL: &str = "UPDATE workspaces \
            SET name = $2, external_id = $3, plan = $4, features = $5, period_anchor = $6 WHERE id = $1";
        let mut work = self.mutate(by).await?;
        let row: Option<WorkspaceRow> =
            on!(work.tx.on(), c => sqlx::query_as(BY_ID).bind(id.uuid()).fetch_optional(c).await)?;
        let Some(before) = row.map(Workspace::try_from).transpose()? else { return Ok(None) };
        let after = patch.apply(before.clone());
        if before == after {
            return Ok(Some(after));
        }
        let taken: Option<WorkspaceRow> = on!(work.tx.on(), c => sqlx::query_as(TAKEN)
            .bind(&after.external_id).bind(id.uuid()).fetch_optional(c).await)?;
        if taken.is_some() {
            return Err(StoreError::Duplicate("workspace"));
        }
        let touched = on!(work.tx.on(), c => sqlx::query(SQL)
            .bind(id.uuid()).bind(&after.name).bind(&after.external_id).bind(&after.plan)
            .bind(json!(after.features).to_string()).bind(after.period_anchor.map(Timestamp::millis))
            .execute(c).await.map(|r| r.rows_affected()))?;
        exactly_one(touched)?;
        let mut detail = patch.told();
        detail["before"] = patch.of(&before).told();
        told(&mut work, id, "workspace.update", detail).await?;
        work.commit().await?;
        Ok(Some(after))
    }

    /// Changes who pays, and when managed access may step in. Whether there was such a workspace.
    pub async fn set_policy(&self, id: WorkspaceId, policy: PayerPolicy, fallback: &Fallback, by: By) -> Result<bool> {
        const SQL: &str = "UPDATE workspaces SET policy = $2, fallback = $3 WHERE id = $1 AND deleted_at IS NULL";
        let mut work = self.mutate(by).await?;
        let row: Option<WorkspaceRow> =
            on!(work.tx.on(), c => sqlx::query_as(BY_ID).bind(id.uuid()).fetch_optional(c).await)?;
        let Some(before) = row.map(Workspace::try_from).transpose()? else { return Ok(false) };
        let touched = on!(work.tx.on(), c => sqlx::query(SQL)
            .bind(id.uuid()).bind(policy.as_str()).bind(json!(fallback).to_string())
            .execute(c).await.map(|r| r.rows_affected()))?;
        exactly_one(touched)?;
        let say = |policy: PayerPolicy, fallback: &Fallback| json!({"payer": policy.as_str(), "fallback": fallback});
        let mut detail = say(policy, fallback);
        detail["before"] = say(before.policy, &before.fallback);
        told(&mut work, id, "workspace.policy", detail).await?;
        work.commit().await?;
        Ok(true)
    }

    /// Deletes a workspace: revokes its platform keys, ends its credentials and connections, removes its webhooks,
    /// destroys its DEK, forgets its responses.
    /// Its receipts and audit log stay. Whether there was such a workspace.
    pub async fn delete_workspace(&self, id: WorkspaceId, by: By) -> Result<bool> {
        const GONE: &str = "UPDATE workspaces SET deleted_at = $2, wrapped_dek = $3 \
            WHERE id = $1 AND deleted_at IS NULL";
        const KEYS: &str = "UPDATE api_keys SET revoked_at = $2 WHERE workspace = $1 AND revoked_at IS NULL \
            RETURNING id";
        const CREDENTIALS: &str = "UPDATE credentials SET ended_at = $2, sealed = $3 \
            WHERE workspace = $1 AND ended_at IS NULL RETURNING id";
        let (at, nothing) = (by.at.millis(), Vec::<u8>::new());
        let mut work = self.mutate(by).await?;
        let touched = on!(work.tx.on(), c => sqlx::query(GONE)
            .bind(id.uuid()).bind(at).bind(&nothing).execute(c).await.map(|r| r.rows_affected()))?;
        if touched == 0 {
            return Ok(false);
        }
        let keys: Vec<(Uuid,)> =
            on!(work.tx.on(), c => sqlx::query_as(KEYS).bind(id.uuid()).bind(at).fetch_all(c).await)?;
        let ended: Vec<(Uuid,)> = on!(work.tx.on(), c => sqlx::query_as(CREDENTIALS)
            .bind(id.uuid()).bind(at).bind(&nothing).fetch_all(c).await)?;
        responses::forget(&mut work.tx, id).await?;
        let connections = connections::end_all(&mut work.tx, id, by.at).await?;
        let webhooks = webhooks::remove_all(&mut work.tx, id).await?;
        let detail = json!({
            "api_keys": keys.len(),
            "credentials": ended.len(),
            "connections": connections,
            "webhooks": webhooks,
        });
        for (key,) in keys {
            work.changed(ChangeKind::ApiKey, id, key).await?;
        }
        for (credential,) in ended {
            work.changed(ChangeKind::Credential, id, credential).await?;
        }
        told(&mut work, id, "workspace.delete", detail).await?;
        work.erased();
        work.commit().await?;
        Ok(true)
    }
}

/// Makes a workspace within a mutation.
pub(crate) async fn insert(work: &mut Mutation<'_>, new: &NewWorkspace) -> Result<()> {
    const SQL: &str = "INSERT INTO workspaces \
        (id, name, external_id, plan, policy, features, period_anchor, wrapped_dek, dek_version, created_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING";
    let (policy, at) = (PayerPolicy::default(), work.by.at.millis());
    let made = on!(work.tx.on(), c => sqlx::query(SQL)
        .bind(new.id.uuid()).bind(&new.name).bind(&new.external_id).bind(&new.plan).bind(policy.as_str())
        .bind(json!(new.features).to_string()).bind(new.period_anchor.map(Timestamp::millis))
        .bind(&new.dek.wrapped).bind(i64::from(new.dek.version)).bind(at)
        .execute(c).await.map(|r| r.rows_affected()))?;
    if made != 1 {
        return Err(StoreError::Duplicate("workspace"));
    }
    let detail = json!({"name": new.name, "external_id": new.external_id, "plan": new.plan});
    // Nobody remembers what was not there.
    work.told(ChangeKind::Workspace, new.id, new.id.uuid()).await?;
    let object = new.id.to_string();
    work.note(&Note { workspace: Some(new.id), action: "workspace.create", object, detail }).await
}

/// Whether there is such a workspace. Nothing changes that before the transaction ends.
pub(crate) async fn is_live(tx: &mut Tx, id: WorkspaceId) -> Result<bool> {
    const SQL: &str = "SELECT COUNT(*) FROM workspaces WHERE id = $1 AND deleted_at IS NULL";
    let (count,): (i64,) = on!(tx.on(), c => sqlx::query_as(SQL).bind(id.uuid()).fetch_one(c).await)?;
    Ok(count == 1)
}

async fn told(work: &mut Mutation<'_>, id: WorkspaceId, action: &'static str, detail: serde_json::Value) -> Result<()> {
    work.changed(ChangeKind::Workspace, id, id.uuid()).await?;
    work.note(&Note { workspace: Some(id), action, object: id.to_string(), detail }).await
}

fn exactly_one(touched: u64) -> Result<()> {
    if touched == 1 { Ok(()) } else { Err(StoreError::RowCount("workspaces")) }
}

impl WorkspacePatch {
    fn apply(&self, mut workspace: Workspace) -> Workspace {
        let patch = self.clone();
        workspace.name = patch.name.unwrap_or(workspace.name);
        workspace.external_id = patch.external_id.unwrap_or(workspace.external_id);
        workspace.plan = patch.plan.unwrap_or(workspace.plan);
        workspace.features = patch.features.unwrap_or(workspace.features);
        workspace.period_anchor = patch.period_anchor.unwrap_or(workspace.period_anchor);
        workspace
    }

    /// What puts back what it changes.
    fn of(&self, before: &Workspace) -> Self {
        let before = before.clone();
        Self {
            name: self.name.as_ref().map(|_| before.name),
            external_id: self.external_id.as_ref().map(|_| before.external_id),
            plan: self.plan.as_ref().map(|_| before.plan),
            features: self.features.as_ref().map(|_| before.features),
            period_anchor: self.period_anchor.as_ref().map(|_| before.period_anchor),
        }
    }

    /// What the audit log says of it.
    fn told(&self) -> serde_json::Value {
        let mut told = serde_json::Map::new();
        let mut tell = |name: &str, value: Option<serde_json::Value>| {
            told.extend(value.map(|value| (name.to_owned(), value)));
        };
        tell("name", self.name.as_ref().map(|v| json!(v)));
        tell("external_id", self.external_id.as_ref().map(|v| json!(v)));
        tell("plan", self.plan.as_ref().map(|v| json!(v)));
        tell("features", self.features.as_ref().map(|v| json!(v)));
        tell("period_anchor", self.period_anchor.as_ref().map(|v| json!(v)));
        told.into()
    }
}

#[derive(FromRow)]
struct WorkspaceRow {
    id: Uuid,
    name: String,
    external_id: Option<String>,
    plan: String,
    policy: String,
    fallback: String,
    features: String,
    period_anchor: Option<i64>,
    created_at: i64,
}

impl TryFrom<WorkspaceRow> for Workspace {
    type Error = StoreError;

    fn try_from(row: WorkspaceRow) -> Result<Self> {
        let corrupt = StoreError::Corrupt("workspace");
        let (Ok(policy), Ok(features)) = (row.policy.parse(), serde_json::from_str(&row.features)) else {
            return Err(corrupt);
        };
        let fallback = serde_json::from_str(&row.fallback).map_err(|_| StoreError::Corrupt("fallback"))?;
        Ok(Self {
            id: WorkspaceId::from_uuid(row.id),
            name: row.name,
            external_id: row.external_id,
            plan: row.plan,
            policy,
            fallback,
            features,
            period_anchor: row.period_anchor.map(Timestamp::from_millis),
            created_at: Timestamp::from_millis(row.created_at),
        })
    }
}
