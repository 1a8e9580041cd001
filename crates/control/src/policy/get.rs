use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::PolicyView;
use crate::auth::InWorkspace;
use crate::control::Control;
use crate::problem::{Problem, ProblemDocument};

/// Shows who pays, and what that comes to.
#[utoipa::path(
    get,
    path = "/api/v1/workspaces/{ws}/policy",
    operation_id = "get_policy",
    tag = "policy",
    params(("ws" = String, Path, description = "The workspace's id, or `current`")),
    responses(
        (status = 200, body = PolicyView),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn get(State(control): State<Arc<Control>>, access: InWorkspace) -> Result<Json<PolicyView>, Problem> {
    let (payer, fallback) = (access.workspace.policy, access.workspace.fallback.clone());
    Ok(Json(PolicyView::of(&control, &access.workspace, (payer, fallback)).await?))
}
