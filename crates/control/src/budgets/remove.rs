use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;

use super::{gone, name_of};
use crate::auth::InWorkspace;
use crate::control::Control;
use crate::problem::{Problem, ProblemDocument};

/// Removes a budget: from the next call on it counts and refuses nothing.
#[utoipa::path(
    delete,
    path = "/api/v1/workspaces/{ws}/budgets/{id}",
    operation_id = "delete_budget",
    tag = "budgets",
    params(
        ("ws" = String, Path, description = "The workspace's id, or `current`"),
        ("id" = String, Path, description = "The budget's name"),
    ),
    responses(
        (status = 204),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn remove(State(control): State<Arc<Control>>, access: InWorkspace) -> Result<StatusCode, Problem> {
    let name = name_of(&access)?;
    let removed = control.store().remove_budget(access.id(), &name, control.by(&access.who)).await?;
    if removed { Ok(StatusCode::NO_CONTENT) } else { Err(gone()) }
}
