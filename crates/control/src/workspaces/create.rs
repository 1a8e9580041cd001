use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;

use super::{WorkspaceInput, WorkspaceView};
use crate::auth::Access;
use crate::body::JsonBody;
use crate::control::Control;
use crate::problem::{Problem, ProblemDocument};

/// Makes a workspace.
#[utoipa::path(
    post,
    path = "/api/v1/workspaces",
    operation_id = "create_workspace",
    tag = "workspaces",
    request_body = WorkspaceInput,
    responses(
        (status = 201, body = WorkspaceView),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json"),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn create(
    State(control): State<Arc<Control>>,
    access: Access,
    body: JsonBody,
) -> Result<(StatusCode, Json<WorkspaceView>), Problem> {
    let mut members = body.members()?;
    let input = WorkspaceInput::read(&mut members)?;
    members.finish()?;
    let new = input.into_new(&control)?;
    let made = control.store().create_workspace(&new, control.by(&access.who)).await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}
