use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::{ConnectionView, gone, id_of};
use crate::auth::InWorkspace;
use crate::control::Control;
use crate::problem::{Problem, ProblemDocument};

/// Shows a connection.
#[utoipa::path(
    get,
    path = "/api/v1/workspaces/{ws}/connections/{id}",
    operation_id = "get_connection",
    tag = "connections",
    params(
        ("ws" = String, Path, description = "The workspace's id, or `current`"),
        ("id" = String, Path, description = "The connection's id"),
    ),
    responses(
        (status = 200, body = ConnectionView),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn get(
    State(control): State<Arc<Control>>,
    access: InWorkspace,
) -> Result<Json<ConnectionView>, Problem> {
    let found = control.store().connection(access.id(), id_of(&access)?).await?;
    Ok(Json(found.ok_or_else(gone)?.into()))
}
