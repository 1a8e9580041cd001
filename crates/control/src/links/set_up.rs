use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;
use ownkey_domain::id::UserId;
use ownkey_domain::person::Mail;
use ownkey_store::{LinkKind, NewUser};

use super::{misplaced, open, token, used};
use crate::body::JsonBody;
use crate::control::Control;
use crate::form::{MAIL_FORM, Name};
use crate::passwords::NewPassword;
use crate::problem::{Problem, ProblemDocument};
use crate::sessions::{SessionView, SignedIn, sign_in};
use crate::visitor::Visitor;
use crate::workspaces::named;

/// The first person.
#[expect(dead_code, reason = "says in OpenAPI what is read")]
#[derive(utoipa::ToSchema)]
pub(crate) struct SetupInput {
    /// The part of the link behind `#`.
    token: String,
    /// What he signs in with.
    mail: String,
    /// What others call him.
    name: String,
    /// A password of 10 to 200 characters.
    password: String,
    /// The name of a workspace to make for him, on the default plan; none if absent.
    workspace: Option<String>,
}

/// Makes the first person, who runs this installation, by the link that the server prints while there is nobody.
#[utoipa::path(
    post,
    path = "/api/v1/setup",
    operation_id = "set_up",
    tag = "session",
    security(()),
    request_body = SetupInput,
    responses(
        (status = 201, body = SessionView),
        (status = 410, body = ProblemDocument, content_type = "application/problem+json", description = "`link_used` or `link_expired`"),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn set_up(
    State(control): State<Arc<Control>>,
    visitor: Visitor,
    body: JsonBody,
) -> Result<(StatusCode, SignedIn), Problem> {
    let mut members = body.members()?;
    let token = token(&mut members)?;
    let mail: Mail = members.required("mail", MAIL_FORM)?;
    let name: Name = members.required("name", Name::FORM)?;
    let password: NewPassword = members.required("password", NewPassword::FORM)?;
    let workspace: Option<Name> = members.optional("workspace", Name::FORM)?;
    members.finish()?;
    let (hash, link) = open(&control, &token).await?;
    if link.kind != LinkKind::Setup {
        return Err(misplaced());
    }
    if control.store().has_users().await? {
        return Err(used());
    }
    let workspace = workspace.map(|name| named(&control, name)).transpose()?;
    let id = UserId::from_uuid(control.fresh_id()?);
    let password = control.parts.logins.hash(password).await?;
    let first = NewUser { id, mail: mail.clone(), name: name.into_string(), password };
    if control.store().set_up(&hash, (&first, workspace.as_ref()), control.by_user(id)).await? != Some(true) {
        return Err(used());
    }
    let account = control.store().account(&mail).await?.ok_or_else(Problem::internal)?;
    Ok((StatusCode::CREATED, sign_in(&control, &account, visitor.browser).await?))
}
