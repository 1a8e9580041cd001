//! Webhooks and their messages as rows.

use std::collections::BTreeSet;

use ownkey_domain::id::{MessageId, WebhookId, WorkspaceId};
use ownkey_domain::time::Timestamp;
use ownkey_domain::webhook::{Attempt, DeliveryState, Disabled, Event};
use sqlx::FromRow;
use uuid::Uuid;

use super::{Message, Webhook};
use crate::{Result, StoreError};

#[derive(FromRow)]
pub(super) struct WebhookRow {
    id: Uuid,
    workspace: Uuid,
    url: String,
    events: String,
    disabled: Option<String>,
    generation: i64,
    failing_since: Option<i64>,
    delivered_at: Option<i64>,
    created_by: String,
    created_at: i64,
}

impl TryFrom<WebhookRow> for Webhook {
    type Error = StoreError;

    fn try_from(row: WebhookRow) -> Result<Self> {
        Ok(Self {
            id: WebhookId::from_uuid(row.id),
            workspace: WorkspaceId::from_uuid(row.workspace),
            url: row.url,
            events: events(&row.events)?,
            disabled: row.disabled.as_deref().map(disabled).transpose()?,
            generation: generation(row.generation)?,
            failing_since: row.failing_since.map(Timestamp::from_millis),
            delivered_at: row.delivered_at.map(Timestamp::from_millis),
            created_by: row.created_by,
            created_at: Timestamp::from_millis(row.created_at),
        })
    }
}

#[derive(FromRow)]
pub(super) struct MessageRow {
    id: Uuid,
    event: String,
    body: String,
    state: String,
    attempts: String,
    due_at: i64,
    created_at: i64,
}

impl TryFrom<MessageRow> for Message {
    type Error = StoreError;

    fn try_from(row: MessageRow) -> Result<Self> {
        let created_at = Timestamp::from_millis(row.created_at);
        let state = DeliveryState::ALL.into_iter().find(|state| state.as_str() == row.state).ok_or_else(corrupt)?;
        Ok(Self {
            id: MessageId::from_uuid(row.id),
            event: row.event.parse().map_err(|_| corrupt())?,
            body: row.body,
            state,
            attempts: attempts(&row.attempts)?,
            next_at: (state == DeliveryState::Pending).then(|| created_at.max(Timestamp::from_millis(row.due_at))),
            created_at,
        })
    }
}

pub(super) fn generation(number: i64) -> Result<u32> {
    u32::try_from(number).map_err(|_| corrupt())
}

pub(super) fn attempts(json: &str) -> Result<Vec<Attempt>> {
    serde_json::from_str(json).map_err(|_| corrupt())
}

fn events(json: &str) -> Result<BTreeSet<Event>> {
    serde_json::from_str(json).map_err(|_| corrupt())
}

fn disabled(word: &str) -> Result<Disabled> {
    Disabled::ALL.into_iter().find(|why| why.as_str() == word).ok_or_else(corrupt)
}

pub(super) const fn corrupt() -> StoreError {
    StoreError::Corrupt("webhook")
}
