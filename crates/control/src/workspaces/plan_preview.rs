use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use ownkey_domain::plan::DormantKeys;
use ownkey_domain::provider::Provider;
use ownkey_store::Workspace;
use serde::Serialize;

use super::known_plan;
use crate::auth::InWorkspace;
use crate::control::Control;
use crate::form::Word;
use crate::outlook::{Outlook, PayerView};
use crate::problem::{Problem, ProblemDocument};
use crate::provider_keys::state::{Held, State as KeyStateView, held};
use crate::query::Params;

/// What a change of plan would come to.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct PlanPreview {
    /// The plan it is about.
    plan: String,
    /// How many keys would fall asleep: they are kept, and no call goes out on them.
    keys_asleep: usize,
    /// How many keys would wake up.
    keys_waking: usize,
    /// What calls do while keys are asleep under that plan: `stop` or `managed`.
    #[schema(value_type = String)]
    dormant_keys: DormantKeys,
    /// Who pays at each provider, before and after.
    providers: Vec<PayerChange>,
}

/// Who pays at a provider, before and after.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct PayerChange {
    /// The provider.
    #[schema(value_type = String)]
    provider: Provider,
    /// Now.
    before: PayerView,
    /// From the change on.
    after: PayerView,
}

/// The plan to look at.
#[expect(dead_code, reason = "says in OpenAPI what is read")]
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PlanPreviewParams {
    /// The id of a plan.
    plan: String,
}

/// Tells what another plan would come to for the workspace, and changes nothing.
#[utoipa::path(
    get,
    path = "/api/v1/workspaces/{ws}/plan-preview",
    operation_id = "preview_plan",
    tag = "workspaces",
    params(("ws" = String, Path, description = "The workspace's id"), PlanPreviewParams),
    responses(
        (status = 200, body = PlanPreview),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn get(
    State(control): State<Arc<Control>>,
    access: InWorkspace,
    mut params: Params,
) -> Result<Json<PlanPreview>, Problem> {
    let missing =
        || Problem::bad_request("The query parameter `plan` must be the id of a plan.").with("member", "plan");
    let plan: Word = params.read("plan", Word::FORM, |text| text.to_owned().try_into().ok())?.ok_or_else(missing)?;
    params.finish()?;
    let plan = known_plan(&control, plan)?;
    let held = held(&control, access.id()).await?;
    let after = Workspace { plan, ..access.workspace.clone() };
    let old = Outlook::of(&control, &access.workspace).await?;
    let new = Outlook::of(&control, &after).await?;
    Ok(Json(preview(&control, (after.plan, &old, &new), &held)))
}

fn preview(control: &Control, (plan, old, new): (String, &Outlook, &Outlook), held: &[Held]) -> PlanPreview {
    let asleep = |held: &Held, outlook: &Outlook| held.state(outlook.plan()) == KeyStateView::Dormant;
    let pays = |held: &Held, outlook: &Outlook| {
        outlook.next(&control.parts.catalogue, &held.next_call(control, outlook.plan()))
    };
    PlanPreview {
        plan,
        keys_asleep: held.iter().filter(|held| !asleep(held, old) && asleep(held, new)).count(),
        keys_waking: held.iter().filter(|held| asleep(held, old) && !asleep(held, new)).count(),
        dormant_keys: new.plan().dormant_keys,
        providers: held
            .iter()
            .map(|held| PayerChange { provider: held.provider, before: pays(held, old), after: pays(held, new) })
            .collect(),
    }
}
