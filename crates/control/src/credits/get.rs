use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use ownkey_domain::money::MicroCredits;
use ownkey_domain::period::Period;
use ownkey_domain::time::Timestamp;
use serde::Serialize;

use super::{PurseView, present, runway};
use crate::auth::InWorkspace;
use crate::control::Control;
use crate::problem::{Problem, ProblemDocument};

/// What a workspace has.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Credits)]
pub(crate) struct CreditsView {
    /// All of it, held or not.
    #[schema(value_type = String)]
    balance: MicroCredits,
    /// What calls under way have set aside.
    #[schema(value_type = String)]
    held: MicroCredits,
    /// What is not held.
    #[schema(value_type = String)]
    available: MicroCredits,
    /// Whole days that what is not held lasts at the pace of the last week; null where less than three days of
    /// spending are known.
    runway_days: Option<u32>,
    /// Where it lies, in the order in which it is spent: what expires soonest first.
    grants: Vec<PurseView>,
    /// The start of the present period.
    #[schema(value_type = String)]
    period_start: Timestamp,
    /// When the next period begins, and with it the next allowance, if the plan has one.
    #[schema(value_type = Option<String>)]
    resets_at: Option<Timestamp>,
}

/// Shows the workspace's credits. The plan's allowance for the present period is among them.
#[utoipa::path(
    get,
    path = "/api/v1/workspaces/{ws}/credits",
    operation_id = "get_credits",
    tag = "credits",
    params(("ws" = String, Path, description = "The workspace's id, or `current`")),
    responses(
        (status = 200, body = CreditsView),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn get(
    State(control): State<Arc<Control>>,
    access: InWorkspace,
) -> Result<Json<CreditsView>, Problem> {
    let credits = present(&control, &access).await?;
    let runway_days = runway::days(&control, &access, credits.available()).await?;
    let period = Period::month(control.now(), access.workspace.period_anchor);
    Ok(Json(CreditsView {
        balance: credits.balance(),
        held: credits.held(),
        available: credits.available(),
        runway_days,
        grants: credits.purses.into_iter().map(PurseView::from).collect(),
        period_start: period.start,
        resets_at: period.end,
    }))
}
