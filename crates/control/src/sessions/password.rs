use std::sync::Arc;

use axum::extract::State;
use ownkey_store::Account;

use super::{SessionView, SignedIn, sign_in};
use crate::auth::Access;
use crate::body::JsonBody;
use crate::control::Control;
use crate::passwords::{NewPassword, Password};
use crate::problem::{Problem, ProblemDocument};
use crate::visitor::Visitor;

/// One password for another.
#[expect(dead_code, reason = "says in OpenAPI what is read")]
#[derive(utoipa::ToSchema)]
pub(crate) struct PasswordInput {
    /// The password so far.
    current: String,
    /// The password from now on: 10 to 200 characters.
    password: String,
}

/// Changes the caller's password, and signs him out everywhere else.
#[utoipa::path(
    put,
    path = "/api/v1/password",
    operation_id = "put_password",
    tag = "session",
    security(("session" = [])),
    request_body = PasswordInput,
    responses(
        (status = 200, body = SessionView),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn put(
    State(control): State<Arc<Control>>,
    access: Access,
    visitor: Visitor,
    body: JsonBody,
) -> Result<SignedIn, Problem> {
    let mut members = body.members()?;
    let current: Password = members.required("current", Password::FORM)?;
    let new: NewPassword = members.required("password", NewPassword::FORM)?;
    members.finish()?;
    let logins = &control.parts.logins;
    let mail = &access.person()?.user.mail;
    let account = logins.check(&control, (mail, current), visitor.address).await?;
    let hash = logins.hash(new).await?;
    let changes = (account.password.as_str(), hash.as_str());
    let epoch = control.store().change_password(account.user.id, changes, control.by(&access.who)).await?;
    let changed = || Problem::conflict("The password was changed meanwhile.");
    let account = Account { epoch: epoch.ok_or_else(changed)?, password: hash, ..account };
    sign_in(&control, &account, visitor.browser).await
}
