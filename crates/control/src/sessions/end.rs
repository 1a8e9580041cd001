//! Signing out: here, there, everywhere else.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::AppendHeaders;
use http::header::SET_COOKIE;
use http::{HeaderName, HeaderValue, StatusCode};
use ownkey_domain::id::SessionId;
use ownkey_store::EndedBy;

use crate::auth::Access;
use crate::control::Control;
use crate::cookie;
use crate::problem::{Problem, ProblemDocument};

/// Signs out here.
#[utoipa::path(
    delete,
    path = "/api/v1/session",
    operation_id = "end_session",
    tag = "session",
    security(("session" = [])),
    responses(
        (status = 204),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn here(
    State(control): State<Arc<Control>>,
    access: Access,
) -> Result<(StatusCode, AppendHeaders<[(HeaderName, HeaderValue); 1]>), Problem> {
    let person = access.person()?;
    let (user, this) = (person.user.id, EndedBy::One(person.session.id));
    control.store().end_sessions(user, this, control.by(&access.who)).await?;
    Ok((StatusCode::NO_CONTENT, AppendHeaders([(SET_COOKIE, cookie::clear()?)])))
}

/// Signs out everywhere else.
#[utoipa::path(
    delete,
    path = "/api/v1/sessions",
    operation_id = "end_other_sessions",
    tag = "session",
    security(("session" = [])),
    responses(
        (status = 204),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn elsewhere(State(control): State<Arc<Control>>, access: Access) -> Result<StatusCode, Problem> {
    let person = access.person()?;
    let (user, others) = (person.user.id, EndedBy::AllBut(person.session.id));
    control.store().end_sessions(user, others, control.by(&access.who)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Signs out there.
#[utoipa::path(
    delete,
    path = "/api/v1/sessions/{id}",
    operation_id = "end_session_there",
    tag = "session",
    security(("session" = [])),
    params(("id" = String, Path, description = "The session's id")),
    responses(
        (status = 204),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn there(
    State(control): State<Arc<Control>>,
    access: Access,
    id: Result<Path<SessionId>, PathRejection>,
) -> Result<StatusCode, Problem> {
    let gone = || Problem::not_found("You have no such session.");
    let Path(id) = id.map_err(|_| gone())?;
    let user = access.person()?.user.id;
    let ended = control.store().end_sessions(user, EndedBy::One(id), control.by(&access.who)).await?;
    if ended == 0 { Err(gone()) } else { Ok(StatusCode::NO_CONTENT) }
}
