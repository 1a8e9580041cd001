use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::MemberView;
use crate::auth::InWorkspace;
use crate::control::Control;
use crate::page::Listing;
use crate::problem::{Problem, ProblemDocument};

/// Lists the members, first those who came first. Owners see all of them, others their names.
#[utoipa::path(
    get,
    path = "/api/v1/workspaces/{ws}/members",
    operation_id = "list_members",
    tag = "members",
    params(("ws" = String, Path, description = "The workspace's id, or `current`")),
    responses(
        (status = 200, body = Listing<MemberView>),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn list(
    State(control): State<Arc<Control>>,
    access: InWorkspace,
) -> Result<Json<Listing<MemberView>>, Problem> {
    let members = control.store().members(access.id()).await?;
    Ok(Json(Listing::whole(members.into_iter().map(|member| MemberView::of(member, &access.who)).collect())))
}
