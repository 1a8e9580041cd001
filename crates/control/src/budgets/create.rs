use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;

use super::{BudgetInput, BudgetView, read, set};
use crate::auth::InWorkspace;
use crate::body::JsonBody;
use crate::control::Control;
use crate::problem::{Problem, ProblemDocument};

/// Makes a budget and a name for it. Whoever wants to choose the name puts it there.
#[utoipa::path(
    post,
    path = "/api/v1/workspaces/{ws}/budgets",
    operation_id = "create_budget",
    tag = "budgets",
    params(("ws" = String, Path, description = "The workspace's id, or `current`")),
    request_body = BudgetInput,
    responses(
        (status = 201, body = BudgetView),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json", description = "An amount that can't be, or a platform key that is not there"),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn create(
    State(control): State<Arc<Control>>,
    access: InWorkspace,
    body: JsonBody,
) -> Result<(StatusCode, Json<BudgetView>), Problem> {
    let mut members = body.members()?;
    let budget = read(&control, &access, (&mut members, None)).await?;
    members.finish()?;
    let (_, view) = set(&control, &access, budget).await?;
    Ok((StatusCode::CREATED, Json(view)))
}
