use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use http::StatusCode;
use ownkey_providers::stray::holds_key;
use ownkey_store::{StoreError, Workspace, WorkspacePatch};

use super::{WorkspaceInput, WorkspaceView, gone, known_plan, words};
use crate::auth::Access;
use crate::body::JsonBody;
use crate::control::Control;
use crate::form::{ExternalId, Name, Word};
use crate::problem::{Problem, ProblemDocument};
use crate::who::Who;

/// Makes the workspace with that external id, or brings the one there is up to date.
#[utoipa::path(
    put,
    path = "/api/v1/workspaces/by-external-id/{id}",
    operation_id = "put_workspace_by_external_id",
    tag = "workspaces",
    params(("id" = String, Path, description = "The product's own id of the workspace")),
    request_body = WorkspaceInput,
    responses(
        (status = 200, body = WorkspaceView, description = "It was there"),
        (status = 201, body = WorkspaceView, description = "It was made"),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn by_external_id(
    State(control): State<Arc<Control>>,
    access: Access,
    id: Result<Path<String>, PathRejection>,
    body: JsonBody,
) -> Result<(StatusCode, Json<WorkspaceView>), Problem> {
    let bad_id = || Problem::bad_request("The external id in the path is not usable.");
    let Path(id) = id.map_err(|_| bad_id())?;
    if holds_key(&id) {
        return Err(Problem::stray_key("The external id in the path"));
    }
    let id = ExternalId::try_from(id).map_err(|_| bad_id())?;
    let mut members = body.members()?;
    let mut input = WorkspaceInput::read(&mut members)?;
    members.finish()?;
    if input.external_id.as_ref().is_some_and(|other| *other != id) {
        let detail = "`external_id` differs from the one in the path.";
        return Err(Problem::bad_request(detail).with("member", "external_id"));
    }
    let wanted = id.clone().into_string();
    input.external_id = Some(id);
    if let Some(there) = control.store().workspace_by_external_id(&wanted).await? {
        return update(&control, &access.who, there, input).await;
    }
    let new = input.clone();
    match control.store().create_workspace(&new.into_new(&control)?, control.by(&access.who)).await {
        Ok(made) => Ok((StatusCode::CREATED, Json(made.into()))),
        // Somebody else made it a moment ago; to both callers it is the same workspace.
        Err(StoreError::Duplicate(_)) => {
            let there = control.store().workspace_by_external_id(&wanted).await?.ok_or_else(gone)?;
            update(&control, &access.who, there, input).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn update(
    control: &Control,
    who: &Who,
    there: Workspace,
    input: WorkspaceInput,
) -> Result<(StatusCode, Json<WorkspaceView>), Problem> {
    let patch = WorkspacePatch {
        name: Some(Name::into_string(input.name)),
        external_id: None,
        plan: input.plan.map(|plan: Word| known_plan(control, plan)).transpose()?,
        features: input.features.map(words),
        period_anchor: input.period_anchor.map(Some),
    };
    let wanted = merged(&there, &patch);
    if wanted == there {
        // Products send this with each login; without a change it leaves no trace in the audit log.
        return Ok((StatusCode::OK, Json(there.into())));
    }
    let changed = control.store().update_workspace(there.id, &patch, control.by(who)).await?;
    Ok((StatusCode::OK, Json(changed.ok_or_else(gone)?.into())))
}

fn merged(there: &Workspace, patch: &WorkspacePatch) -> Workspace {
    let mut wanted = there.clone();
    let WorkspacePatch { name, external_id: _, plan, features, period_anchor } = patch.clone();
    wanted.name = name.unwrap_or(wanted.name);
    wanted.plan = plan.unwrap_or(wanted.plan);
    wanted.features = features.unwrap_or(wanted.features);
    wanted.period_anchor = period_anchor.unwrap_or(wanted.period_anchor);
    wanted
}
