//! What webhooks were told, and will be.

use ownkey_domain::id::{MessageId, WebhookId, WorkspaceId};
use ownkey_domain::time::Timestamp;
use ownkey_domain::webhook::{Attempt, DeliveryState, Event};
use serde_json::json;
use uuid::Uuid;

use super::row::MessageRow;
use super::{exists, note};
use crate::db::on;
use crate::outbox::{self, Fact};
use crate::{By, Page, Result, Store, dialect, page};

/// A message to a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its id, the same however often it is sent.
    pub id: MessageId,
    /// What it tells of.
    pub event: Event,
    /// What is sent.
    pub body: String,
    /// What became of it so far.
    pub state: DeliveryState,
    /// The latest attempts to send it, the oldest first.
    pub attempts: Vec<Attempt>,
    /// When the next one is due; absent if there will be none.
    pub next_at: Option<Timestamp>,
    /// When it was written.
    pub created_at: Timestamp,
}

/// What became of the wish to send a message again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replayed {
    /// It is due.
    Due,
    /// The webhook is disabled.
    Disabled,
    /// It is being sent at this moment.
    UnderWay,
    /// There is no such message.
    NotFound,
}

macro_rules! messages {
    ($where:literal) => {
        concat!(
            "SELECT m.id, m.event, m.body, m.state, m.attempts, m.due_at, m.created_at FROM webhook_messages m \
             JOIN webhooks w ON w.id = m.webhook WHERE w.workspace = $1 AND m.webhook = $2 AND ",
            $where
        )
    };
}

impl Store {
    /// What a webhook of the workspace was told, newest first.
    pub async fn webhook_messages(
        &self,
        (workspace, webhook): (WorkspaceId, WebhookId),
        before: Option<MessageId>,
        limit: u32,
    ) -> Result<Page<Message>> {
        const SQL: &str = messages!("m.id < $3 ORDER BY m.id DESC LIMIT $4");
        let before = before.map_or(Uuid::max(), MessageId::uuid);
        let rows: Vec<MessageRow> = on!(self.inner.db.read(), c => sqlx::query_as(SQL)
            .bind(workspace.uuid()).bind(webhook.uuid()).bind(before).bind(page::rows(limit)).fetch_all(c).await)?;
        let items: Result<Vec<_>> = rows.into_iter().map(Message::try_from).collect();
        Ok(Page::of(items?, limit))
    }

    /// A message to a webhook of the workspace.
    pub async fn webhook_message(
        &self,
        (workspace, webhook): (WorkspaceId, WebhookId),
        id: MessageId,
    ) -> Result<Option<Message>> {
        const SQL: &str = messages!("m.id = $3");
        let row: Option<MessageRow> = on!(self.inner.db.read(), c => sqlx::query_as(SQL)
            .bind(workspace.uuid()).bind(webhook.uuid()).bind(id.uuid()).fetch_optional(c).await)?;
        row.map(Message::try_from).transpose()
    }

    /// Tells a webhook that somebody wants to see whether messages arrive. The message; `None` if there is no such
    /// webhook.
    pub async fn test_webhook(&self, of: (WorkspaceId, WebhookId), by: By) -> Result<Option<MessageId>> {
        let mut work = self.mutate(by).await?;
        if !exists(&mut work.tx, of).await? {
            return Ok(None);
        }
        let data = json!({"webhook": of.1, "asked_by": by.actor.to_string()});
        let fact = Fact { workspace: of.0, event: Event::Test, data, once: None };
        let id = outbox::tell_one(&mut work.tx, of.1.uuid(), &fact, by.at).await?;
        note(&mut work, "webhook.test", of, json!({})).await?;
        work.commit().await?;
        Ok(Some(MessageId::from_uuid(id)))
    }

    /// Sends a message again, whatever became of it. Of one that is being sent the outcome is not known yet; its claim set
    /// when both end.
    pub async fn replay_message(&self, of: (WorkspaceId, WebhookId), id: MessageId, by: By) -> Result<Replayed> {
        const FIND: &str = "SELECT w.disabled, w.lease_until, m.due_at FROM webhook_messages m JOIN webhooks w ON w.id = m.webhook \
            WHERE w.workspace = $1 AND m.webhook = $2 AND m.id = $3";
        const SQL: &str =
            "UPDATE webhook_messages SET state = 'pending', tries = 0, due_at = $3 WHERE webhook = $1 AND id = $2";
        let mut work = self.mutate(by).await?;
        let now = dialect::now(&mut work.tx).await?;
        let found: Option<(Option<String>, i64, i64)> = on!(work.tx.on(), c => sqlx::query_as(FIND)
            .bind(of.0.uuid()).bind(of.1.uuid()).bind(id.uuid()).fetch_optional(c).await)?;
        match found {
            None => return Ok(Replayed::NotFound),
            Some((Some(_), ..)) => return Ok(Replayed::Disabled),
            Some((None, lease, due)) if lease > now && due == lease => return Ok(Replayed::UnderWay),
            Some((None, ..)) => {}
        }
        on!(work.tx.on(), c => sqlx::query(SQL)
            .bind(of.1.uuid()).bind(id.uuid()).bind(now).execute(c).await.map(drop))?;
        note(&mut work, "webhook.replay", of, json!({"message": id})).await?;
        work.commit().await?;
        Ok(Replayed::Due)
    }
}
