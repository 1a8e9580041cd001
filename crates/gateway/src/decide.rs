//! Step 3: who pays, with which credential, for which model. The rules are `domain`'s; here the facts are put
//! before them.

use std::sync::Arc;

use ownkey_domain::catalogue::{Catalogue, Model, ResolveError, Resolved};
use ownkey_domain::payer::{Gate, KeyState, Payer, PayerKind, Question, Refusal, decide as rule};
use ownkey_domain::plan::{Managed, Plan};
use ownkey_domain::provider::{Protocol, Provider};
use ownkey_vault::ProviderKey;

use crate::directory::{Credential, Generation, Workspace};
use crate::error::{Code, Error};
use crate::target::Target;
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
    /// Whether the workspace's plan includes the call.
    pub included: bool,
}

impl Decision<'_> {
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
    /// The providers.
    pub upstreams: &'a [Upstream],
}

/// What the model name means on this path. A call without a model goes to the path's provider.
pub fn resolve<'a>(catalogue: &'a Catalogue, protocol: Protocol, name: Option<&'a str>) -> Result<Asked<'a>, Error> {
    let Some(name) = name else {
        return Ok(Asked { provider: protocol.provider(), model: None, upstream_name: None });
    };
    let Resolved { provider, model, upstream_name } =
        catalogue.resolve(name, protocol).map_err(|ResolveError::WrongProtocol(provider)| {
            let path = Target::usual(provider.protocol()).route.template();
            let message = format!("This model is {}'s: call it at {path}.", provider.title());
            Error::new(Code::WrongProtocol, message)
        })?;
    Ok(Asked { provider, model, upstream_name: Some(upstream_name) })
}

/// The model that a call asks for.
pub struct Asked<'a> {
    /// Who serves it.
    pub provider: Provider,
    /// Its catalogue entry, if it has one.
    pub model: Option<&'a Model>,
    /// The name to send, if one was given.
    pub upstream_name: Option<&'a str>,
}

/// Decides who pays for a call of that workspace.
pub fn decide<'a>(
    grounds: &Grounds<'a>,
    asked: &Asked<'a>,
    workspace: Arc<Workspace>,
    since: Generation,
) -> Result<Decision<'a>, Error> {
    let provider = asked.provider;
    let upstream = grounds.upstreams.iter().find(|upstream| upstream.provider == provider);
    let upstream = upstream.ok_or_else(|| Error::new(Code::ManagedUnavailable, "The provider is not configured."))?;
    let credential = workspace.credential(provider);
    let bound = credential.and_then(|c| c.origin.as_ref()).and_then(|origin| upstream.base_for(origin));
    let key = match (credential, bound) {
        (None, _) => KeyState::None,
        (Some(credential), Some(_)) if grounds.plan.byok => KeyState::Usable(credential.id),
        (Some(credential), Some(_)) => KeyState::Dormant(credential.id),
        // Bound to a destination that is no longer configured: it may not be sent anywhere.
        (Some(credential), None) => KeyState::Sealed(credential.id),
    };
    let decided = rule(&Question {
        plan: grounds.plan,
        policy: workspace.policy,
        gate: Gate::Available,
        key,
        operator_key: upstream.managed_key.is_some(),
        priced: asked.model.is_some(),
    });
    let payer = match decided {
        Err(Refusal::ModelNotPriced) if asked.upstream_name.is_none() => {
            return Err(Error::bad_request("The request names no `model`."));
        }
        decided => decided?,
    };
    let default = upstream.bases.first();
    let base = if payer.credential().is_some() { bound } else { default };
    let base = base.ok_or_else(|| Error::new(Code::ManagedUnavailable, "The provider is not configured."))?;
    Ok(Decision {
        included: payer.kind() == PayerKind::Managed && grounds.plan.managed == Managed::Included,
        managed_key: upstream.managed_key.as_ref(),
        model: asked.upstream_name,
        payer,
        provider,
        base,
        workspace,
        since,
    })
}
