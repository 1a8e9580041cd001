use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::{BudgetView, all};
use crate::auth::InWorkspace;
use crate::control::Control;
use crate::page::Listing;
use crate::problem::{Problem, ProblemDocument};

/// Lists the workspace's budgets by name, each with what is used of it in the present period.
#[utoipa::path(
    get,
    path = "/api/v1/workspaces/{ws}/budgets",
    operation_id = "list_budgets",
    tag = "budgets",
    params(("ws" = String, Path, description = "The workspace's id, or `current`")),
    responses(
        (status = 200, body = Listing<BudgetView>),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn list(
    State(control): State<Arc<Control>>,
    access: InWorkspace,
) -> Result<Json<Listing<BudgetView>>, Problem> {
    Ok(Json(Listing::whole(all(&control, &access).await?)))
}
