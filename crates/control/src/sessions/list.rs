use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::SessionItem;
use crate::auth::Access;
use crate::control::Control;
use crate::page::Listing;
use crate::problem::{Problem, ProblemDocument};

/// Lists where the caller is signed in, the latest first.
#[utoipa::path(
    get,
    path = "/api/v1/sessions",
    operation_id = "list_sessions",
    tag = "session",
    security(("session" = [])),
    responses(
        (status = 200, body = Listing<SessionItem>),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn list(
    State(control): State<Arc<Control>>,
    access: Access,
) -> Result<Json<Listing<SessionItem>>, Problem> {
    let person = access.person()?;
    let sessions = control.store().sessions(person.user.id, control.now()).await?;
    let item = |session| SessionItem::of(session, person.session.id);
    Ok(Json(Listing::whole(sessions.into_iter().map(item).collect())))
}
