//! What the operator does for people who can't sign in: the first one, and those who forgot their password.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use ownkey_domain::person::Mail;
use ownkey_store::{By, LinkKind, Store};

use crate::auth::Access;
use crate::body::JsonBody;
use crate::control::Control;
use crate::form::MAIL_FORM;
pub use crate::links::{LinkMade, NoLink};
use crate::links::{OPERATORS_DAYS, make};
use crate::problem::{Problem, ProblemDocument};
use crate::site::Site;
use crate::token::Tokens;

/// Whose password.
#[expect(dead_code, reason = "says in OpenAPI what is read")]
#[derive(utoipa::ToSchema)]
pub(crate) struct ResetLinkInput {
    /// The mail address of the account.
    mail: String,
}

/// Makes a link by which somebody chooses another password. It works once and for a day; the one before stops working.
#[utoipa::path(
    post,
    path = "/api/v1/operator/reset-link",
    operation_id = "create_reset_link",
    tag = "operator",
    request_body = ResetLinkInput,
    responses(
        (status = 200, body = LinkMade),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn reset_link(
    State(control): State<Arc<Control>>,
    access: Access,
    body: JsonBody,
) -> Result<Json<LinkMade>, Problem> {
    let mut members = body.members()?;
    let mail: Mail = members.required("mail", MAIL_FORM)?;
    members.finish()?;
    let (places, by) = ((&control.parts.tokens, &control.parts.site), control.by(&access.who));
    let made = reset_link_for(control.store(), places, mail, by).await?;
    made.map(Json).ok_or_else(|| Problem::not_found("There is no account of that mail address."))
}

/// A link by which that person chooses another password; `None` if there is no such account.
pub async fn reset_link_for(
    store: &Store,
    places: (&Tokens, &Site),
    mail: Mail,
    by: By,
) -> Result<Option<LinkMade>, NoLink> {
    if store.account(&mail).await?.is_none() {
        return Ok(None);
    }
    make(store, places, LinkKind::Reset { mail }, OPERATORS_DAYS, by).await
}

/// A link by which the first person is made; `None` if there is somebody already.
pub async fn setup_link(store: &Store, places: (&Tokens, &Site), by: By) -> Result<Option<LinkMade>, NoLink> {
    if store.has_users().await? {
        return Ok(None);
    }
    make(store, places, LinkKind::Setup, OPERATORS_DAYS, by).await
}
