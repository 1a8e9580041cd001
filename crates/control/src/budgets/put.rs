use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use ownkey_domain::budget::{BadBudgetName, BudgetName};
use ownkey_providers::stray::holds_key;

use super::{BudgetInput, BudgetView, read, set};
use crate::auth::InWorkspace;
use crate::body::JsonBody;
use crate::control::Control;
use crate::problem::{Problem, ProblemDocument};

/// Sets the budget of that name, from the next call on. With another scope or payer it counts from nothing; with another
/// period it goes on with what it has counted in the old one if that lies within the new one, as a day does in a month, and
/// from nothing if not. Otherwise it keeps what it has counted.
#[utoipa::path(
    put,
    path = "/api/v1/workspaces/{ws}/budgets/{id}",
    operation_id = "put_budget",
    tag = "budgets",
    params(
        ("ws" = String, Path, description = "The workspace's id, or `current`"),
        ("id" = String, Path, description = "The budget's name: lower-case letters, digits, `-` and `_`"),
    ),
    request_body = BudgetInput,
    responses(
        (status = 200, body = BudgetView, description = "Changed"),
        (status = 201, body = BudgetView, description = "Added"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json", description = "An amount that can't be, or a platform key that is not there"),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn put(
    State(control): State<Arc<Control>>,
    access: InWorkspace,
    body: JsonBody,
) -> Result<(StatusCode, Json<BudgetView>), Problem> {
    let name: BudgetName =
        access.segment("id").parse().map_err(|bad: BadBudgetName| Problem::bad_request(format!("No: {bad}.")))?;
    if holds_key(name.as_str()) {
        return Err(Problem::stray_key("The budget's name"));
    }
    let mut members = body.members()?;
    let budget = read(&control, &access, (&mut members, Some(name))).await?;
    members.finish()?;
    let (is_new, view) = set(&control, &access, budget).await?;
    Ok((if is_new { StatusCode::CREATED } else { StatusCode::OK }, Json(view)))
}
