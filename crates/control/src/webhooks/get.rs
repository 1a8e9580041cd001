use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::{WebhookView, gone, id_of};
use crate::auth::InWorkspace;
use crate::control::Control;
use crate::problem::{Problem, ProblemDocument};

/// Shows a webhook.
#[utoipa::path(
    get,
    path = "/api/v1/workspaces/{ws}/webhooks/{id}",
    operation_id = "get_webhook",
    tag = "webhooks",
    params(
        ("ws" = String, Path, description = "The workspace's id, or `current`"),
        ("id" = String, Path, description = "The webhook's id"),
    ),
    responses(
        (status = 200, body = WebhookView),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn get(
    State(control): State<Arc<Control>>,
    access: InWorkspace,
) -> Result<Json<WebhookView>, Problem> {
    let found = control.store().webhook(access.id(), id_of(&access)?).await?;
    Ok(Json(WebhookView::shown_to(&access.who, found.ok_or_else(gone)?)))
}
