use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;

use super::{gone, id_of};
use crate::auth::InWorkspace;
use crate::control::Control;
use crate::problem::{Problem, ProblemDocument};

/// Disconnects an account: its tokens are forgotten here, and revoked at the provider where it lets them be. When this
/// answers, nobody is given a token of it any more. What the provider did not revoke is told by `last_error`.
#[utoipa::path(
    delete,
    path = "/api/v1/workspaces/{ws}/connections/{id}",
    operation_id = "disconnect",
    tag = "connections",
    params(
        ("ws" = String, Path, description = "The workspace's id, or `current`"),
        ("id" = String, Path, description = "The connection's id"),
    ),
    responses(
        (status = 204),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn disconnect(
    State(control): State<Arc<Control>>,
    access: InWorkspace,
) -> Result<StatusCode, Problem> {
    let (workspace, id) = (access.id(), id_of(&access)?);
    let routing = control.store().routing(workspace).await?.ok_or_else(gone)?;
    let by = control.by(&access.who);
    let ended = control.parts.connections.disconnect((workspace, id), &routing.dek, by).await?;
    if ended { Ok(StatusCode::NO_CONTENT) } else { Err(gone()) }
}
