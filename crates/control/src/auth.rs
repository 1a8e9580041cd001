//! Who calls, and whether he may. A handler gets at a workspace only through [`InWorkspace`], which has looked at
//! the table of rights before.

use std::sync::Arc;

use axum::extract::{FromRequestParts, MatchedPath, RawPathParams};
use http::request::Parts;
use ownkey_domain::caller::PlatformKey;
use ownkey_domain::id::WorkspaceId;
use ownkey_domain::platform_key;
use ownkey_store::Workspace;
use ownkey_vault::{KeyHash, PepperId};
use secrecy::{ExposeSecret, SecretString};
use subtle::{Choice, ConstantTimeEq};

use crate::control::Control;
use crate::credential::{Presented, presented};
use crate::problem::Problem;
use crate::rights::{Right, right};

/// Stands in a path for the caller's own workspace.
const CURRENT: &str = "current";

/// Who calls.
pub(crate) enum Who {
    /// The operator of this installation.
    Operator,
    /// Whoever holds that platform key.
    Key(PlatformKey),
}

/// A caller who is known, where nothing is done for him yet.
pub(crate) struct Known;

/// A caller who may do this, where no workspace is named in the path.
pub(crate) struct Access {
    pub(crate) who: Who,
}

/// A caller who may do this, in that workspace.
pub(crate) struct InWorkspace {
    pub(crate) who: Who,
    pub(crate) workspace: Workspace,
    segments: Vec<(Box<str>, Box<str>)>,
}

impl InWorkspace {
    /// A variable part of the path.
    pub(crate) fn segment(&self, name: &str) -> &str {
        segment(&self.segments, name)
    }

    /// The workspace's id.
    pub(crate) fn id(&self) -> WorkspaceId {
        self.workspace.id
    }
}

impl FromRequestParts<Arc<Control>> for Known {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, control: &Arc<Control>) -> Result<Self, Problem> {
        who(parts, control).await.map(|_| Self)
    }
}

impl FromRequestParts<Arc<Control>> for Access {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, control: &Arc<Control>) -> Result<Self, Problem> {
        let right = row(parts)?;
        let who = who(parts, control).await?;
        if right.is_in_workspace() {
            // A handler of a workspace that asks without it: refuse rather than let anyone in.
            return Err(Problem::internal());
        }
        may(right, &who)?;
        Ok(Self { who })
    }
}

impl FromRequestParts<Arc<Control>> for InWorkspace {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, control: &Arc<Control>) -> Result<Self, Problem> {
        let right = row(parts)?;
        let who = who(parts, control).await?;
        let segments = segments(parts, control).await?;
        let id = workspace_id(segment(&segments, "ws"), &who)?;
        let workspace = control.store().workspace(id).await?.ok_or_else(no_workspace)?;
        may(right, &who)?;
        Ok(Self { who, workspace, segments })
    }
}

type Segments = Vec<(Box<str>, Box<str>)>;

async fn segments(parts: &mut Parts, control: &Arc<Control>) -> Result<Segments, Problem> {
    let raw = RawPathParams::from_request_parts(parts, control)
        .await
        .map_err(|_| Problem::not_found("A part of the path can't be read."))?;
    Ok(raw.iter().map(|(name, value)| (name.into(), value.into())).collect())
}

fn segment<'s>(segments: &'s [(Box<str>, Box<str>)], name: &str) -> &'s str {
    segments.iter().find(|(other, _)| &**other == name).map_or("", |(_, value)| value)
}

fn row(parts: &Parts) -> Result<&'static Right, Problem> {
    let path = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
    right(&parts.method, path).ok_or_else(|| {
        tracing::error!(path, "a route has no row in the table of rights");
        Problem::internal()
    })
}

async fn who(parts: &Parts, control: &Control) -> Result<Who, Problem> {
    let Some(presented) = presented(&parts.headers)? else {
        return Err(Problem::unauthorized("Send a platform key as `Authorization: Bearer ok_…` or `x-api-key: ok_…`."));
    };
    if presented.bearer && is_operator(&control.parts.operator_tokens, &presented) {
        return Ok(Who::Operator);
    }
    if presented.text.starts_with("sk-") {
        return Err(Problem::unauthorized(
            "That looks like a provider's key. Ownkey is called with a platform key (`ok_…`); a provider's key \
             belongs into the workspace's provider keys.",
        ));
    }
    let unknown = || Problem::unauthorized("The platform key or operator token is unknown, expired or revoked.");
    let lookup = platform_key::parse(presented.text.as_bytes()).ok_or_else(unknown)?;
    let key = control.store().caller(&lookup).await?.ok_or_else(unknown)?.key;
    let stored = KeyHash { pepper: PepperId(key.pepper), mac: key.hash };
    let genuine = control.parts.hasher.verify(presented.text.as_bytes(), &stored);
    if genuine && key.is_live(control.now()) { Ok(Who::Key(key)) } else { Err(unknown()) }
}

/// Compares with every token, so that the time does not tell which one came near.
fn is_operator(tokens: &[SecretString], presented: &Presented<'_>) -> bool {
    let same = |token: &SecretString| token.expose_secret().as_bytes().ct_eq(presented.text.as_bytes());
    tokens.iter().fold(Choice::from(0), |found, token| found | same(token)).into()
}

/// The workspace named in the path, if it may exist for this caller.
fn workspace_id(text: &str, who: &Who) -> Result<WorkspaceId, Problem> {
    match who {
        Who::Operator if text == CURRENT => {
            Err(Problem::not_found("An operator token has no workspace of its own. Name one: `ws_…`."))
        }
        Who::Operator => text.parse().map_err(|_| no_workspace()),
        Who::Key(key) if text == CURRENT || text.parse() == Ok(key.workspace) => Ok(key.workspace),
        Who::Key(_) => Err(no_workspace()),
    }
}

fn no_workspace() -> Problem {
    Problem::not_found("There is no such workspace.")
}

fn may(right: &Right, who: &Who) -> Result<(), Problem> {
    match who {
        Who::Operator if right.operator => Ok(()),
        Who::Key(key) if right.allows(&key.scopes) => Ok(()),
        Who::Operator => Err(Problem::forbidden("The operator can't do this.")),
        Who::Key(_) => Err(forbidden(right)),
    }
}

fn forbidden(right: &Right) -> Problem {
    match right.scopes {
        crate::rights::Scopes::OneOf(wanted) => {
            let wanted: Vec<String> = wanted.iter().map(|scope| format!("`{scope}`")).collect();
            Problem::forbidden(format!("The platform key lacks the scope {}.", wanted.join(" or ")))
        }
        _ => Problem::forbidden("Platform keys can't do this."),
    }
}
