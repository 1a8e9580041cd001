//! Step 3: who pays, with which credential, for which model. The rules are `domain`'s; here the facts are put
//! before them.

use std::sync::Arc;

use ownkey_domain::catalogue::{Catalogue, Model, ResolveError, Resolved};
use ownkey_domain::payer::{KeyState, Payer, PayerKind, Refusal};
use ownkey_domain::plan::{Managed, Plan};
use ownkey_domain::policy::{FallbackClass, PayerPolicy};
use ownkey_domain::provider::{Protocol, Provider};
use ownkey_domain::receipt::Consent;
use ownkey_domain::standing::{Offer, Refused, Standing};
use ownkey_providers::paths::usual;
use ownkey_providers::route::Route;
use ownkey_vault::ProviderKey;

use crate::directory::{Credential, Generation, Workspace};
use crate::error::{Code, Error};
use crate::upstream::{BaseUrl, Upstream};

/// What was decided.
pub struct Decision<'a> {
    /// Who pays.
    pub payer: Payer,
    /// The provider that serves.
    pub provider: Provider,
    /// The model name to send, if one was given.
    pub model: Option<&'a str>,
    /// Where to send it.
    pub base: &'a BaseUrl,
    /// The workspace it was decided for.
    pub workspace: Arc<Workspace>,
    /// The state of the directory it rests on.
    pub since: Generation,
    /// The operator's own key at the provider.
    pub managed_key: Option<&'a Arc<ProviderKey>>,
    /// The failure of the own key for which managed access steps in.
    pub fallback: Option<FallbackClass>,
    /// Whether the workspace's plan includes the call.
    pub included: bool,
    /// The output limit to write in where the call has none.
    pub output_limit: Option<u32>,
    /// The workspace's plan.
    pub plan: &'a Plan,
}

impl Decision<'_> {
    /// By whose leave managed access steps in, if it does.
    pub fn consent(&self) -> Option<Consent> {
        Some(Consent { after: self.fallback?, daily_cap_usd: self.workspace.fallback.daily_cap_usd? })
    }

    /// The workspace's key that pays.
    pub fn credential(&self) -> Option<&Credential> {
        let id = self.payer.credential()?;
        self.workspace.credentials.iter().find(|credential| credential.id == id)
    }
}

/// What the decision looks at besides the call.
pub struct Grounds<'a> {
    /// The workspace's plan.
    pub plan: &'a Plan,
    /// The models and what is offered of them.
    pub catalogue: &'a Catalogue,
    /// The providers.
    pub upstreams: &'a [Upstream],
}

/// What the model name means on a path of that protocol. A call without a model goes to the path's provider.
pub fn resolve<'a>(catalogue: &'a Catalogue, protocol: Protocol, name: Option<&'a str>) -> Result<Asked<'a>, Error> {
    let nothing = Asked { provider: protocol.provider(), named: None, is_free: false, payer: None };
    let Some(name) = name else { return Ok(nothing) };
    let named = catalogue.resolve(name, protocol).map_err(|ResolveError::WrongProtocol(provider)| {
        let path = usual(provider.protocol());
        let message = format!("This model is {}'s: call it at {path}.", provider.title());
        Error::new(Code::WrongProtocol, message)
    })?;
    Ok(Asked { provider: named.provider, named: Some(named), ..nothing })
}

/// The model that a call asks for.
pub struct Asked<'a> {
    /// Who serves it.
    pub provider: Provider,
    /// What its name means, if the call names one.
    pub named: Option<Resolved<'a>>,
    /// Whether the provider bills nothing, whatever the model.
    pub is_free: bool,
    /// Who alone may pay, whatever the workspace says.
    pub payer: Option<PayerKind>,
}

impl<'a> Asked<'a> {
    /// The same, asked for in such a call; of those paths the operator said that managed access pays. What nobody meters
    /// nobody but the workspace can pay.
    #[must_use]
    pub fn at(self, route: &Route, managed_paths: &[String]) -> Self {
        let is_managed = || managed_paths.iter().any(|path| path == route.template);
        let payer = match route.is_unmetered() {
            true => Some(PayerKind::Byok),
            false => is_managed().then_some(PayerKind::Managed),
        };
        Self { is_free: route.is_free(), payer, ..self }
    }

