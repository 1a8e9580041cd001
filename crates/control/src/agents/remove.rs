use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;

use super::{gone, name_of};
use crate::auth::InWorkspace;
use crate::control::Control;
use crate::problem::{Problem, ProblemDocument};

/// Removes an agent. The lead stays, with its default model.
#[utoipa::path(
    delete,
    path = "/api/v1/workspaces/{ws}/agents/{name}",
    operation_id = "remove_agent",
    tag = "agents",
    params(
        ("ws" = String, Path, description = "The workspace's id, or `current`"),
        ("name" = String, Path, description = "The agent's name"),
    ),
    responses(
        (status = 204),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn remove(State(control): State<Arc<Control>>, access: InWorkspace) -> Result<StatusCode, Problem> {
    let name = name_of(&access)?;
    let removed = control.store().remove_agent(access.id(), &name, control.by(&access.who)).await?;
    if removed || name.is_lead() { Ok(StatusCode::NO_CONTENT) } else { Err(gone()) }
}
