use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;

use super::{gone, id_of};
use crate::auth::InWorkspace;
use crate::control::Control;
use crate::problem::{Problem, ProblemDocument};

/// Removes a webhook, and what it was or would have been told.
#[utoipa::path(
    delete,
    path = "/api/v1/workspaces/{ws}/webhooks/{id}",
    operation_id = "remove_webhook",
    tag = "webhooks",
    params(
        ("ws" = String, Path, description = "The workspace's id, or `current`"),
        ("id" = String, Path, description = "The webhook's id"),
    ),
    responses(
        (status = 204),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn remove(State(control): State<Arc<Control>>, access: InWorkspace) -> Result<StatusCode, Problem> {
    let (workspace, id) = (access.id(), id_of(&access)?);
    let removed = control.store().remove_webhook(workspace, id, control.by(&access.who)).await?;
    if removed { Ok(StatusCode::NO_CONTENT) } else { Err(gone()) }
}
