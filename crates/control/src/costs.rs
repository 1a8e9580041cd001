//! What costs what, here and now: every call that is served and every metered service, by the very table and rule that
//! calls go by.

#![deny(clippy::as_conversions, clippy::float_arithmetic)]

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use ownkey_domain::catalogue::Listed;
use ownkey_domain::money::{CreditPrice, CreditRate, MicroCredits, PicoUsd};
use ownkey_domain::payer::PayerKind;
use ownkey_domain::price::{Prices, Rates};
use ownkey_domain::provider::Provider;
use ownkey_domain::service::{Service, ServiceUnit};
use ownkey_domain::usage::{TokenClass, Unit};
use ownkey_providers::paths;
use ownkey_providers::route::Route;
use serde::Serialize;

use crate::auth::InWorkspace;
use crate::control::Control;
use crate::models::{Reason, Viewer};
use crate::outlook::PayerView;
use crate::problem::{Problem, ProblemDocument};

/// What prices are told for: a single token costs next to nothing.
const TOKENS: u64 = 1_000_000;

/// What costs what.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Costs)]
pub(crate) struct CostsView {
    /// The calls of models that are served.
    routes: Vec<RouteView>,
    /// The metered services.
    services: Vec<ServiceView>,
}

/// A call that is served.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = RouteCost)]
pub(crate) struct RouteView {
    /// How the path is called.
    method: &'static str,
    /// The path; `{id}` stands for any id.
    path: &'static str,
    /// Who serves it.
    #[schema(value_type = String)]
    provider: Provider,
    /// What it costs, where that does not depend on the model.
    terms: Option<TermsView>,
    /// What it costs by model, where it does.
    models: Vec<ModelCostView>,
}

/// What a call costs with a model.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = ModelCost)]
pub(crate) struct ModelCostView {
    /// The name to call it by.
    id: String,
    #[serde(flatten)]
    terms: TermsView,
}

/// Who pays for a call, and what it costs the workspace.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = CostTerms)]
pub(crate) struct TermsView {
    /// `byok` or `managed`; null if the call is refused.
    #[schema(value_type = Option<String>)]
    payer: Option<PayerKind>,
    /// `own_key`: the provider bills the workspace, and it costs no credits; `included`: the plan has it; `free`: nobody
    /// bills it; `credits`; `refused`.
    cost: Cost,
    /// Why it is refused.
    reason: Option<Reason>,
    /// What the next call does, as keys and credits are now.
    payer_now: PayerView,
    /// Credits for a million tokens, by service tier and token class, rounded up to a micro-credit.
    #[schema(value_type = BTreeMap<String, BTreeMap<String, String>>)]
    credits_per_million_tokens: ByTier,
    /// The same where prompts are long, if that costs more.
    long_context: Option<LongContextView>,
    /// Credits for one of what else is counted, such as `input_characters` or `web_searches`.
    #[schema(value_type = BTreeMap<String, String>)]
    credits_per_unit: BTreeMap<&'static str, MicroCredits>,
}

/// What long prompts cost.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = LongContextCost)]
pub(crate) struct LongContextView {
    /// Prompts longer than this.
    above_tokens: u64,
    /// Credits for a million tokens, by service tier and token class.
    #[schema(value_type = BTreeMap<String, BTreeMap<String, String>>)]
    credits_per_million_tokens: ByTier,
}

/// A metered service.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = ServiceCost)]
pub(crate) struct ServiceView {
    /// The name it is called by, at `/services/{name}`.
    name: String,
    /// What is counted.
    #[schema(value_type = String)]
    unit: ServiceUnit,
    /// `managed`, whoever's keys there are.
    #[schema(value_type = String)]
    payer: PayerKind,
    /// `credits`, or `included` where the plan includes managed access without a limit.
    cost: Cost,
    /// Credits for one of that, where it costs credits.
    #[schema(value_type = String)]
    credits: CreditPrice,
}

/// What a call costs the workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
enum Cost {
    OwnKey,
    Included,
    Free,
    Credits,
    Refused,
}

/// Credits by service tier and token class.
type ByTier = BTreeMap<String, BTreeMap<&'static str, MicroCredits>>;

