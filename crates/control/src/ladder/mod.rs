//! The ladder of a key test: its shape, the list of models, one short prompt.

use std::time::Duration;

use ownkey_domain::catalogue::Catalogue;
use ownkey_domain::provider::Provider;
use ownkey_domain::verdict::{Explained, Verdict};
use ownkey_providers::facts;
use ownkey_providers::key::{KeyShape, classify_key, tidy_key};
use ownkey_vault::{ProviderKey, Secret};

use crate::control::Base;
use crate::probe::Prober;

mod calls;
mod candidates;
mod climb;

/// The bounds of key tests.
#[derive(Debug, Clone)]
pub struct LadderLimits {
    /// Between two refusals that together make a key invalid: one refusal may be a hiccup of the provider.
    pub pause: Duration,
    /// All of a test.
    pub total: Duration,
    /// The most calls to the provider in a test.
    pub calls: usize,
    /// The most tests of a workspace in a minute.
    pub tests_per_minute: usize,
}

impl Default for LadderLimits {
    fn default() -> Self {
        Self { pause: Duration::from_secs(1), total: Duration::from_secs(15), calls: 5, tests_per_minute: 10 }
    }
}

/// What a test found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) verdict: Verdict,
    /// What was seen, in our own words.
    pub(crate) detail: Option<String>,
    /// The models the key opens, as far as the provider lists them.
    pub(crate) models: Vec<String>,
}

/// What to test, and where.
pub(crate) struct Test<'a> {
    pub(crate) provider: Provider,
    pub(crate) base: &'a Base,
    pub(crate) key: &'a ProviderKey,
    pub(crate) catalogue: &'a Catalogue,
}

impl Finding {
    fn new(verdict: Verdict, detail: Option<String>) -> Self {
        Self { verdict, detail, models: Vec::new() }
    }

    /// The verdict in plain words.
    pub(crate) fn explain(&self, provider: Provider) -> Explained {
        self.verdict.explain(&facts(provider).guide, self.detail.clone())
    }
}

/// The first step: nothing is sent. The key without what came along when it was copied, or what is wrong with it.
pub(crate) fn shape(provider: Provider, text: &str) -> Result<ProviderKey, Finding> {
    let malformed = || Finding::new(Verdict::Malformed, None);
    match classify_key(provider, text) {
        KeyShape::Plausible => ProviderKey::new(Secret::from(tidy_key(text).to_owned())).ok_or_else(malformed),
        KeyShape::Malformed => Err(malformed()),
        KeyShape::WrongProvider(other) => {
            Err(Finding::new(Verdict::WrongProvider, Some(format!("It looks like a key of {other}. It was not sent."))))
        }
        KeyShape::WrongKind(kind) => {
            Err(Finding::new(Verdict::WrongKind, Some(format!("It looks like {kind}. It was not sent."))))
        }
    }
}

/// The steps that ask the provider.
pub(crate) async fn climb(prober: &Prober, limits: &LadderLimits, test: &Test<'_>) -> Finding {
    climb::Climb::new(prober, limits, test).run().await
}
