use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::State;
use ownkey_domain::id::{UserId, WorkspaceId};
use ownkey_domain::person::Mail;
use ownkey_store::{Joined, LinkKind, NewUser};

use super::{misplaced, open, token};
use crate::body::{JsonBody, Members};
use crate::control::Control;
use crate::form::Name;
use crate::passwords::{NewPassword, Password};
use crate::problem::{Problem, ProblemDocument};
use crate::sessions::{SessionView, SignedIn, sign_in};
use crate::visitor::Visitor;

/// Who accepts an invitation.
#[expect(dead_code, reason = "says in OpenAPI what is read")]
#[derive(utoipa::ToSchema)]
pub(crate) struct AcceptInput {
    /// The part of the link behind `#`.
    token: String,
    /// What others call him; not for somebody who has an account.
    name: Option<String>,
    /// The password of the account, or one of 10 to 200 characters for a new one.
    password: String,
}

/// Accepts an invitation and signs in. Who has an account proves it by its password.
#[utoipa::path(
    post,
    path = "/api/v1/invites/accept",
    operation_id = "accept_invite",
    tag = "session",
    security(()),
    request_body = AcceptInput,
    responses(
        (status = 200, body = SessionView),
        (status = 401, body = ProblemDocument, content_type = "application/problem+json", description = "`wrong_login`: not the account's password"),
        (status = 410, body = ProblemDocument, content_type = "application/problem+json", description = "`link_used` or `link_expired`"),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn accept(
    State(control): State<Arc<Control>>,
    visitor: Visitor,
    body: JsonBody,
) -> Result<SignedIn, Problem> {
    let mut members = body.members()?;
    let token = token(&mut members)?;
    let (hash, link) = open(&control, &token).await?;
    let LinkKind::Invite { mail, .. } = link.kind else { return Err(misplaced()) };
    let joined = match control.store().account(&mail).await? {
        Some(_) => as_known(&control, members, (&hash, &mail), visitor.address).await?,
        None => as_new(&control, members, (&hash, &mail)).await?,
    };
    if joined.is_none() {
        return Err(Problem::conflict(
            "The invitation can't be accepted: it was used, or the workspace is gone or full.",
        ));
    }
    let account = control.store().account(&mail).await?.ok_or_else(Problem::internal)?;
    sign_in(&control, &account, visitor.browser).await
}

type Invited<'i> = (&'i [u8; 32], &'i Mail);

/// Somebody who has no account yet chooses a password.
async fn as_new(
    control: &Control,
    mut members: Members<'_>,
    (link, mail): Invited<'_>,
) -> Result<Option<WorkspaceId>, Problem> {
    let name: Name = members.required("name", Name::FORM)?;
    let password: NewPassword = members.required("password", NewPassword::FORM)?;
    members.finish()?;
    let id = UserId::from_uuid(control.fresh_id()?);
    let password = control.parts.logins.hash(password).await?;
    let new = NewUser { id, mail: mail.clone(), name: name.into_string(), password };
    Ok(control.store().accept_invite(link, Joined::New(&new), control.by_user(id)).await?)
}

/// Somebody who has one gives his.
async fn as_known(
    control: &Control,
    mut members: Members<'_>,
    (link, mail): Invited<'_>,
    address: IpAddr,
) -> Result<Option<WorkspaceId>, Problem> {
    let _: Option<Name> = members.optional("name", Name::FORM)?;
    let password: Password = members.required("password", Password::FORM)?;
    members.finish()?;
    let id = control.parts.logins.check(control, (mail, password), address).await?.user.id;
    Ok(control.store().accept_invite(link, Joined::Known(id), control.by_user(id)).await?)
}
