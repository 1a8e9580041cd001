//! What was granted, over all workspaces.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use ownkey_domain::id::{GrantId, WorkspaceId};
use ownkey_domain::money::MicroCredits;
use ownkey_domain::time::Timestamp;
use ownkey_store::{GrantFilter, GrantRecord, GrantState};
use serde::Serialize;

use crate::auth::Access;
use crate::control::Control;
use crate::page::{List, Listing, Page, PageParams};
use crate::problem::{Problem, ProblemDocument};
use crate::query::Params;

/// Credits that were given to a workspace.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = OperatorGrant)]
pub(crate) struct OperatorGrantView {
    /// Its id.
    #[schema(value_type = String)]
    id: GrantId,
    /// The workspace.
    #[schema(value_type = String)]
    workspace: WorkspaceId,
    /// The workspace's name.
    workspace_name: String,
    /// How many were granted.
    #[schema(value_type = String)]
    credits: MicroCredits,
    /// What is left of it, held or not.
    #[schema(value_type = String)]
    balance: MicroCredits,
    /// `active`, `spent` or `expired`.
    state: &'static str,
    /// Why.
    reason: Option<String>,
    /// When what is left expires; null is never.
    #[schema(value_type = Option<String>)]
    expires_at: Option<Timestamp>,
    /// When it was given.
    #[schema(value_type = String)]
    created_at: Timestamp,
}

/// Which grants.
#[expect(dead_code, reason = "says in OpenAPI what `list` reads")]
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct GrantParams {
    /// Only this workspace's.
    workspace: Option<String>,
    /// Only those that are `active`, `spent` or `expired`.
    state: Option<String>,
}

/// Lists the grants of all workspaces, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/operator/grants",
    operation_id = "list_grants",
    tag = "operator",
    params(PageParams, GrantParams),
    responses(
        (status = 200, body = Listing<OperatorGrantView>),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn list(
    State(control): State<Arc<Control>>,
    _: Access,
    mut params: Params,
) -> Result<Json<Listing<OperatorGrantView>>, Problem> {
    let page = Page::take(List::Grants, &mut params)?;
    let workspace = params.read("workspace", "a workspace's id", |text| text.parse().ok())?;
    let state = params.read("state", "`active`, `spent` or `expired`", state)?;
    params.finish()?;
    let before = page.before.and_then(|place| i64::try_from(place).ok());
    let filter = GrantFilter { workspace, state };
    let found = control.store().grants(filter, control.now(), before, page.limit).await?;
    Ok(Json(page.listing(found, |grant| u128::from(grant.seq.unsigned_abs()), OperatorGrantView::from)))
}

fn state(text: &str) -> Option<GrantState> {
    [GrantState::Active, GrantState::Spent, GrantState::Expired].into_iter().find(|state| state.as_str() == text)
}

impl From<GrantRecord> for OperatorGrantView {
    fn from(grant: GrantRecord) -> Self {
        let GrantRecord { id, workspace, workspace_name, credits, balance, reason, at, expires_at, state, .. } = grant;
        Self {
            id,
            workspace,
            workspace_name,
            credits,
            balance,
            state: state.as_str(),
            reason,
            expires_at,
            created_at: at,
        }
    }
}
