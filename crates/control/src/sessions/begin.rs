use std::sync::Arc;

use axum::extract::State;
use ownkey_domain::person::Mail;

use super::{SessionView, SignedIn, sign_in};
use crate::body::JsonBody;
use crate::control::Control;
use crate::form::MAIL_FORM;
use crate::passwords::Password;
use crate::problem::{Problem, ProblemDocument};
use crate::visitor::Visitor;

/// Who wants to sign in.
#[expect(dead_code, reason = "says in OpenAPI what is read")]
#[derive(utoipa::ToSchema)]
pub(crate) struct LoginInput {
    /// The mail address of the account.
    mail: String,
    /// Its password.
    password: String,
}

/// Signs in. The answer sets a cookie, under a new secret each time.
#[utoipa::path(
    post,
    path = "/api/v1/session",
    operation_id = "begin_session",
    tag = "session",
    security(()),
    request_body = LoginInput,
    responses(
        (status = 200, body = SessionView),
        (status = 401, body = ProblemDocument, content_type = "application/problem+json", description = "`wrong_login`: no such account, or another password"),
        (status = 429, body = ProblemDocument, content_type = "application/problem+json", description = "Too many wrong ones; `retry_after_s` says when the next may be"),
        (status = 503, body = ProblemDocument, content_type = "application/problem+json", description = "Too many at once; `retry_after_s`"),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn begin(
    State(control): State<Arc<Control>>,
    visitor: Visitor,
    body: JsonBody,
) -> Result<SignedIn, Problem> {
    let mut members = body.members()?;
    let mail: Mail = members.required("mail", MAIL_FORM)?;
    let password: Password = members.required("password", Password::FORM)?;
    members.finish()?;
    let account = control.parts.logins.check(&control, (&mail, password), visitor.address).await?;
    sign_in(&control, &account, visitor.browser).await
}
