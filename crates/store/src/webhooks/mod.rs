//! Webhooks, where workspaces want to be told of what happens. Secrets come and go sealed. What they are told is in
//! `messages`, how it is sent in `send`.

mod messages;
mod row;
mod send;

use std::collections::BTreeSet;

use ownkey_domain::id::{WebhookId, WorkspaceId};
use ownkey_domain::time::Timestamp;
use ownkey_domain::webhook::{Disabled, Event, OLD_SECRET_MS, WEBHOOKS_MAX};
use serde_json::{Value, json};

use crate::db::{Tx, on};
use crate::mutation::Mutation;
use crate::{By, Note, Result, Store, dialect, workspaces};
pub use messages::{Message, Replayed};
use row::WebhookRow;
pub use send::{Receivers, SealedHookSecret, SendClaim};

/// A webhook as people may know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// Whose it is.
    pub workspace: WorkspaceId,
    /// Where messages go.
    pub url: String,
    /// What it is told of.
    pub events: BTreeSet<Event>,
    /// Why it is sent nothing; absent if it is.
    pub disabled: Option<Disabled>,
    /// The generation of its secret.
    pub generation: u32,
    /// Since when its receiver has taken nothing; absent if it takes what it is sent.
    pub failing_since: Option<Timestamp>,
    /// When its receiver last took something.
    pub delivered_at: Option<Timestamp>,
    /// Who made it, as the audit log names him.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
}

/// A webhook to store.
#[derive(Debug, Clone)]
pub struct NewWebhook {
    /// Its id, a fresh one.
    pub id: WebhookId,
    /// Whose it is.
    pub workspace: WorkspaceId,
    /// Where messages go.
    pub url: String,
    /// What of that the audit log may show: an address may hold a secret of its receiver's.
    pub shown: String,
    /// What it is told of.
    pub events: BTreeSet<Event>,
    /// The sealed secret, of generation 1.
    pub secret: Vec<u8>,
}

/// What became of a new webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddedWebhook {
    /// It is stored.
    Stored,
    /// There is no such workspace.
    NoWorkspace,
    /// The workspace has as many as it may.
    TooMany,
}

/// A change of a webhook. What is absent stays as it is.
#[derive(Debug, Clone, Default)]
pub struct WebhookPatch {
    /// What it is told of from now on.
    pub events: Option<BTreeSet<Event>>,
    /// Whether it is sent anything.
    pub enabled: Option<bool>,
}

macro_rules! webhooks {
    ($where:literal) => {
        concat!(
            "SELECT id, workspace, url, events, disabled, generation, failing_since, delivered_at, created_by, \
             created_at FROM webhooks WHERE workspace = $1",
            $where
        )
    };
}

impl Store {
    /// Stores a webhook.
    pub async fn add_webhook(&self, new: &NewWebhook, by: By) -> Result<AddedWebhook> {
        const COUNT: &str = "SELECT COUNT(*) FROM webhooks WHERE workspace = $1";
        const SQL: &str = "INSERT INTO webhooks (id, workspace, url, events, secret, generation, created_by, created_at) \
            VALUES ($1, $2, $3, $4, $5, 1, $6, $7)";
        let mut work = self.mutate(by).await?;
        if !workspaces::is_live(&mut work.tx, new.workspace).await? {
            return Ok(AddedWebhook::NoWorkspace);
        }
        let (count,): (i64,) =
            on!(work.tx.on(), c => sqlx::query_as(COUNT).bind(new.workspace.uuid()).fetch_one(c).await)?;
        if usize::try_from(count).is_ok_and(|count| count >= WEBHOOKS_MAX) {
            return Ok(AddedWebhook::TooMany);
        }
        on!(work.tx.on(), c => sqlx::query(SQL)
            .bind(new.id.uuid()).bind(new.workspace.uuid()).bind(&new.url).bind(json!(new.events).to_string())
            .bind(&new.secret).bind(by.actor.to_string()).bind(by.at.millis())
            .execute(c).await.map(drop))?;
        let detail = json!({"destination": new.shown, "events": new.events});
        note(&mut work, "webhook.create", (new.workspace, new.id), detail).await?;
        work.commit().await?;
        Ok(AddedWebhook::Stored)
    }

    /// The workspace's webhooks, newest first.
    pub async fn webhooks(&self, workspace: WorkspaceId) -> Result<Vec<Webhook>> {
        const SQL: &str = webhooks!(" ORDER BY id DESC");
        let rows: Vec<WebhookRow> =
            on!(self.inner.db.read(), c => sqlx::query_as(SQL).bind(workspace.uuid()).fetch_all(c).await)?;
        rows.into_iter().map(Webhook::try_from).collect()
    }

    /// A webhook of the workspace.
    pub async fn webhook(&self, workspace: WorkspaceId, id: WebhookId) -> Result<Option<Webhook>> {
        const SQL: &str = webhooks!(" AND id = $2");
        let row: Option<WebhookRow> = on!(self.inner.db.read(), c => sqlx::query_as(SQL)
            .bind(workspace.uuid()).bind(id.uuid()).fetch_optional(c).await)?;
        row.map(Webhook::try_from).transpose()
    }

