//! The models, each with whether this caller's workspace could call it now, by the very rule that calls go by.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use ownkey_domain::catalogue::Model;
use ownkey_domain::money::PicoUsd;
use ownkey_domain::payer::{Gate, KeyState, PayerKind, Question, Refusal, decide};
use ownkey_domain::plan::Plan;
use ownkey_domain::policy::PayerPolicy;
use ownkey_domain::price::Rates;
use ownkey_domain::provider::Provider;
use serde::Serialize;

use crate::auth::{Access, Who};
use crate::control::Control;
use crate::page::Listing;
use crate::problem::{Problem, ProblemDocument};
use crate::provider_keys::state::{Held, held};

/// A model as the API shows it.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Model)]
pub(crate) struct ModelView {
    /// The name to call it by.
    id: String,
    /// Who serves it.
    #[schema(value_type = String)]
    provider: Provider,
    /// Whether a call would be served now.
    usable: bool,
    /// Why not; null if it would.
    reason: Option<Reason>,
    /// Who would pay: `byok` or `managed`.
    #[schema(value_type = Option<String>)]
    payer: Option<PayerKind>,
    /// Longest prompt, in tokens.
    context_tokens: Option<u64>,
    /// Longest answer, in tokens.
    output_tokens: Option<u64>,
    /// List price of a token in USD, by service tier and token class.
    #[schema(value_type = BTreeMap<String, BTreeMap<String, String>>)]
    prices_usd: BTreeMap<String, BTreeMap<&'static str, PicoUsd>>,
}

/// Why a model can't be called.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Reason {
    /// The code that a call would get.
    code: &'static str,
    /// The same in words.
    message: String,
}

/// What the decision looks at, the model aside.
struct Viewer {
    plan: Plan,
    policy: PayerPolicy,
    keys: Vec<Held>,
}

/// Lists the models, as the caller's plan, policy and keys make them usable. The operator sees them as a new
/// workspace would.
#[utoipa::path(
    get,
    path = "/api/v1/models",
    operation_id = "list_models",
    tag = "catalogue",
    responses(
        (status = 200, body = Listing<ModelView>),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn list(
    State(control): State<Arc<Control>>,
    access: Access,
) -> Result<Json<Listing<ModelView>>, Problem> {
    let viewer = Viewer::of(&control, &access.who).await?;
    let offered = |model: &&Model| control.endpoint(model.provider).is_some();
    let models = control.parts.catalogue.models().iter().filter(offered);
    Ok(Json(Listing::whole(models.map(|model| viewer.show(&control, model)).collect())))
}

impl Viewer {
    async fn of(control: &Control, who: &Who) -> Result<Self, Problem> {
        let Who::Key(key) = who else {
            let plan = control.plan(control.default_plan().unwrap_or_default());
            return Ok(Self { plan, policy: PayerPolicy::default(), keys: Vec::new() });
        };
        let workspace = control.store().workspace(key.workspace).await?;
        let workspace = workspace.ok_or_else(|| Problem::not_found("There is no such workspace."))?;
        let keys = held(control, workspace.id).await?;
        Ok(Self { plan: control.plan(&workspace.plan), policy: workspace.policy, keys })
    }

    fn show(&self, control: &Control, model: &Model) -> ModelView {
        let held = self.keys.iter().find(|held| held.provider == model.provider);
        let decision = decide(&Question {
            plan: &self.plan,
            policy: self.policy,
            gate: Gate::Available,
            key: held.map_or(KeyState::None, |held| held.key_state(&self.plan)),
            operator_key: control.has_operator_key(model.provider),
            priced: !model.prices.tiers.is_empty(),
        });
        ModelView {
            id: model.id.clone(),
            provider: model.provider,
            usable: decision.is_ok(),
            payer: decision.as_ref().ok().map(|payer| payer.kind()),
            reason: decision.err().map(|refusal| Reason { code: code(refusal), message: refusal.to_string() }),
            context_tokens: model.context_tokens,
            output_tokens: model.output_tokens,
            prices_usd: model.prices.tiers.iter().map(|(tier, rates)| (tier.clone(), by_class(rates))).collect(),
        }
    }
}

fn by_class(rates: &Rates) -> BTreeMap<&'static str, PicoUsd> {
    rates.iter().map(|(class, price)| (class.as_str(), price)).collect()
}

fn code(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::ModelNotFound => "model_not_found",
        Refusal::ModelComingSoon => "model_coming_soon",
        Refusal::ModelGated => "model_gated",
        Refusal::ByokRequired => "byok_required",
        Refusal::PlanRequired => "plan_required",
        Refusal::KeySealed => "key_sealed",
        Refusal::ManagedUnavailable => "managed_unavailable",
        Refusal::ModelNotPriced => "model_not_priced",
    }
}
