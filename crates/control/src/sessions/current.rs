use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::SessionView;
use crate::auth::Access;
use crate::control::Control;
use crate::problem::{Problem, ProblemDocument};

/// Shows who is signed in, his workspaces, and what he may do there.
#[utoipa::path(
    get,
    path = "/api/v1/session",
    operation_id = "get_session",
    tag = "session",
    security(("session" = [])),
    responses(
        (status = 200, body = SessionView),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn current(State(control): State<Arc<Control>>, access: Access) -> Result<Json<SessionView>, Problem> {
    let person = access.person()?;
    Ok(Json(SessionView::of(&control, &person.user, person.session.expires_at).await?))
}
