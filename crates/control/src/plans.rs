//! The plans, as configured.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use ownkey_domain::money::{MicroCredits, PicoUsd};
use ownkey_domain::plan::{DormantKeys, Features, Managed, PastAllowance, Plan};
use serde::Serialize;

use crate::auth::{Access, ViewedParams};
use crate::control::Control;
use crate::page::Listing;
use crate::problem::{Problem, ProblemDocument};
use crate::query::Params;

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
    /// What calls do while a stored key is not covered: `stop` or `managed`.
    #[schema(value_type = String)]
    dormant_keys: DormantKeys,
    /// Credits granted each period.
    #[schema(value_type = Option<String>)]
    allowance_credits: Option<MicroCredits>,
    /// What follows once they are used up: `refuse` or `credits`.
    #[schema(value_type = String)]
    past_allowance: PastAllowance,
    /// Its features; null is every feature.
    features: Option<Vec<String>>,
    /// The output limit of managed calls that have none.
    output_limit: Option<u32>,
    /// Calls a minute of a workspace; null is unlimited.
    requests_per_minute: Option<u32>,
    /// Tokens a minute of a workspace; null is unlimited.
    tokens_per_minute: Option<u64>,
    /// Its price a month.
    #[schema(value_type = Option<String>)]
    price_usd_month: Option<PicoUsd>,
    /// Whether it is the plan of the workspace that this is shown for.
    current: bool,
}

/// Lists the plans, in the order of the configuration.
#[utoipa::path(
    get,
    path = "/api/v1/plans",
    operation_id = "list_plans",
    tag = "catalogue",
    params(ViewedParams),
    responses(
        (status = 200, body = Listing<PlanView>),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn list(
    State(control): State<Arc<Control>>,
    mut access: Access,
    mut params: Params,
) -> Result<Json<Listing<PlanView>>, Problem> {
    let own = access.viewed(&control, &mut params).await?.map(|workspace| workspace.plan);
    params.finish()?;
    let show = |plan: &Plan| PlanView {
        id: plan.id.clone(),
        name: plan.name.clone(),
        byok: plan.byok,
        managed: plan.managed,
        dormant_keys: plan.dormant_keys,
        allowance_credits: plan.allowance_credits,
        past_allowance: plan.past_allowance,
        features: match &plan.features {
            Features::All => None,
            Features::Only(names) => Some(names.clone()),
        },
        output_limit: plan.output_limit,
        requests_per_minute: plan.requests_per_minute,
        tokens_per_minute: plan.tokens_per_minute,
        price_usd_month: plan.price_usd_month,
        current: own.as_ref() == Some(&plan.id),
    };
    Ok(Json(Listing::whole(control.parts.plans.values().map(show).collect())))
}
