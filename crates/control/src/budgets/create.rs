use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;

use super::preview::{BudgetPreview, preview};
use super::{BudgetInput, BudgetView, read, set};
use crate::auth::InWorkspace;
use crate::body::JsonBody;
use crate::control::Control;
use crate::problem::{Problem, ProblemDocument};
use crate::query::Params;

/// Whether to make it.
#[expect(dead_code, reason = "says in OpenAPI what is read")]
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct BudgetParams {
    /// `true` makes nothing, and only tells what it would have done to the calls of today.
    preview: Option<bool>,
}

/// Makes a budget and a name for it. Whoever wants to choose the name puts it there.
#[utoipa::path(
    post,
    path = "/api/v1/workspaces/{ws}/budgets",
    operation_id = "create_budget",
    tag = "budgets",
    params(("ws" = String, Path, description = "The workspace's id, or `current`"), BudgetParams),
    request_body = BudgetInput,
    responses(
        (status = 200, body = BudgetPreview, description = "With `preview=true`"),
        (status = 201, body = BudgetView),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json", description = "An amount that can't be, or a platform key that is not there"),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn create(
    State(control): State<Arc<Control>>,
    access: InWorkspace,
    mut params: Params,
    body: JsonBody,
) -> Result<Response, Problem> {
    let is_preview = params.read("preview", "`true` or `false`", |text| text.parse().ok())?.unwrap_or(false);
    params.finish()?;
    let mut members = body.members()?;
    let budget = read(&control, &access, (&mut members, None)).await?;
    members.finish()?;
    if is_preview {
        return Ok(Json(preview(&control, &access, &budget).await?).into_response());
    }
    let (_, view) = set(&control, &access, budget).await?;
    Ok((StatusCode::CREATED, Json(view)).into_response())
}
