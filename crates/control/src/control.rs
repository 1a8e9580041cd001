//! What the handlers work with, handed down by the composition root.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use indexmap::IndexMap;
use ownkey_connections::Connections;
use ownkey_domain::caller::PlatformKey;
use ownkey_domain::catalogue::Catalogue;
use ownkey_domain::id::UserId;
use ownkey_domain::managed_key::ManagedKeyRecord;
use ownkey_domain::money::CreditRate;
use ownkey_domain::plan::{DEFAULT_PLAN, Plan};
use ownkey_domain::provider::Provider;
use ownkey_domain::service::Service;
use ownkey_domain::time::Timestamp;
use ownkey_store::{Actor, By, Store};
use ownkey_vault::{BadOrigin, Keyring, Origin, PlatformKeyHasher, random_bytes};
use ownkey_webhooks::Webhooks;
use secrecy::SecretString;
use uuid::Uuid;

use crate::ladder::LadderLimits;
use crate::logins::Logins;
use crate::probe::Prober;
use crate::problem::Problem;
use crate::site::Site;
use crate::throttle::Throttle;
use crate::token::Tokens;
use crate::who::Who;

/// The time now. A parameter, so that tests have their own.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;
/// Renders all metrics in the Prometheus text format.
pub type Metrics = Arc<dyn Fn() -> String + Send + Sync>;
/// What calls have shown of the operator's own key at a provider.
pub type ManagedKeys = Arc<dyn Fn(Provider) -> ManagedKeyRecord + Send + Sync>;
/// Counts a request against a platform key's quota, whichever plane it came to. If that is used up, in how many seconds
/// the next one may come.
pub type KeyRates = Arc<dyn Fn(&PlatformKey) -> Result<(), u64> + Send + Sync>;
/// Tells whether calls can be served; if not, why, in words anyone may read.
pub type Readiness = Arc<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

/// Where a provider is reached.
#[derive(Debug, Clone)]
pub struct Endpoint {
    bases: Vec<Base>,
    /// What people may see of the operator's own key; `None` if he has none.
    managed_hint: Option<String>,
}

/// A base URL with the destination that keys for it are bound to.
#[derive(Debug, Clone)]
pub(crate) struct Base {
    pub(crate) url: String,
    pub(crate) origin: Origin,
}

/// All that [`Control`] is made of.
pub struct Parts {
    /// The store, with its audit key set.
    pub store: Store,
    /// The KEKs.
    pub keyring: Arc<Keyring>,
    /// Hashes and compares platform keys.
    pub hasher: PlatformKeyHasher,
    /// The models.
    pub catalogue: Arc<Catalogue>,
    /// The plans by id.
    pub plans: IndexMap<String, Plan>,
    /// What a credit is worth, if it has a worth.
    pub credits: Option<CreditRate>,
    /// The paths that managed access always pays for.
    pub managed_paths: Vec<String>,
    /// The metered services by name.
    pub services: BTreeMap<String, Service>,
    /// Where each provider is; one without entry is not offered.
    pub endpoints: BTreeMap<Provider, Endpoint>,
    /// The operator's bearer tokens.
    pub operator_tokens: Vec<SecretString>,
    /// The clock.
    pub clock: Clock,
    /// The configuration file, for those who may change it.
    pub config_file: Option<PathBuf>,
    /// How the operator's own keys fare.
    pub managed_keys: ManagedKeys,
    /// The body of `/metrics`.
    pub metrics: Metrics,
    /// The answer of `/readyz`.
    pub ready: Readiness,
    /// The bounds of key tests.
    pub ladder: LadderLimits,
    /// How often keys may be tested.
    pub throttle: Arc<Throttle>,
    /// The quotas of platform keys.
    pub key_rates: KeyRates,
    /// Checks passwords.
    pub logins: Arc<Logins>,
    /// Makes and knows the secrets of cookies and links.
    pub tokens: Tokens,
    /// Where this installation is in a browser.
    pub site: Site,
    /// What the product is called.
    pub product_name: String,
    /// Accounts elsewhere that workspaces connect.
    pub connections: Arc<Connections>,
    /// Webhooks.
    pub webhooks: Arc<Webhooks>,
    /// Counts the messages to webhooks that people ask for.
    pub webhooks_asked: Arc<Throttle>,
}

