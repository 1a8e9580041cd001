//! The ladder of a key test: its shape, the list of models, one short prompt.

use std::time::Duration;

use ownkey_domain::catalogue::Catalogue;
use ownkey_domain::diagnosis::{Diagnosis, Flaw};
use ownkey_domain::provider::Provider;
use ownkey_domain::verdict::Verdict;
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
    pub(crate) diagnosis: Diagnosis,
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
    fn before_asking(diagnosis: Diagnosis) -> Self {
        Self { diagnosis, models: Vec::new() }
    }

    pub(crate) fn verdict(&self) -> Verdict {
        self.diagnosis.verdict()
    }
}

/// The first step: nothing is sent. The key without what came along when it was copied, or what is wrong with it.
pub(crate) fn shape(provider: Provider, text: &str) -> Result<ProviderKey, Finding> {
    let diagnosis = match classify_key(provider, text) {
        KeyShape::Plausible => {
            let key = ProviderKey::new(Secret::from(tidy_key(text).to_owned()));
            return key.ok_or_else(|| Finding::before_asking(Diagnosis::Malformed(Flaw::Character)));
        }
        KeyShape::Malformed(flaw) => Diagnosis::Malformed(flaw),
        KeyShape::WrongProvider(other) => Diagnosis::WrongProvider(other),
        KeyShape::WrongKind(kind) => Diagnosis::WrongKind(kind),
    };
    Err(Finding::before_asking(diagnosis))
}

/// The steps that ask the provider.
pub(crate) async fn climb(prober: &Prober, limits: &LadderLimits, test: &Test<'_>) -> Finding {
    climb::Climb::new(prober, limits, test).run().await
}
