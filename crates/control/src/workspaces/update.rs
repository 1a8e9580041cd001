use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use ownkey_domain::time::Timestamp;
use ownkey_store::WorkspacePatch;

use super::{TIME_FORM, WorkspaceView, features, gone, known_plan, words};
use crate::auth::InWorkspace;
use crate::body::{JsonBody, Members};
use crate::control::Control;
use crate::form::{ExternalId, Name, Word};
use crate::problem::{Problem, ProblemDocument};

/// What to change of a workspace; what is absent stays.
#[expect(dead_code, reason = "says in OpenAPI what `patch` reads")]
#[derive(utoipa::ToSchema)]
pub(crate) struct WorkspaceChanges {
    /// The name people read.
    name: Option<String>,
    /// The id of its plan.
    plan: Option<String>,
    /// The product's own id of it; null takes it away.
    external_id: Option<String>,
    /// Features it has beyond its plan's.
    features: Option<Vec<String>>,
    /// Where its billing periods start; null takes it away.
    period_anchor: Option<String>,
}

/// Changes a workspace.
#[utoipa::path(
    patch,
    path = "/api/v1/workspaces/{ws}",
    operation_id = "update_workspace",
    tag = "workspaces",
    params(("ws" = String, Path, description = "The workspace's id")),
    request_body = WorkspaceChanges,
    responses(
        (status = 200, body = WorkspaceView),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn update(
    State(control): State<Arc<Control>>,
    access: InWorkspace,
    body: JsonBody,
) -> Result<Json<WorkspaceView>, Problem> {
    let mut members = body.members()?;
    let patch = patch(&control, &mut members)?;
    members.finish()?;
    let changed = control.store().update_workspace(access.id(), &patch, control.by(&access.who)).await?;
    Ok(Json(changed.ok_or_else(gone)?.into()))
}

fn patch(control: &Control, members: &mut Members<'_>) -> Result<WorkspacePatch, Problem> {
    let plan: Option<Word> = members.optional("plan", Word::FORM)?;
    let external_id: Option<Option<ExternalId>> = members.nullable("external_id", ExternalId::FORM)?;
    let period_anchor: Option<Option<Timestamp>> = members.nullable("period_anchor", TIME_FORM)?;
    Ok(WorkspacePatch {
        name: members.optional::<Name>("name", Name::FORM)?.map(Name::into_string),
        external_id: external_id.map(|id| id.map(ExternalId::into_string)),
        plan: plan.map(|plan| known_plan(control, plan)).transpose()?,
        features: features(members)?.map(words),
        period_anchor,
    })
}
