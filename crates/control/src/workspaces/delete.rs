use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;

use super::gone;
use crate::auth::InWorkspace;
use crate::control::Control;
use crate::problem::{Problem, ProblemDocument};

/// Deletes a workspace: its platform keys and provider keys end, what could open them is destroyed.
#[utoipa::path(
    delete,
    path = "/api/v1/workspaces/{ws}",
    operation_id = "delete_workspace",
    tag = "workspaces",
    params(("ws" = String, Path, description = "The workspace's id")),
    responses(
        (status = 204),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn delete(State(control): State<Arc<Control>>, access: InWorkspace) -> Result<StatusCode, Problem> {
    let deleted = control.store().delete_workspace(access.id(), control.by(&access.who)).await?;
    if deleted { Ok(StatusCode::NO_CONTENT) } else { Err(gone()) }
}
