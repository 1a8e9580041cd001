//! The workspaces at a glance: who pays, what they use, what they have.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use ownkey_domain::id::WorkspaceId;
use ownkey_domain::money::{MicroCredits, PicoUsd};
use ownkey_domain::period::Period;
use ownkey_domain::provider::Provider;
use ownkey_store::WorkspaceSummary;
use serde::Serialize;
use uuid::Uuid;

use crate::auth::Access;
use crate::control::Control;
use crate::outlook::{Outlook, PayerView};
use crate::page::{List, Listing, Page, PageParams};
use crate::problem::{Problem, ProblemDocument};
use crate::provider_keys::state::{State as KeyStateView, held};
use crate::query::Params;
use crate::workspaces::WorkspaceView;

/// A workspace as the operator's list shows it.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct WorkspaceAtAGlance {
    /// The workspace.
    #[serde(flatten)]
    workspace: WorkspaceView,
    /// Who pays at each provider.
    providers: Vec<ProviderAtAGlance>,
    /// What its calls on own keys cost this calendar month (UTC) at list price: its providers bill it.
    #[schema(value_type = String)]
    month_own_usd: PicoUsd,
    /// The credits that it paid for all others.
    #[schema(value_type = String)]
    month_credits_paid: MicroCredits,
    /// Its credits, held or not, with the allowance that is due.
    #[schema(value_type = String)]
    balance: MicroCredits,
}

/// How a workspace stands at a provider.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct ProviderAtAGlance {
    /// The provider.
    #[schema(value_type = String)]
    provider: Provider,
    /// How its key stands.
    key: KeyStateView,
    /// What the next call of one of the provider's models does.
    payer_now: PayerView,
}

/// Lists the workspaces with who pays and what they use, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/operator/workspaces",
    operation_id = "list_workspaces_at_a_glance",
    tag = "operator",
    params(PageParams),
    responses(
        (status = 200, body = Listing<WorkspaceAtAGlance>),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn list(
    State(control): State<Arc<Control>>,
    _: Access,
    mut params: Params,
) -> Result<Json<Listing<WorkspaceAtAGlance>>, Problem> {
    let page = Page::take(List::OperatorWorkspaces, &mut params)?;
    params.finish()?;
    let before = page.before.map(|place| WorkspaceId::from_uuid(Uuid::from_u128(place)));
    let found = control.store().workspaces(before, page.limit).await?;
    // The newest stands first.
    let (Some(last), Some(first)) = (found.items.first(), found.items.last()) else {
        return Ok(Json(Listing::whole(Vec::new())));
    };
    let month = Period::month(control.now(), None);
    let summaries = control.store().summaries((first.id, last.id), month.start).await?;
    let mut items = Vec::with_capacity(found.items.len());
    for workspace in found.items {
        let summary = summaries.get(&workspace.id).copied().unwrap_or_default();
        items.push(WorkspaceAtAGlance::of(&control, workspace, summary).await?);
    }
    let found = ownkey_store::Page { items, more: found.more };
    Ok(Json(page.listing(found, |shown| shown.workspace.id.uuid().as_u128(), |shown| shown)))
}

impl WorkspaceAtAGlance {
    async fn of(
        control: &Control,
        workspace: ownkey_store::Workspace,
        summary: WorkspaceSummary,
    ) -> Result<Self, Problem> {
        let outlook = Outlook::of(control, &workspace).await?;
        let held = held(control, workspace.id).await?;
        let providers = held.iter().map(|held| ProviderAtAGlance {
            provider: held.provider,
            key: held.state(outlook.plan()),
            payer_now: outlook.next(&control.parts.catalogue, &held.next_call(control, outlook.plan())),
        });
        let providers = providers.collect();
        let WorkspaceSummary { own_usd, credits_paid } = summary;
        let (workspace, balance) = (workspace.into(), outlook.balance());
        Ok(Self { workspace, providers, month_own_usd: own_usd, month_credits_paid: credits_paid, balance })
    }
}