    /// The policy that holds for it in a workspace of that one; `None` if that one forbids it.
    fn policy(&self, own: PayerPolicy) -> Option<PayerPolicy> {
        match (self.payer, own) {
            (Some(PayerKind::Managed), _) => Some(PayerPolicy::ManagedOnly),
            (Some(PayerKind::Byok), PayerPolicy::ManagedOnly) => None,
            (Some(PayerKind::Byok), _) => Some(PayerPolicy::ByokOnly),
            (None, own) => Some(own),
        }
    }

    /// Its catalogue entry, if it has one.
    pub fn model(&self) -> Option<&'a Model> {
        self.named.as_ref().and_then(|named| named.model)
    }
}

/// Decides who pays for a call of that workspace.
pub fn decide<'a>(
    grounds: &Grounds<'a>,
    asked: &Asked<'a>,
    workspace: Arc<Workspace>,
    since: Generation,
) -> Result<Decision<'a>, Error> {
    let provider = asked.provider;
    let upstream = grounds.upstream(provider).ok_or_else(unconfigured)?;
    let standing = grounds.standing(&workspace);
    let policy = asked.policy(standing.policy).ok_or(Refusal::ByokRequired)?;
    let offer = offer(grounds, asked, upstream, &workspace);
    let payer = Standing { policy, ..standing }.decide(grounds.catalogue, asked.named.as_ref(), &offer);
    let payer = payer.map_err(|refused| match refused.refusal {
        Refusal::ModelNotPriced if asked.named.is_none() => Error::bad_request("The request names no `model`."),
        _ => explained(refused, offer.key),
    })?;
    let bound = workspace.credential(provider).and_then(|c| c.origin.as_ref()).and_then(|o| upstream.base_for(o));
    let default = upstream.bases.first();
    let base = if payer.credential().is_some() { bound } else { default };
    let base = base.ok_or_else(unconfigured)?;
    let is_managed = payer.kind() == PayerKind::Managed;
    Ok(Decision {
        fallback: None,
        output_limit: grounds.plan.output_limit.filter(|_| is_managed),
        plan: grounds.plan,
        included: is_managed && grounds.plan.managed == Managed::Included,
        managed_key: upstream.managed_key.as_ref(),
        model: asked.named.as_ref().map(|named| named.upstream_name),
        payer,
        provider,
        base,
        workspace,
        since,
    })
}

/// What there is at the provider that serves the call.
pub fn offer(grounds: &Grounds<'_>, asked: &Asked<'_>, upstream: &Upstream, workspace: &Workspace) -> Offer {
    Offer {
        key: key_state(grounds.plan, upstream, workspace),
        operator_key: upstream.managed_key.is_some(),
        priced: asked.is_free || asked.model().is_some_and(|model| model.prices.are_known()),
    }
}

impl<'a> Grounds<'a> {
    /// Where a provider is.
    pub fn upstream(&self, provider: Provider) -> Option<&'a Upstream> {
        self.upstreams.iter().find(|upstream| upstream.provider == provider)
    }

    /// How that workspace stands.
    pub fn standing<'w>(&self, workspace: &'w Workspace) -> Standing<'w>
    where
        'a: 'w,
    {
        Standing { plan: self.plan, features: &workspace.features, policy: workspace.policy }
    }
}

/// The state of the workspace's key at a provider.
pub fn key_state(plan: &Plan, upstream: &Upstream, workspace: &Workspace) -> KeyState {
    let credential = workspace.credential(upstream.provider);
    // Bound to a destination that is no longer configured: it may not be sent anywhere.
    let bound = credential.and_then(|credential| upstream.base_for(credential.origin.as_ref()?));
    KeyState::of(plan, credential.map(|credential| credential.id), bound.is_some())
}

/// The refusal in words that fit this caller.
fn explained(refused: Refused<'_>, key: KeyState) -> Error {
    match (refused.refusal, refused.message, key) {
        (Refusal::ModelGated, Some(message), _) => Error::new(Code::ModelGated, message),
        (Refusal::PlanRequired, _, KeyState::Dormant(_)) => Error::new(
            Code::PlanRequired,
            "The plan no longer includes own provider keys, so the stored key is dormant and nobody else pays in its \
             place. Either upgrade the plan, or remove the key (or choose the policy `managed_only`) to use managed \
             access.",
        ),
        (refusal, ..) => Error::from(refusal),
    }
}

fn unconfigured() -> Error {
    Error::new(Code::ManagedUnavailable, "The provider is not configured.")
}
