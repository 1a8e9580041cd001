//! Links that work once. The token comes in a body, never in a path: paths are written down on the way.

use std::sync::Arc;

use http::StatusCode;
use ownkey_domain::time::Timestamp;
use ownkey_store::{By, Link, LinkKind, LinkState, NewLink, Store, StoreError};
use serde::{Deserialize, Serialize};

use crate::body::Members;
use crate::control::Control;
use crate::form::SecretText;
use crate::problem::Problem;
use crate::site::Site;
use crate::token::Tokens;

pub(crate) mod accept;
pub(crate) mod look;
pub(crate) mod reset;
pub(crate) mod set_up;

pub(crate) const INVITE_DAYS: i64 = 7;
/// A link that makes an operator, or hands over an account.
pub(crate) const OPERATORS_DAYS: i64 = 1;
const DAY_MS: i64 = 24 * 3_600_000;

/// A link that was just made. It is shown here and never again.
#[derive(Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = Link)]
pub struct LinkMade {
    /// The link. It works once.
    pub link: String,
    /// Until when.
    #[schema(value_type = String)]
    pub expires_at: Timestamp,
}

/// No link could be made.
#[derive(Debug, thiserror::Error)]
pub enum NoLink {
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no randomness.
    #[error(transparent)]
    Vault(#[from] ownkey_vault::VaultError),
}

impl From<NoLink> for Problem {
    fn from(error: NoLink) -> Self {
        match error {
            NoLink::Store(error) => error.into(),
            NoLink::Vault(error) => error.into(),
        }
    }
}

/// Makes a link; `None` if there is no room for it.
pub(crate) async fn make(
    store: &Store,
    (tokens, site): (&Tokens, &Site),
    kind: LinkKind,
    days: i64,
    by: By,
) -> Result<Option<LinkMade>, NoLink> {
    let (minted, expires_at) = (tokens.mint()?, by.at.plus_millis(days * DAY_MS));
    let page = match kind {
        LinkKind::Setup => "setup",
        LinkKind::Invite { .. } => "invite",
        LinkKind::Reset { .. } => "reset",
    };
    let made = store.create_link(&NewLink { hash: minted.hash, kind, expires_at }, by).await?;
    Ok(made.then(|| LinkMade { link: site.link(page, &minted.text), expires_at }))
}

/// The token in a body.
fn token(members: &mut Members<'_>) -> Result<SecretText, Problem> {
    members.required("token", "the part of the link behind `#`")
}

/// The link of a token, while it works.
async fn open(control: &Arc<Control>, token: &SecretText) -> Result<([u8; 32], Link), Problem> {
    let unknown = || Problem::not_found("This link is not known. Check that it is whole.");
    let hash = control.parts.tokens.read(&token.0).ok_or_else(unknown)?;
    let link = control.store().link(&hash).await?.ok_or_else(unknown)?;
    match link.state(control.now()) {
        LinkState::Open => Ok((hash, link)),
        LinkState::Used => Err(used()),
        LinkState::Expired => Err(gone("link_expired", "This link is too old. Ask for another one.")),
    }
}

fn used() -> Problem {
    gone("link_used", "This link has been used.")
}

fn gone(code: &'static str, detail: &'static str) -> Problem {
    Problem::new(StatusCode::GONE, code, "The link works no more", detail)
}

/// A link that is for something else.
fn misplaced() -> Problem {
    Problem::not_found("This link is for something else.")
}
