//! The models, each with whether this caller's workspace could call it now, by the very rule that calls go by.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use ownkey_domain::catalogue::{Listed, Mode, Resolved};
use ownkey_domain::money::PicoUsd;
use ownkey_domain::payer::{KeyState, PayerKind, Refusal};
use ownkey_domain::plan::Plan;
use ownkey_domain::price::Rates;
use ownkey_domain::provider::Provider;
use ownkey_domain::standing::{Offer, Refused};
use ownkey_providers::paths::place_of;
use ownkey_providers::route::Route;
use ownkey_store::Workspace;
use serde::Serialize;

use crate::auth::{Access, ViewedParams};
use crate::control::Control;
use crate::outlook::{NextCall, Outlook, PayerView};
use crate::page::Listing;
use crate::problem::{Problem, ProblemDocument};
use crate::provider_keys::state::{Held, held};
use crate::query::{self, Params};

/// A model as the API shows it.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Model)]
pub(crate) struct ModelView {
    /// The name to call it by.
    id: String,
    /// Who serves it.
    #[schema(value_type = String)]
    provider: Provider,
    /// Whether plan, policy and keys allow a call of it.
    usable: bool,
    /// Why not; null if they do.
    reason: Option<Reason>,
    /// Who is to pay by them: `byok` or `managed`.
    #[schema(value_type = Option<String>)]
    payer: Option<PayerKind>,
    /// What the next call does, as keys and credits are now.
    payer_now: PayerView,
    /// The model behind it, where the name is the product's own.
    alias_of: Option<String>,
    /// The kind of call it serves.
    #[schema(value_type = String)]
    mode: Mode,
    /// Longest prompt, in tokens.
    context_tokens: Option<u64>,
    /// Longest answer, in tokens.
    output_tokens: Option<u64>,
    /// List price of a token in USD, by service tier and token class.
    #[schema(value_type = BTreeMap<String, BTreeMap<String, String>>)]
    prices_usd: BTreeMap<String, BTreeMap<&'static str, PicoUsd>>,
}

/// Why a model can't be called.
#[derive(Clone, Serialize, utoipa::ToSchema)]
pub(crate) struct Reason {
    /// The code that a call would get.
    pub(crate) code: &'static str,
    /// The same in words.
    pub(crate) message: String,
}

/// What the decision looks at, the model aside.
pub(crate) struct Viewer {
    outlook: Outlook,
    keys: Vec<Held>,
}

#[expect(dead_code, reason = "says in OpenAPI what is read")]
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ModelParams {
    /// Only models of this provider.
    provider: Option<String>,
    /// Only the model of this name.
    model: Option<String>,
    /// Only models that can be called now, or only others.
    usable: Option<bool>,
}

