//! The plans, as configured.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use ownkey_domain::plan::{Managed, Plan};
use serde::Serialize;

use crate::auth::{Access, Who};
use crate::control::Control;
use crate::page::Listing;
use crate::problem::{Problem, ProblemDocument};

/// A plan as the API shows it.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Plan)]
pub(crate) struct PlanView {
    /// The id workspaces name.
    id: String,
    /// The name people read.
    name: String,
    /// Whether workspaces may bring their own key.
    byok: bool,
    /// `included`, `credits` or `none`.
    #[schema(value_type = String)]
    managed: Managed,
    /// Whether it is the caller's own plan.
    current: bool,
}

/// Lists the plans.
#[utoipa::path(
    get,
    path = "/api/v1/plans",
    operation_id = "list_plans",
    tag = "catalogue",
    responses(
        (status = 200, body = Listing<PlanView>),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn list(
    State(control): State<Arc<Control>>,
    access: Access,
) -> Result<Json<Listing<PlanView>>, Problem> {
    let own = match &access.who {
        Who::Operator => None,
        Who::Key(key) => control.store().workspace(key.workspace).await?.map(|workspace| workspace.plan),
    };
    let show = |plan: &Plan| PlanView {
        id: plan.id.clone(),
        name: plan.name.clone(),
        byok: plan.byok,
        managed: plan.managed,
        current: own.as_ref() == Some(&plan.id),
    };
    Ok(Json(Listing::whole(control.parts.plans.values().map(show).collect())))
}
