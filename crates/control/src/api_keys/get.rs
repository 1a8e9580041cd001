use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::{ApiKeyView, gone, id_of};
use crate::auth::InWorkspace;
use crate::control::Control;
use crate::problem::{Problem, ProblemDocument};

/// Shows a platform key, without its text.
#[utoipa::path(
    get,
    path = "/api/v1/workspaces/{ws}/api-keys/{id}",
    operation_id = "get_api_key",
    tag = "api-keys",
    params(
        ("ws" = String, Path, description = "The workspace's id, or `current`"),
        ("id" = String, Path, description = "The platform key's id"),
    ),
    responses(
        (status = 200, body = ApiKeyView),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn get(State(control): State<Arc<Control>>, access: InWorkspace) -> Result<Json<ApiKeyView>, Problem> {
    let found = control.store().api_key(access.id(), id_of(&access)?).await?;
    Ok(Json(ApiKeyView::of(found.ok_or_else(gone)?, &access.who)))
}