    /// Changes a webhook. Whether there is such a one.
    pub async fn change_webhook(
        &self,
        (workspace, id): (WorkspaceId, WebhookId),
        patch: &WebhookPatch,
        by: By,
    ) -> Result<bool> {
        const EVENTS: &str = "UPDATE webhooks SET events = $3 WHERE workspace = $1 AND id = $2";
        const ENABLE: &str = "UPDATE webhooks SET disabled = NULL, failing_since = NULL \
            WHERE workspace = $1 AND id = $2 AND disabled IS NOT NULL";
        let mut work = self.mutate(by).await?;
        if !exists(&mut work.tx, (workspace, id)).await? {
            return Ok(false);
        }
        if let Some(events) = &patch.events {
            on!(work.tx.on(), c => sqlx::query(EVENTS)
                .bind(workspace.uuid()).bind(id.uuid()).bind(json!(events).to_string())
                .execute(c).await.map(drop))?;
        }
        match patch.enabled {
            Some(true) => {
                on!(work.tx.on(), c => sqlx::query(ENABLE)
                    .bind(workspace.uuid()).bind(id.uuid()).execute(c).await.map(drop))?;
            }
            Some(false) => send::disable(&mut work.tx, id, Disabled::ByHand).await?,
            None => {}
        }
        let detail = json!({"events": patch.events, "enabled": patch.enabled});
        note(&mut work, "webhook.update", (workspace, id), detail).await?;
        work.commit().await?;
        Ok(true)
    }

    /// Puts a new secret in the place of a webhook's, of the generation behind it. The one before signs too for a day.
    /// `false` unless there is such a webhook, and its secret is the one before.
    pub async fn rotate_webhook_secret(
        &self,
        (workspace, id): (WorkspaceId, WebhookId),
        (secret, generation): (&[u8], u32),
        by: By,
    ) -> Result<bool> {
        const SQL: &str = "UPDATE webhooks SET old_secret = secret, old_until = $5, secret = $3, generation = $4 \
            WHERE workspace = $1 AND id = $2 AND generation = $4 - 1";
        let mut work = self.mutate(by).await?;
        let until = dialect::now(&mut work.tx).await?.saturating_add(OLD_SECRET_MS);
        let touched = on!(work.tx.on(), c => sqlx::query(SQL)
            .bind(workspace.uuid()).bind(id.uuid()).bind(secret).bind(i64::from(generation)).bind(until)
            .execute(c).await.map(|r| r.rows_affected()))?;
        if touched == 0 {
            return Ok(false);
        }
        work.erased();
        note(&mut work, "webhook.rotate_secret", (workspace, id), json!({})).await?;
        work.commit().await?;
        Ok(true)
    }

    /// Removes a webhook and what it was or would have been told. Whether there was such a one.
    pub async fn remove_webhook(&self, workspace: WorkspaceId, id: WebhookId, by: By) -> Result<bool> {
        const SQL: &str = "DELETE FROM webhooks WHERE workspace = $1 AND id = $2";
        const MESSAGES: &str = "DELETE FROM webhook_messages WHERE webhook = $1";
        let mut work = self.mutate(by).await?;
        let touched = on!(work.tx.on(), c => sqlx::query(SQL)
            .bind(workspace.uuid()).bind(id.uuid()).execute(c).await.map(|r| r.rows_affected()))?;
        if touched == 0 {
            return Ok(false);
        }
        on!(work.tx.on(), c => sqlx::query(MESSAGES).bind(id.uuid()).execute(c).await.map(drop))?;
        work.erased();
        note(&mut work, "webhook.remove", (workspace, id), json!({})).await?;
        work.commit().await?;
        Ok(true)
    }
}

/// Removes all of a workspace that is being deleted. How many there were.
pub(crate) async fn remove_all(tx: &mut Tx, workspace: WorkspaceId) -> Result<u64> {
    const MESSAGES: &str =
        "DELETE FROM webhook_messages WHERE webhook IN (SELECT id FROM webhooks WHERE workspace = $1)";
    const SQL: &str = "DELETE FROM webhooks WHERE workspace = $1";
    on!(tx.on(), c => sqlx::query(MESSAGES).bind(workspace.uuid()).execute(c).await.map(drop))?;
    Ok(on!(tx.on(), c => sqlx::query(SQL).bind(workspace.uuid()).execute(c).await.map(|r| r.rows_affected()))?)
}

async fn exists(tx: &mut Tx, (workspace, id): (WorkspaceId, WebhookId)) -> Result<bool> {
    const SQL: &str = "SELECT COUNT(*) FROM webhooks WHERE workspace = $1 AND id = $2";
    let (count,): (i64,) =
        on!(tx.on(), c => sqlx::query_as(SQL).bind(workspace.uuid()).bind(id.uuid()).fetch_one(c).await)?;
    Ok(count > 0)
}

async fn note(
    work: &mut Mutation<'_>,
    action: &'static str,
    (workspace, id): (WorkspaceId, WebhookId),
    detail: Value,
) -> Result<()> {
    work.note(&Note { workspace: Some(workspace), action, object: id.to_string(), detail }).await
}
