use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::{AgentView, all};
use crate::auth::InWorkspace;
use crate::control::Control;
use crate::page::Listing;
use crate::problem::{Problem, ProblemDocument};

/// Lists the workspace's agents, each with its model. `lead` is always there.
#[utoipa::path(
    get,
    path = "/api/v1/workspaces/{ws}/agents",
    operation_id = "list_agents",
    tag = "agents",
    params(("ws" = String, Path, description = "The workspace's id, or `current`")),
    responses(
        (status = 200, body = Listing<AgentView>),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn list(
    State(control): State<Arc<Control>>,
    access: InWorkspace,
) -> Result<Json<Listing<AgentView>>, Problem> {
    Ok(Json(Listing::whole(all(&control, &access).await?)))
}