/// Lists the models, as the caller's plan, policy and keys make them usable. Who shows them for no workspace
/// sees them as a new one would.
#[utoipa::path(
    get,
    path = "/api/v1/models",
    operation_id = "list_models",
    tag = "catalogue",
    params(ViewedParams, ModelParams),
    responses(
        (status = 200, body = Listing<ModelView>),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn list(
    State(control): State<Arc<Control>>,
    mut access: Access,
    mut params: Params,
) -> Result<Json<Listing<ModelView>>, Problem> {
    let workspace = access.viewed(&control, &mut params).await?;
    let wanted = (query::provider(&mut params)?, params.text("model")?, usable(&mut params)?);
    params.finish()?;
    let viewer = match workspace {
        Some(workspace) => Viewer::of_workspace(&control, workspace).await?,
        None => Viewer::of_a_new_workspace(&control),
    };
    let reachable = |listed: &Listed<'_>| control.endpoint(listed.model.provider).is_some();
    let models = control.parts.catalogue.listed().filter(reachable).map(|listed| viewer.show(&control, listed));
    let is_wanted = |model: &ModelView| {
        let (provider, name, usable) = &wanted;
        provider.is_none_or(|provider| provider == model.provider)
            && name.as_ref().is_none_or(|name| *name == model.id)
            && usable.is_none_or(|usable| usable == model.usable)
    };
    Ok(Json(Listing::whole(models.filter(is_wanted).collect())))
}

fn usable(params: &mut Params) -> Result<Option<bool>, Problem> {
    params.read("usable", "`true` or `false`", |text| text.parse().ok())
}

impl Viewer {
    /// As a workspace would that was just made.
    fn of_a_new_workspace(control: &Control) -> Self {
        Self { outlook: Outlook::of_a_new_workspace(control), keys: Vec::new() }
    }

    /// As that workspace sees models.
    pub(crate) async fn of_workspace(control: &Control, workspace: Workspace) -> Result<Self, Problem> {
        let keys = held(control, workspace.id).await?;
        Ok(Self { outlook: Outlook::of(control, &workspace).await?, keys })
    }

    /// The model of the lead agent until one is chosen.
    pub(crate) fn lead_model<'c>(&self, control: &'c Control) -> Option<&'c str> {
        control.parts.catalogue.lead_model(|listed| {
            self.call(control, *listed).and_then(|call| self.outlook.rule(&control.parts.catalogue, &call)).is_ok()
        })
    }

    /// Why an agent can't have that model, if it can't ever as things stand: what is lacking only for now, such as a
    /// key, does not matter.
    pub(crate) fn objection(&self, control: &Control, model: &str) -> Option<(&'static str, String)> {
        let catalogue = &control.parts.catalogue;
        let mut protocols = Provider::ALL.into_iter().map(Provider::protocol);
        let named = protocols.find_map(|protocol| catalogue.resolve(model, protocol).ok())?;
        let reason = Reason::from(self.outlook.standing().gate(catalogue, &named).err()?);
        Some((reason.code, reason.message))
    }

    fn show(&self, control: &Control, listed: Listed<'_>) -> ModelView {
        let model = listed.model;
        let catalogue = &control.parts.catalogue;
        let (rule, payer_now) = match self.call(control, listed) {
            Ok(call) => self.outlook.told(catalogue, &call),
            Err(reason) => (Err(reason.clone()), PayerView::failing(reason)),
        };
        ModelView {
            id: listed.id.to_owned(),
            provider: model.provider,
            usable: rule.is_ok(),
            payer: rule.as_ref().ok().copied(),
            reason: rule.err(),
            payer_now,
            alias_of: listed.is_alias.then(|| model.id.clone()),
            mode: model.mode,
            context_tokens: model.context_tokens,
            output_tokens: model.output_tokens,
            prices_usd: model.prices.tiers.iter().map(|(tier, rates)| (tier.clone(), by_class(rates))).collect(),
        }
    }

    /// Who is to pay for a call at that path, and what the next one does: by the rule that calls go by.
    pub(crate) fn at(
        &self,
        control: &Control,
        (provider, route): (Provider, &Route),
        listed: Option<&Listed<'_>>,
    ) -> (Result<PayerKind, Reason>, PayerView) {
        let catalogue = &control.parts.catalogue;
        let named = listed.and_then(|listed| catalogue.resolve(listed.id, provider.protocol()).ok());
        let priced = route.is_free() || listed.is_none_or(|listed| listed.model.prices.are_known());
        let call = NextCall {
            always_managed: control.parts.managed_paths.iter().any(|path| path == route.template),
            is_free: route.is_free(),
            can_be_managed: route.can_be_managed(),
            ..self.call_of(control, provider, (named, priced))
        };
        self.outlook.told(catalogue, &call)
    }

    /// The workspace's plan.
    pub(crate) fn plan(&self) -> &Plan {
        self.outlook.plan()
    }

    /// A call of that model, or why there can be none.
    fn call<'c>(&self, control: &'c Control, listed: Listed<'c>) -> Result<NextCall<'c>, Reason> {
        let (provider, catalogue) = (listed.model.provider, &control.parts.catalogue);
        if place_of(provider, listed.model.mode).is_none() {
            let message = "the path that this kind of model is called at is not built yet".to_owned();
            return Err(Reason { code: "not_available_yet", message });
        }
        let named = catalogue.resolve(listed.id, provider.protocol());
        let named = named.map_err(|error| Reason { code: "wrong_protocol", message: error.to_string() })?;
        Ok(self.call_of(control, provider, (Some(named), listed.model.prices.are_known())))
    }

    fn call_of<'c>(
        &self,
        control: &Control,
        provider: Provider,
        (named, priced): (Option<Resolved<'c>>, bool),
    ) -> NextCall<'c> {
        let held = self.keys.iter().find(|held| held.provider == provider);
        let key = held.map_or(KeyState::None, |held| held.key_state(self.plan()));
        let offer = Offer { key, operator_key: control.has_operator_key(provider), priced };
        NextCall::of(named, offer, held.and_then(|held| held.failing))
    }
}

impl From<Refused<'_>> for Reason {
    fn from(Refused { refusal, message }: Refused<'_>) -> Self {
        Self { code: code(refusal), message: message.map_or_else(|| refusal.to_string(), str::to_owned) }
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
