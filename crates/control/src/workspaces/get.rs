use axum::Json;

use super::WorkspaceView;
use crate::auth::InWorkspace;
use crate::problem::ProblemDocument;

/// Shows a workspace.
#[utoipa::path(
    get,
    path = "/api/v1/workspaces/{ws}",
    operation_id = "get_workspace",
    tag = "workspaces",
    params(("ws" = String, Path, description = "The workspace's id")),
    responses(
        (status = 200, body = WorkspaceView),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn get(access: InWorkspace) -> Json<WorkspaceView> {
    Json(access.workspace.into())
}
