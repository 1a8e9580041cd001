//! What a webhook was told, and what became of each message.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use ownkey_domain::id::MessageId;
use ownkey_domain::time::Timestamp;
use ownkey_domain::webhook::{Attempt, DeliveryState, Event};
use ownkey_store::Message;
use serde::Serialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::{gone as no_webhook, id_of};
use crate::auth::InWorkspace;
use crate::control::Control;
use crate::page::{List, Listing, Page, PageParams};
use crate::problem::{Problem, ProblemDocument};
use crate::query::Params;

/// A message to a webhook.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = WebhookDelivery)]
pub(crate) struct WebhookMessageView {
    /// Its id, the same however often it is sent: `webhook-id` at its receiver.
    #[schema(value_type = String)]
    id: MessageId,
    /// What it tells of.
    #[schema(value_type = String)]
    event: Event,
    /// `pending`, `delivered` or `failed` (given up).
    #[schema(value_type = String)]
    state: DeliveryState,
    /// The latest attempts to send it, the oldest first, up to thirty.
    #[schema(value_type = Vec<WebhookAttempt>)]
    attempts: Vec<Attempt>,
    /// When the next attempt is due; null if there will be none.
    #[schema(value_type = Option<String>)]
    next_attempt_at: Option<Timestamp>,
    /// When it was written.
    #[schema(value_type = String)]
    created_at: Timestamp,
    /// What is sent, as it is sent.
    #[schema(value_type = Object)]
    payload: Box<RawValue>,
}

/// An attempt to send a message.
#[expect(dead_code, reason = "says in OpenAPI what an attempt holds")]
#[derive(utoipa::ToSchema)]
pub(crate) struct WebhookAttempt {
    /// When it began.
    at: String,
    /// How long it took.
    took_ms: u64,
    /// `delivered`, `refused` (any status but one of success; redirects are not followed), `timed_out`, `unreachable`,
    /// `address_refused` (the name leads to no address that messages may go to: there is none, or it is not public) or
    /// `sealed` (the secret can't be opened).
    outcome: String,
    /// The receiver's status, if it answered.
    status: Option<u16>,
}

impl From<Message> for WebhookMessageView {
    fn from(message: Message) -> Self {
        Self {
            id: message.id,
            event: message.event,
            state: message.state,
            attempts: message.attempts,
            next_attempt_at: message.next_at,
            created_at: message.created_at,
            // The store wrote it as JSON.
            payload: RawValue::from_string(message.body).unwrap_or_default(),
        }
    }
}

/// Lists what a webhook was told in the last thirty days, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/workspaces/{ws}/webhooks/{id}/deliveries",
    operation_id = "list_webhook_deliveries",
    tag = "webhooks",
    params(
        ("ws" = String, Path, description = "The workspace's id, or `current`"),
        ("id" = String, Path, description = "The webhook's id"),
        PageParams,
    ),
    responses(
        (status = 200, body = Listing<WebhookMessageView>),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn list(
    State(control): State<Arc<Control>>,
    access: InWorkspace,
    mut params: Params,
) -> Result<Json<Listing<WebhookMessageView>>, Problem> {
    let page = Page::take(List::WebhookMessages, &mut params)?;
    params.finish()?;
    let of = (access.id(), id_of(&access)?);
    control.store().webhook(of.0, of.1).await?.ok_or_else(no_webhook)?;
    let before = page.before.map(|place| MessageId::from_uuid(Uuid::from_u128(place)));
    let found = control.store().webhook_messages(of, before, page.limit).await?;
    Ok(Json(page.listing(found, |message| message.id.uuid().as_u128(), WebhookMessageView::from)))
}

/// Shows a message to a webhook, with its attempts.
#[utoipa::path(
    get,
    path = "/api/v1/workspaces/{ws}/webhooks/{id}/deliveries/{delivery}",
    operation_id = "get_webhook_delivery",
    tag = "webhooks",
    params(
        ("ws" = String, Path, description = "The workspace's id, or `current`"),
        ("id" = String, Path, description = "The webhook's id"),
        ("delivery" = String, Path, description = "The message's id"),
    ),
    responses(
        (status = 200, body = WebhookMessageView),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn get(
    State(control): State<Arc<Control>>,
    access: InWorkspace,
) -> Result<Json<WebhookMessageView>, Problem> {
    let of = (access.id(), id_of(&access)?);
    let found = control.store().webhook_message(of, message_of(&access)?).await?;
    Ok(Json(found.ok_or_else(gone)?.into()))
}

pub(super) fn message_of(access: &InWorkspace) -> Result<MessageId, Problem> {
    access.segment("delivery").parse().map_err(|_| gone())
}

pub(super) fn gone() -> Problem {
    Problem::not_found("There is no such message to this webhook.")
}
