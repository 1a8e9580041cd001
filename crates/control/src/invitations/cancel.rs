use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;

use crate::auth::InWorkspace;
use crate::control::Control;
use crate::problem::{Problem, ProblemDocument};

/// Takes an invitation back: its link works no more.
#[utoipa::path(
    delete,
    path = "/api/v1/workspaces/{ws}/invitations/{id}",
    operation_id = "cancel_invitation",
    tag = "members",
    params(
        ("ws" = String, Path, description = "The workspace's id, or `current`"),
        ("id" = String, Path, description = "The invitation's id"),
    ),
    responses(
        (status = 204),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn cancel(State(control): State<Arc<Control>>, access: InWorkspace) -> Result<StatusCode, Problem> {
    let gone = || Problem::not_found("There is no such open invitation to this workspace.");
    let id = access.segment("id").parse().map_err(|_| gone())?;
    let is_done = control.store().cancel_invitation(access.id(), id, control.by(&access.who)).await?;
    if is_done { Ok(StatusCode::NO_CONTENT) } else { Err(gone()) }
}
