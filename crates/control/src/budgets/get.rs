use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::{BudgetView, all, gone, name_of};
use crate::auth::InWorkspace;
use crate::control::Control;
use crate::problem::{Problem, ProblemDocument};

/// Shows a budget, with what is used of it in the present period.
#[utoipa::path(
    get,
    path = "/api/v1/workspaces/{ws}/budgets/{id}",
    operation_id = "get_budget",
    tag = "budgets",
    params(
        ("ws" = String, Path, description = "The workspace's id, or `current`"),
        ("id" = String, Path, description = "The budget's name"),
    ),
    responses(
        (status = 200, body = BudgetView),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn get(State(control): State<Arc<Control>>, access: InWorkspace) -> Result<Json<BudgetView>, Problem> {
    let name = name_of(&access)?;
    let found = all(&control, &access).await?.into_iter().find(|budget| budget.id == name);
    Ok(Json(found.ok_or_else(gone)?))
}
