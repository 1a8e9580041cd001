use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use ownkey_domain::person::{Mail, Role};
use ownkey_store::{LinkKind, OPEN_INVITES_MAX};

use super::ROLE_FORM;
use crate::auth::InWorkspace;
use crate::body::JsonBody;
use crate::control::Control;
use crate::form::MAIL_FORM;
use crate::links::{INVITE_DAYS, LinkMade, make};
use crate::problem::{Problem, ProblemDocument};

/// Whom to invite.
#[expect(dead_code, reason = "says in OpenAPI what is read")]
#[derive(utoipa::ToSchema)]
pub(crate) struct InviteInput {
    /// The mail address that he will sign in with.
    mail: String,
    /// What he will be: `viewer`, `member`, `admin` or `owner`.
    role: String,
}

/// Makes a link by which somebody becomes a member. It is shown here and never again, works once and for 7 days; no
/// mail is sent. A new one for the same address takes the place of the one before.
#[utoipa::path(
    post,
    path = "/api/v1/workspaces/{ws}/members",
    operation_id = "invite_member",
    tag = "members",
    params(("ws" = String, Path, description = "The workspace's id, or `current`")),
    request_body = InviteInput,
    responses(
        (status = 201, body = LinkMade),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json", description = "He is a member already"),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn invite(
    State(control): State<Arc<Control>>,
    access: InWorkspace,
    body: JsonBody,
) -> Result<(StatusCode, Json<LinkMade>), Problem> {
    let mut members = body.members()?;
    let mail: Mail = members.required("mail", MAIL_FORM)?;
    let role: Role = members.required("role", ROLE_FORM)?;
    members.finish()?;
    let (store, workspace) = (control.store(), access.id());
    if let Some(account) = store.account(&mail).await?
        && store.role(workspace, account.user.id).await?.is_some()
    {
        return Err(Problem::conflict("He is a member already. Change his role instead."));
    }
    let kind = LinkKind::Invite { workspace, mail, role };
    let made =
        make(control.store(), (&control.parts.tokens, &control.parts.site), kind, INVITE_DAYS, control.by(&access.who));
    let full = || {
        let detail = format!("{OPEN_INVITES_MAX} invitations are open already. Wait until some are accepted or end.");
        Problem::conflict(detail)
    };
    Ok((StatusCode::CREATED, Json(made.await?.ok_or_else(full)?)))
}
