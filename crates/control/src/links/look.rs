use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use ownkey_domain::person::{Mail, Role};
use ownkey_domain::time::Timestamp;
use ownkey_store::LinkKind;
use serde::Serialize;

use super::{open, token, used};
use crate::body::JsonBody;
use crate::control::Control;
use crate::problem::{Problem, ProblemDocument};
use crate::visitor::Visitor;

/// A link, to its holder.
#[expect(dead_code, reason = "says in OpenAPI what is read")]
#[derive(utoipa::ToSchema)]
pub(crate) struct LookInput {
    /// The part of the link behind `#`.
    token: String,
}

/// What a link is for.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct LinkView {
    /// `setup`, `invite` or `reset`.
    kind: &'static str,
    /// Until when it works.
    #[schema(value_type = String)]
    expires_at: Timestamp,
    /// Whose account it is about.
    #[schema(value_type = Option<String>)]
    mail: Option<Mail>,
    /// Whether there is that account already; then the invited gives its password, else he chooses one.
    has_account: bool,
    /// The name of the workspace of an invitation.
    workspace: Option<String>,
    /// What the invited will be there.
    #[schema(value_type = Option<String>)]
    role: Option<Role>,
    /// What the product is called.
    product: String,
}

/// Shows what a link is for, without using it up.
#[utoipa::path(
    post,
    path = "/api/v1/links/look",
    operation_id = "look_at_link",
    tag = "session",
    security(()),
    request_body = LookInput,
    responses(
        (status = 200, body = LinkView),
        (status = 410, body = ProblemDocument, content_type = "application/problem+json", description = "`link_used` or `link_expired`"),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn look(
    State(control): State<Arc<Control>>,
    _: Visitor,
    body: JsonBody,
) -> Result<Json<LinkView>, Problem> {
    let mut members = body.members()?;
    let token = token(&mut members)?;
    members.finish()?;
    let (_, link) = open(&control, &token).await?;
    let product = control.parts.product_name.clone();
    let mut view = LinkView {
        kind: "setup",
        expires_at: link.expires_at,
        mail: None,
        has_account: false,
        workspace: None,
        role: None,
        product,
    };
    match link.kind {
        LinkKind::Setup if control.store().has_users().await? => return Err(used()),
        LinkKind::Setup => {}
        LinkKind::Reset { mail } => {
            (view.kind, view.mail, view.has_account) = ("reset", Some(mail), true);
        }
        LinkKind::Invite { workspace, mail, role } => {
            let workspace = control.store().workspace(workspace).await?;
            let gone = || Problem::not_found("The workspace of this invitation is gone.");
            view.workspace = Some(workspace.ok_or_else(gone)?.name);
            view.has_account = control.store().account(&mail).await?.is_some();
            (view.kind, view.mail, view.role) = ("invite", Some(mail), Some(role));
        }
    }
    Ok(Json(view))
}
