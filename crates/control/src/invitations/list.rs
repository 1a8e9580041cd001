use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::InvitationView;
use crate::auth::InWorkspace;
use crate::control::Control;
use crate::page::Listing;
use crate::problem::{Problem, ProblemDocument};

/// Lists the invitations that nobody has accepted yet and that still work, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/workspaces/{ws}/invitations",
    operation_id = "list_invitations",
    tag = "members",
    params(("ws" = String, Path, description = "The workspace's id, or `current`")),
    responses(
        (status = 200, body = Listing<InvitationView>),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn list(
    State(control): State<Arc<Control>>,
    access: InWorkspace,
) -> Result<Json<Listing<InvitationView>>, Problem> {
    let open = control.store().invitations(access.id(), control.now()).await?;
    Ok(Json(Listing::whole(open.into_iter().map(InvitationView::from).collect())))
}
