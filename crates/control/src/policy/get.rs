use axum::Json;

use super::PolicyView;
use crate::auth::InWorkspace;
use crate::problem::ProblemDocument;

/// Shows who pays.
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
pub(crate) async fn get(access: InWorkspace) -> Json<PolicyView> {
    Json(PolicyView::of(access.workspace.policy, access.workspace.fallback))
}
