use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::{AgentView, all, gone, name_of};
use crate::auth::InWorkspace;
use crate::control::Control;
use crate::problem::{Problem, ProblemDocument};

/// Shows an agent with its model.
#[utoipa::path(
    get,
    path = "/api/v1/workspaces/{ws}/agents/{name}",
    operation_id = "get_agent",
    tag = "agents",
    params(
        ("ws" = String, Path, description = "The workspace's id, or `current`"),
        ("name" = String, Path, description = "The agent's name"),
    ),
    responses(
        (status = 200, body = AgentView),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn get(State(control): State<Arc<Control>>, access: InWorkspace) -> Result<Json<AgentView>, Problem> {
    let name = name_of(&access)?;
    let found = all(&control, &access).await?.into_iter().find(|agent| agent.name == name);
    Ok(Json(found.ok_or_else(gone)?))
}
