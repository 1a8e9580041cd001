//! Whether a caller may. A handler gets at a workspace only through [`InWorkspace`], which has looked at
//! the table of rights before.

use std::sync::Arc;

use axum::extract::{FromRequestParts, MatchedPath, RawPathParams};
use http::request::Parts;
use ownkey_domain::id::WorkspaceId;
use ownkey_store::Workspace;

use crate::control::Control;
use crate::problem::Problem;
use crate::query::Params;
use crate::rights::{Right, Scopes, right};
use crate::who::{Person, Who, identify};

/// Stands in a path for the caller's own workspace.
const CURRENT: &str = "current";

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

impl Access {
    /// The person who is signed in. (The table lets nobody else come this far.)
    pub(crate) fn person(&self) -> Result<&Person, Problem> {
        self.who.person().ok_or_else(Problem::internal)
    }

    /// The workspace to show things for: a platform key's own; for others the one that `workspace` names, or the only
    /// one that a person is a member of.
    pub(crate) async fn viewed(
        &mut self,
        control: &Control,
        params: &mut Params,
    ) -> Result<Option<Workspace>, Problem> {
        let text = match (params.text("workspace")?, &self.who) {
            (Some(text), _) => text,
            (None, Who::Key(_)) => CURRENT.to_owned(),
            (None, Who::Operator) => return Ok(None),
            (None, Who::Person(person)) => match only_workspace(person, control).await? {
                Some(id) => id.to_string(),
                None => return Ok(None),
            },
        };
        named(&text, &mut self.who, control).await.map(Some)
    }
}

/// What [`Access::viewed`] reads.
#[expect(dead_code, reason = "says in OpenAPI what is read")]
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ViewedParams {
    /// The workspace to show this for: a platform key's own if absent, or the only one that a person is a member of.
    workspace: Option<String>,
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

impl FromRequestParts<Arc<Control>> for Access {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, control: &Arc<Control>) -> Result<Self, Problem> {
        let right = row(parts)?;
        let who = identify(parts, control).await?;
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
        let mut who = identify(parts, control).await?;
        let segments = segments(parts, control).await?;
        let workspace = named(segment(&segments, "ws"), &mut who, control).await?;
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

/// The workspace of that name, if it may exist for this caller. To a person it tells what he is there.
async fn named(text: &str, who: &mut Who, control: &Control) -> Result<Workspace, Problem> {
    let id = match who {
        Who::Operator if text == CURRENT => {
            return Err(Problem::not_found("An operator token has no workspace of its own. Name one: `ws_…`."));
        }
        Who::Operator => text.parse().map_err(|_| no_workspace())?,
        Who::Key(key) if text == CURRENT || text.parse() == Ok(key.workspace) => key.workspace,
        Who::Key(_) => return Err(no_workspace()),
        Who::Person(person) => persons(text, person, control).await?,
    };
    control.store().workspace(id).await?.ok_or_else(no_workspace)
}

async fn persons(text: &str, person: &mut Person, control: &Control) -> Result<WorkspaceId, Problem> {
    let id = match text {
        CURRENT => only_workspace(person, control)
            .await?
            .ok_or_else(|| Problem::not_found("You are not a member of exactly one workspace. Name one: `ws_…`."))?,
        text => text.parse().map_err(|_| no_workspace())?,
    };
    person.role = control.store().role(id, person.user.id).await?;
    if person.role.is_none() && !person.user.is_operator { Err(no_workspace()) } else { Ok(id) }
}

async fn only_workspace(person: &Person, control: &Control) -> Result<Option<WorkspaceId>, Problem> {
    let memberships = control.store().memberships(person.user.id).await?;
    Ok(if let [only] = memberships.as_slice() { Some(only.workspace) } else { None })
}

fn no_workspace() -> Problem {
    Problem::not_found("There is no such workspace.")
}

fn may(right: &Right, who: &Who) -> Result<(), Problem> {
    if who.may(right) {
        return Ok(());
    }
    match who {
        Who::Operator => Err(Problem::forbidden("This is for people who are signed in, not for an operator token.")),
        Who::Key(_) => Err(lacking_scope(right)),
        Who::Person(_) => Err(lacking_role(right)),
    }
}

fn lacking_scope(right: &Right) -> Problem {
    match right.scopes {
        Scopes::OneOf(wanted) => {
            let wanted: Vec<String> = wanted.iter().map(|scope| format!("`{scope}`")).collect();
            Problem::forbidden(format!("The platform key lacks the scope {}.", wanted.join(" or "))).lacking_scope()
        }
        _ => Problem::forbidden("Platform keys can't do this."),
    }
}

fn lacking_role(right: &Right) -> Problem {
    match right.role {
        Some(role) => Problem::forbidden(format!("This takes the role `{}` in the workspace.", role.as_str()))
            .with("role", role.as_str()),
        None => Problem::forbidden("Only the operator can do this."),
    }
}
