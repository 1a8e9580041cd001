use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::{NewWebhookView, gone, id_of};
use crate::auth::InWorkspace;
use crate::control::Control;
use crate::problem::{Problem, ProblemDocument};

/// Gives a webhook a new secret. For a day messages are signed with the one before too, so that its receiver can change
/// over.
#[utoipa::path(
    post,
    path = "/api/v1/workspaces/{ws}/webhooks/{id}/secret",
    operation_id = "rotate_webhook_secret",
    tag = "webhooks",
    params(
        ("ws" = String, Path, description = "The workspace's id, or `current`"),
        ("id" = String, Path, description = "The webhook's id"),
    ),
    responses(
        (status = 200, body = NewWebhookView),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn rotate(
    State(control): State<Arc<Control>>,
    access: InWorkspace,
) -> Result<Json<NewWebhookView>, Problem> {
    let of = (access.id(), id_of(&access)?);
    let routing = control.store().routing(access.id()).await?.ok_or_else(gone)?;
    let made = control.parts.webhooks.rotate(of, &routing.dek, control.by(&access.who)).await?;
    Ok(Json(made.into()))
}