/// Shows what each call and each service would cost this workspace now, and who would pay. A price stands whether or not
/// there are credits for it now, which `payer_now` tells of calls, and `credits` of services.
#[utoipa::path(
    get,
    path = "/api/v1/workspaces/{ws}/costs",
    operation_id = "get_costs",
    tag = "credits",
    params(("ws" = String, Path, description = "The workspace's id, or `current`")),
    responses(
        (status = 200, body = CostsView),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn get(State(control): State<Arc<Control>>, access: InWorkspace) -> Result<Json<CostsView>, Problem> {
    let draw = control.plan(&access.workspace.plan).draw_for_services(control.now(), access.workspace.period_anchor);
    let cost = if draw.included { Cost::Included } else { Cost::Credits };
    let services = control.parts.services.values().map(|service| ServiceView::of(service, cost)).collect();
    let viewer = Viewer::of_workspace(&control, access.workspace).await?;
    let offered = paths::all().filter(|(provider, _)| control.endpoint(*provider).is_some());
    let asking = Asking { control: &control, viewer: &viewer };
    let routes = offered.map(|(provider, route)| asking.route(provider, route)).collect();
    Ok(Json(CostsView { routes, services }))
}

impl ServiceView {
    fn of(service: &Service, cost: Cost) -> Self {
        let Service { name, unit, credits, .. } = service;
        Self { name: name.clone(), unit: *unit, payer: PayerKind::Managed, cost, credits: *credits }
    }
}

/// Who asks.
struct Asking<'a> {
    control: &'a Control,
    viewer: &'a Viewer,
}

impl Asking<'_> {
    fn route(&self, provider: Provider, route: &'static Route) -> RouteView {
        // What is free is free with every model, and what can't be managed costs credits with none.
        let by_model = !route.is_free() && route.can_be_managed();
        let served = |listed: &Listed<'_>| listed.model.provider == provider && route.serves(listed.model.mode);
        let listed = self.control.parts.catalogue.listed().filter(|listed| by_model && served(listed));
        let models = listed.map(|listed| {
            let terms = self.terms((provider, route), Some(&listed));
            ModelCostView { id: listed.id.to_owned(), terms }
        });
        RouteView {
            method: route.verb.as_str(),
            path: route.template,
            provider,
            models: models.collect(),
            terms: (!by_model).then(|| self.terms((provider, route), None)),
        }
    }

    fn terms(&self, (provider, route): (Provider, &Route), listed: Option<&Listed<'_>>) -> TermsView {
        let (decided, payer_now) = self.viewer.at(self.control, (provider, route), listed);
        let cost = match &decided {
            Err(_) => Cost::Refused,
            Ok(_) if route.is_free() => Cost::Free,
            Ok(PayerKind::Byok) => Cost::OwnKey,
            Ok(PayerKind::Managed) if self.viewer.plan().draws_on_credits() => Cost::Credits,
            Ok(PayerKind::Managed) => Cost::Included,
        };
        let prices = listed.map(|listed| &listed.model.prices).filter(|_| cost != Cost::Refused);
        let pricing = Pricing { rate: self.control.parts.credits.as_ref(), cost };
        TermsView {
            payer: decided.as_ref().ok().copied(),
            cost,
            reason: decided.err(),
            payer_now,
            credits_per_million_tokens: prices.map(|prices| pricing.by_tier(&prices.tiers)).unwrap_or_default(),
            long_context: prices.and_then(|prices| prices.long_context.as_ref()).map(|long| LongContextView {
                above_tokens: long.above_tokens,
                credits_per_million_tokens: pricing.by_tier(&long.tiers),
            }),
            credits_per_unit: prices.map(|prices| pricing.by_unit(prices)).unwrap_or_default(),
        }
    }
}

/// How a list price is told in credits.
struct Pricing<'a> {
    rate: Option<&'a CreditRate>,
    cost: Cost,
}

impl Pricing<'_> {
    fn credits(&self, price: PicoUsd) -> Option<MicroCredits> {
        match self.cost {
            Cost::Credits => self.rate?.credits(price),
            Cost::OwnKey | Cost::Included | Cost::Free | Cost::Refused => Some(MicroCredits::ZERO),
        }
    }

    fn by_tier(&self, tiers: &BTreeMap<String, Rates>) -> ByTier {
        let by_class = |rates: &Rates| -> BTreeMap<_, _> {
            let priced =
                |(class, price): (TokenClass, PicoUsd)| Some((class.as_str(), self.credits(price.times(TOKENS)?)?));
            rates.iter().filter_map(priced).collect()
        };
        tiers.iter().map(|(tier, rates)| (tier.clone(), by_class(rates))).collect()
    }

    fn by_unit(&self, prices: &Prices) -> BTreeMap<&'static str, MicroCredits> {
        let priced = |(unit, price): (&Unit, &PicoUsd)| Some((unit.as_str(), self.credits(*price)?));
        prices.units.iter().filter_map(priced).collect()
    }
}
