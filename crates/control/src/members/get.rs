use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::{MemberView, gone, id_of};
use crate::auth::InWorkspace;
use crate::control::Control;
use crate::problem::{Problem, ProblemDocument};

/// Shows a member.
#[utoipa::path(
    get,
    path = "/api/v1/workspaces/{ws}/members/{id}",
    operation_id = "get_member",
    tag = "members",
    params(
        ("ws" = String, Path, description = "The workspace's id, or `current`"),
        ("id" = String, Path, description = "The person's id"),
    ),
    responses(
        (status = 200, body = MemberView),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn get(State(control): State<Arc<Control>>, access: InWorkspace) -> Result<Json<MemberView>, Problem> {
    let member = control.store().member(access.id(), id_of(&access)?).await?;
    Ok(Json(MemberView::of(member.ok_or_else(gone)?, &access.who)))
}
