use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use ownkey_domain::person::Role;

use super::{MemberView, ROLE_FORM, done, gone, id_of};
use crate::auth::InWorkspace;
use crate::body::JsonBody;
use crate::control::Control;
use crate::problem::{Problem, ProblemDocument};
use crate::sessions::begun;
use crate::visitor::Browser;

/// What to change.
#[expect(dead_code, reason = "says in OpenAPI what is read")]
#[derive(utoipa::ToSchema)]
pub(crate) struct MemberInput {
    /// What he is from now on: `viewer`, `member`, `admin` or `owner`.
    role: String,
}

/// Changes what a member is. He is signed out everywhere; who changes himself goes on under a new cookie.
#[utoipa::path(
    patch,
    path = "/api/v1/workspaces/{ws}/members/{id}",
    operation_id = "update_member",
    tag = "members",
    params(
        ("ws" = String, Path, description = "The workspace's id, or `current`"),
        ("id" = String, Path, description = "The person's id"),
    ),
    request_body = MemberInput,
    responses(
        (status = 200, body = MemberView),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json", description = "He is the last owner"),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn update(
    State(control): State<Arc<Control>>,
    access: InWorkspace,
    browser: Browser,
    body: JsonBody,
) -> Result<Response, Problem> {
    let mut members = body.members()?;
    let role: Role = members.required("role", ROLE_FORM)?;
    members.finish()?;
    let (store, id) = (control.store(), id_of(&access)?);
    done(store.set_role(access.id(), id, role, control.by(&access.who)).await?)?;
    let view = MemberView::of(store.member(access.id(), id).await?.ok_or_else(gone)?, &access.who);
    if access.who.person().is_none_or(|person| person.user.id != id) {
        return Ok(Json(view).into_response());
    }
    let account = store.account_of(id).await?.ok_or_else(gone)?;
    let (header, _) = begun(&control, &account, browser).await?;
    Ok((header, Json(view)).into_response())
}
