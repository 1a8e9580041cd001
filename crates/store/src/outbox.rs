//! The outbox: what webhooks are told, written in the transaction of what it tells of, so that neither is there without
//! the other. Sent it is in the background (`webhooks::send`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use ownkey_domain::id::WorkspaceId;
use ownkey_domain::time::Timestamp;
use ownkey_domain::webhook::Event;
use serde_json::{Value, json};
use sqlx::FromRow;
use uuid::Uuid;

use crate::db::Tx;
use crate::dialect::{WideStatement, wide_rows};
use crate::fresh::fresh_id;
use crate::{Result, StoreError, dialect};

/// Something that a workspace wants to be told of.
#[derive(Debug, Clone)]
pub(crate) struct Fact {
    pub workspace: WorkspaceId,
    pub event: Event,
    /// What people should know of it. Never a secret: it goes elsewhere.
    pub data: Value,
    /// What names it, if it is told once however often it is found.
    pub once: Option<String>,
}

/// Who wants to be told what.
#[derive(Debug, Default)]
pub(crate) struct Subscribers(BTreeMap<WorkspaceId, Vec<Subscriber>>);

#[derive(Debug)]
struct Subscriber {
    webhook: Uuid,
    events: BTreeSet<Event>,
}

wide_rows! {
    /// A workspace to look for.
    Asked {
        workspace: Uuid => "uuid",
    }
}

wide_rows! {
    /// A message that is not sent yet.
    NewMessage {
        id: Uuid => "uuid",
        webhook: Uuid => "uuid",
        event: String => "text",
        once: Option<String> => "text",
        body: String => "text",
        state: String => "text",
        due_at: i64 => "bigint",
        created_at: i64 => "bigint",
    }
}

#[derive(FromRow)]
struct SubscriberRow {
    id: Uuid,
    workspace: Uuid,
    events: String,
}

static SUBSCRIBERS: LazyLock<WideStatement<Asked>> = LazyLock::new(|| {
    WideStatement::new(
        "SELECT w.id, w.workspace, w.events FROM {rows} JOIN webhooks w ON w.workspace = v.column1 \
         WHERE w.disabled IS NULL",
    )
});
static ADD_MESSAGES: LazyLock<WideStatement<NewMessage>> = LazyLock::new(|| {
    WideStatement::new(
        "INSERT INTO webhook_messages ({columns}) SELECT * FROM {rows} WHERE column1 IS NOT NULL \
         ON CONFLICT DO NOTHING",
    )
});

impl Subscribers {
    /// Those of some workspaces.
    pub async fn of(tx: &mut Tx, workspaces: &BTreeSet<WorkspaceId>) -> Result<Self> {
        let asked: Vec<_> = workspaces.iter().map(|workspace| Asked { workspace: workspace.uuid() }).collect();
        let rows: Vec<SubscriberRow> = SUBSCRIBERS.fetch(tx, asked).await?;
        let mut all = Self::default();
        for row in rows {
            let events = serde_json::from_str(&row.events).map_err(|_| StoreError::Corrupt("webhook"))?;
            let subscriber = Subscriber { webhook: row.id, events };
            all.0.entry(WorkspaceId::from_uuid(row.workspace)).or_default().push(subscriber);
        }
        Ok(all)
    }

    /// The workspaces in which somebody wants to be told of such an event.
    pub fn wanting(&self, event: Event) -> BTreeSet<WorkspaceId> {
        let wants = |subscribers: &[Subscriber]| subscribers.iter().any(|one| one.events.contains(&event));
        self.0.iter().filter(|(_, subscribers)| wants(subscribers)).map(|(workspace, _)| *workspace).collect()
    }

    /// Writes a message for each webhook that wants to be told.
    pub async fn tell(&self, tx: &mut Tx, facts: &[Fact], at: Timestamp) -> Result<()> {
        let due_at = dialect::now(tx).await?;
        let mut messages = Vec::new();
        for fact in facts {
            let all = self.0.get(&fact.workspace).into_iter().flatten();
            for subscriber in all.filter(|subscriber| subscriber.events.contains(&fact.event)) {
                messages.push(message(subscriber.webhook, fact, (at, due_at))?);
            }
        }
        ADD_MESSAGES.run(tx, messages).await.map(drop)
    }
}

/// Tells whoever wants to be told.
pub(crate) async fn tell(tx: &mut Tx, fact: Fact, at: Timestamp) -> Result<()> {
    Subscribers::of(tx, &BTreeSet::from([fact.workspace])).await?.tell(tx, &[fact], at).await
}

/// Tells one webhook, whatever it wants to be told of. The message's id.
pub(crate) async fn tell_one(tx: &mut Tx, webhook: Uuid, fact: &Fact, at: Timestamp) -> Result<Uuid> {
    let due_at = dialect::now(tx).await?;
    let message = message(webhook, fact, (at, due_at))?;
    let id = message.id;
    ADD_MESSAGES.run(tx, vec![message]).await?;
    Ok(id)
}

/// A message that is due by the database's clock, of what happened at a time by the node's.
fn message(webhook: Uuid, fact: &Fact, (at, due_at): (Timestamp, i64)) -> Result<NewMessage> {
    let body = json!({
        "type": fact.event,
        "timestamp": at,
        "workspace": fact.workspace,
        "data": fact.data,
    });
    Ok(NewMessage {
        id: fresh_id(at)?,
        webhook,
        event: fact.event.as_str().to_owned(),
        once: fact.once.clone(),
        body: body.to_string(),
        state: "pending".to_owned(),
        due_at,
        created_at: at.millis(),
    })
}
