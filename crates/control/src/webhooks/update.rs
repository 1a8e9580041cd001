use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use ownkey_store::WebhookPatch;

use super::{WebhookView, events, gone, id_of};
use crate::auth::InWorkspace;
use crate::body::JsonBody;
use crate::control::Control;
use crate::problem::{Problem, ProblemDocument};

/// What to change of a webhook.
#[expect(dead_code, reason = "says in OpenAPI what is read")]
#[derive(utoipa::ToSchema)]
pub(crate) struct WebhookChange {
    /// What it is told of from now on.
    events: Option<Vec<String>>,
    /// Whether it is sent anything. Messages that wait when it is disabled are given up; one that is enabled again is told
    /// of what happens from then on.
    enabled: Option<bool>,
}

/// Changes what a webhook is told of, disables it, or enables it again.
#[utoipa::path(
    patch,
    path = "/api/v1/workspaces/{ws}/webhooks/{id}",
    operation_id = "update_webhook",
    tag = "webhooks",
    params(
        ("ws" = String, Path, description = "The workspace's id, or `current`"),
        ("id" = String, Path, description = "The webhook's id"),
    ),
    request_body = WebhookChange,
    responses(
        (status = 200, body = WebhookView),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn update(
    State(control): State<Arc<Control>>,
    access: InWorkspace,
    body: JsonBody,
) -> Result<Json<WebhookView>, Problem> {
    let of = (access.id(), id_of(&access)?);
    let mut members = body.members()?;
    let patch =
        WebhookPatch { events: events(&mut members)?, enabled: members.optional("enabled", "`true` or `false`")? };
    members.finish()?;
    let store = control.store();
    if !store.change_webhook(of, &patch, control.by(&access.who)).await? {
        return Err(gone());
    }
    Ok(Json(store.webhook(of.0, of.1).await?.ok_or_else(gone)?.into()))
}
