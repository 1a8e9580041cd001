use std::sync::Arc;

use axum::extract::State;
use ownkey_store::LinkKind;

use super::{misplaced, open, token, used};
use crate::body::JsonBody;
use crate::control::Control;
use crate::passwords::NewPassword;
use crate::problem::{Problem, ProblemDocument};
use crate::sessions::{SessionView, SignedIn, sign_in};
use crate::visitor::Visitor;

/// A new password for whoever forgot his.
#[expect(dead_code, reason = "says in OpenAPI what is read")]
#[derive(utoipa::ToSchema)]
pub(crate) struct ResetInput {
    /// The part of the link behind `#`.
    token: String,
    /// The password from now on: 10 to 200 characters.
    password: String,
}

/// Sets a password by a link that the operator made, signs out everywhere, and signs in here.
#[utoipa::path(
    post,
    path = "/api/v1/resets/accept",
    operation_id = "reset_password",
    tag = "session",
    security(()),
    request_body = ResetInput,
    responses(
        (status = 200, body = SessionView),
        (status = 410, body = ProblemDocument, content_type = "application/problem+json", description = "`link_used` or `link_expired`"),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn reset(
    State(control): State<Arc<Control>>,
    visitor: Visitor,
    body: JsonBody,
) -> Result<SignedIn, Problem> {
    let mut members = body.members()?;
    let token = token(&mut members)?;
    let password: NewPassword = members.required("password", NewPassword::FORM)?;
    members.finish()?;
    let (hash, link) = open(&control, &token).await?;
    let LinkKind::Reset { mail } = link.kind else { return Err(misplaced()) };
    let account = control.store().account(&mail).await?.ok_or_else(misplaced)?;
    let password = control.parts.logins.hash(password).await?;
    if !control.store().reset_password(&hash, &password, control.by_user(account.user.id)).await? {
        return Err(used());
    }
    let account = control.store().account(&mail).await?.ok_or_else(misplaced)?;
    sign_in(&control, &account, visitor.browser).await
}