impl Parts {
    /// What calls of that model cost in credits, where a credit has a worth.
    pub(crate) fn rate(&self, model: Option<&str>) -> Option<CreditRate> {
        let usual = self.credits?;
        Some(model.map_or(usual, |name| self.catalogue.rate(usual, name)))
    }
}

/// The management API's state.
pub struct Control {
    pub(crate) parts: Parts,
    pub(crate) prober: Prober,
}

/// The HTTP client for key tests could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("cannot set up the HTTP client for key tests: {0}")]
pub struct NoClient(#[from] reqwest::Error);

impl Endpoint {
    /// From base URLs as in the SDKs (OpenAI's with `/v1`, Anthropic's without), the usual one first, then those
    /// that a key can be bound to instead. `managed_hint` is what people may see of the operator's own key there.
    pub fn new(urls: &[&str], managed_hint: Option<String>) -> Result<Self, BadOrigin> {
        let base = |url: &&str| Ok(Base { url: url.trim_end_matches('/').to_owned(), origin: Origin::of_url(url)? });
        Ok(Self { bases: urls.iter().map(base).collect::<Result<_, _>>()?, managed_hint })
    }

    /// What people may see of the operator's own key; `None` if he has none.
    pub(crate) fn managed_hint(&self) -> Option<&str> {
        self.managed_hint.as_deref()
    }

    /// The base for that destination, or the usual one.
    pub(crate) fn base(&self, origin: Option<&Origin>) -> Option<&Base> {
        self.bases.iter().find(|base| origin.is_none_or(|wanted| base.origin == *wanted))
    }

    /// Every destination a key may be bound to.
    pub(crate) fn origins(&self) -> impl Iterator<Item = &Origin> {
        self.bases.iter().map(|base| &base.origin)
    }
}

impl Control {
    /// From its parts.
    pub fn new(parts: Parts) -> Result<Self, NoClient> {
        let prober = Prober::new(&parts.ladder)?;
        Ok(Self { parts, prober })
    }

    pub(crate) fn store(&self) -> &Store {
        &self.parts.store
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.parts.clock)()
    }

    /// By whom, now.
    pub(crate) fn by(&self, who: &Who) -> By {
        let actor = match who {
            Who::Operator => Actor::Operator,
            Who::Key(key) => Actor::ApiKey(key.id),
            Who::Person(person) => Actor::User(person.user.id),
        };
        By::new(actor, self.now())
    }

    /// By that person, now.
    pub(crate) fn by_user(&self, id: UserId) -> By {
        By::new(Actor::User(id), self.now())
    }

    /// A fresh id: the clock's milliseconds, then the vault's randomness, so that ids sort by age.
    pub(crate) fn fresh_id(&self) -> Result<Uuid, Problem> {
        let millis = u64::try_from(self.now().millis()).unwrap_or(0);
        let random = random_bytes::<10>().map_err(Problem::from)?;
        Ok(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }

    /// The plan of that id. A workspace whose plan is no longer configured has one that includes nothing: nobody
    /// pays for what nobody granted.
    pub(crate) fn plan(&self, id: &str) -> Plan {
        self.parts.plans.get(id).cloned().unwrap_or_else(|| Plan::nothing(id))
    }

    /// The plan of a workspace that is made without naming one: `default`, or the only one there is.
    pub(crate) fn default_plan(&self) -> Option<&str> {
        let plans = &self.parts.plans;
        match plans.get_key_value(DEFAULT_PLAN) {
            Some((id, _)) => Some(id),
            None if plans.len() == 1 => plans.keys().next().map(String::as_str),
            None => None,
        }
    }

    /// Where a provider is, if it is offered.
    pub(crate) fn endpoint(&self, provider: Provider) -> Option<&Endpoint> {
        self.parts.endpoints.get(&provider)
    }

    /// Whether the operator has a key of his own at the provider.
    pub(crate) fn has_operator_key(&self, provider: Provider) -> bool {
        self.endpoint(provider).is_some_and(|endpoint| endpoint.managed_hint.is_some())
    }
}
