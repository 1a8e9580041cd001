//! The catalogue: which models exist, who serves them, what they cost, and which of them are offered to whom. Models
//! and prices ship as data in the repository (`catalogue/models.json`, made by `scripts/facts/catalogue.py`); the
//! operator's rules come over them.

mod data;
mod name;
mod pattern;
mod rules;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_shipped;

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

pub use self::pattern::{BadPattern, Pattern};
pub use self::rules::{Availability, BadRule, Builtin, ModelRate, Rule, RuleDraft, RulesDraft, Unknown};
use crate::money::{CreditRate, PicoUsd};
use crate::payer::Gate;
use crate::price::{Prices, STANDARD_TIER};
use crate::provider::{Protocol, Provider};
use crate::usage::{Accounting, TokenClass, Usage};

const BUILTIN: &str = include_str!("../catalogue/models.json");

/// The kind of call that a model serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Chat completions, messages.
    Chat,
    /// Responses only.
    Responses,
    /// Embeddings.
    Embedding,
    /// Text to speech.
    AudioSpeech,
    /// Speech to text.
    AudioTranscription,
    /// Moderation.
    Moderation,
    /// Live sessions.
    Realtime,
}

/// A model of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// The name the provider uses.
    pub id: String,
    /// Who serves it.
    pub provider: Provider,
    /// The kind of call it serves.
    pub mode: Mode,
    /// Longest prompt, in tokens.
    pub context_tokens: Option<u64>,
    /// Longest answer, in tokens.
    pub output_tokens: Option<u64>,
    /// List prices.
    pub prices: Prices,
}

impl Model {
    /// What a token in and a token out cost: enough to tell which model is the cheapest. `None` without a list price.
    pub fn short_prompt_price(&self) -> Option<PicoUsd> {
        let prompt = Usage::default().with(TokenClass::Input, 1).with(TokenClass::Output, 1);
        self.prices.cost(&prompt, Accounting::Disjoint, STANDARD_TIER)
    }
}

/// Every model that is known, what is offered of them, and the version its prices carry on receipts.
#[derive(Debug, Clone)]
pub struct Catalogue {
    version: String,
    models: Vec<Model>,
    by_id: HashMap<String, usize>,
    rules: Vec<Rule>,
    unknown: Unknown,
    builtin: Builtin,
    lead_model: Option<String>,
}

/// What a model name in a call means.
#[derive(Debug, Clone)]
pub struct Resolved<'a> {
    /// Who serves it.
    pub provider: Provider,
    /// Its catalogue entry, if it has one.
    pub model: Option<&'a Model>,
    /// The name to send upstream: an alias's target, or what the caller wrote without a `provider/` prefix.
    pub upstream_name: &'a str,
    /// The rules that cover it.
    rules: Vec<&'a Rule>,
}

/// Whether a caller may have a model, and what he is told if not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ruling<'a> {
    /// The gate.
    pub gate: Gate,
    /// The operator's own words for a missing feature.
    pub message: Option<&'a str>,
}

/// A model as lists show it.
#[derive(Debug, Clone, Copy)]
pub struct Listed<'a> {
    /// The name callers use.
    pub id: &'a str,
    /// The model behind it.
    pub model: &'a Model,
    /// Whether the name is the operator's own for that model.
    pub is_alias: bool,
}

/// A name that the called path can't serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// The model is called by the other protocol.
    #[error("the model belongs to {0}")]
    WrongProtocol(Provider),
}

/// The data file is not a catalogue.
#[derive(Debug, thiserror::Error)]
#[error("catalogue: {0}")]
pub struct BadCatalogue(String);

impl Catalogue {
    /// The catalogue that ships with Ownkey, all of it offered.
    pub fn builtin() -> Result<Self, BadCatalogue> {
        Self::parse(BUILTIN)
    }

    /// Reads a catalogue from its JSON form.
    pub fn parse(json: &str) -> Result<Self, BadCatalogue> {
        let (version, models) = data::parse(json)?;
        let by_id: HashMap<_, _> = models.iter().enumerate().map(|(at, m)| (m.id.clone(), at)).collect();
        if by_id.len() != models.len() {
            return Err(BadCatalogue("an id stands twice".to_owned()));
        }
        let (unknown, builtin) = (Unknown::default(), Builtin::default());
        Ok(Self { version, models, by_id, rules: Vec::new(), unknown, builtin, lead_model: None })
    }

    /// The version that receipts name.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Every model that is known, offered or not.
    pub fn models(&self) -> &[Model] {
        &self.models
    }

    /// The entry of a name: of an id, of an alias, or of the model that a dated id is a snapshot of.
    pub fn find(&self, name: &str) -> Option<&Model> {
        let alias = || self.alias(name).map(|rule| rule.model);
        let at = self.by_id.get(name).copied().or_else(alias);
        let at = at.or_else(|| self.by_id.get(name::without_date(name)?).copied());
        self.models.get(at?)
    }

    /// The entry of a name as a call wrote it, if that provider serves it.
    pub fn find_of(&self, provider: Provider, name: &str) -> Option<&Model> {
        let (named, bare) = split_prefix(name);
        self.find(bare).filter(|model| model.provider == provider && named.is_none_or(|named| named == provider))
    }

    /// The model that a provider bills: the one it says it served, or else the one that was asked for.
    pub fn billed(&self, provider: Provider, served: Option<&str>, asked: Option<&str>) -> Option<&Model> {
        [served, asked].into_iter().flatten().find_map(|name| self.find_of(provider, name))
    }

    /// What calls of that name cost in credits: as the operator says of the name itself, else of the model that it means or
    /// is a form of, else of whatever covers it, else as all others do.
    pub fn rate(&self, usual: CreditRate, name: &str) -> CreditRate {
        let bare = split_prefix(name).1;
        let target = self.alias(bare).and_then(|rule| self.models.get(rule.model)).map(|model| model.id.as_str());
        let readings = readings(bare, target.unwrap_or(bare));
        let rules = || self.rules.iter().filter_map(|rule| Some((rule, rule.rate?)));
        let named = readings.iter().find_map(|name| rules().find(|(rule, _)| rule.id.eq_ignore_ascii_case(name)));
        match named.or_else(|| rules().find(|(rule, _)| rule.covers(&readings))) {
            None => usual,
            Some((_, ModelRate::MarkedUp(markup))) => usual.marked_up(markup),
            Some((rule, ModelRate::Fixed(each))) => {
                let list = self.models.get(rule.model).and_then(rules::unit_price);
                list.and_then(|list| CreditRate::fixed(each, list).ok()).unwrap_or(usual)
            }
        }
    }

    /// What lists show: the models that ship with Ownkey where they are offered, and all that the rules name.
    pub fn listed(&self) -> impl Iterator<Item = Listed<'_>> {
        let shipped = self.models.iter().filter(|model| {
            let by_rule = self.rules.iter().any(|rule| rule.id == model.id);
            self.builtin == Builtin::Offered || by_rule
        });
        let shipped = shipped.map(|model| Listed { id: &model.id, model, is_alias: false });
        let aliases = self.rules.iter().filter(|rule| rule.is_alias);
        let aliases = aliases
            .filter_map(|rule| Some(Listed { id: &rule.id, model: self.models.get(rule.model)?, is_alias: true }));
        shipped.chain(aliases)
    }

    /// The model of a workspace's lead agent until the workspace sets one: the operator's choice, else the cheapest
    /// that the workspace can call now.
    pub fn lead_model(&self, is_usable: impl Fn(&Listed<'_>) -> bool) -> Option<&str> {
        let cheapest = || {
            let priced = self.listed().filter_map(|listed| Some((listed.model.short_prompt_price()?, listed)));
            let mut chats: Vec<_> = priced.filter(|(_, listed)| listed.model.mode == Mode::Chat).collect();
            chats.sort_by_key(|(price, listed)| (*price, listed.is_alias, listed.id));
            chats.into_iter().map(|(_, listed)| listed).find(is_usable).map(|listed| listed.id)
        };
        self.lead_model.as_deref().or_else(cheapest)
    }

    /// What a name means on a path of that protocol. A name that nobody knows goes to the protocol's own provider as
    /// it is.
    pub fn resolve<'a>(&'a self, name: &'a str, protocol: Protocol) -> Result<Resolved<'a>, ResolveError> {
        let (named, bare) = split_prefix(name);
        let alias = self.alias(bare);
        let target = alias.and_then(|rule| self.models.get(rule.model)).map(|model| model.id.as_str());
        let upstream_name = target.unwrap_or(bare);
        let model = self.find(upstream_name).filter(|model| named.is_none_or(|named| named == model.provider));
        let rules = self.covering(bare, upstream_name);
        let of_rule = || rules.first().and_then(|rule| self.models.get(rule.model)).map(|model| model.provider);
        let provider = named.or(model.map(|m| m.provider)).or_else(of_rule).unwrap_or_else(|| protocol.provider());
        if provider.protocol() != protocol {
            return Err(ResolveError::WrongProtocol(provider));
        }
        Ok(Resolved { provider, model, upstream_name, rules })
    }

    /// Whether a caller with these features may have that model. Every rule that covers it counts, so that no second
    /// name opens what the first one closes; only what no rule covers can be unknown.
    pub fn ruling<'a>(
        &self,
        resolved: &Resolved<'a>,
        unknown: Option<Unknown>,
        has_feature: impl Fn(&str) -> bool,
    ) -> Ruling<'a> {
        let any = |wanted| resolved.rules.iter().any(|rule| rule.availability == wanted);
        let lacking = resolved.rules.iter().find(|rule| rule.feature.as_deref().is_some_and(|name| !has_feature(name)));
        let message = lacking.and_then(|rule| rule.gate_message.as_deref());
        let gate = if any(Availability::ComingSoon) {
            Gate::ComingSoon
        } else if lacking.is_some() {
            Gate::FeatureMissing
        } else if any(Availability::ByokOnly) {
            Gate::ByokOnly
        } else if self.offers(resolved) {
            Gate::Available
        } else {
            match (unknown.unwrap_or(self.unknown), resolved.model) {
                (Unknown::Refuse, _) => Gate::NotFound,
                // Not offered, so not the operator's to pay for, though its price is known.
                (Unknown::OwnKey, Some(_)) => Gate::ByokOnly,
                (Unknown::OwnKey, None) => Gate::Available,
            }
        };
        Ruling { gate, message }
    }

    fn offers(&self, resolved: &Resolved<'_>) -> bool {
        !resolved.rules.is_empty() || (self.builtin == Builtin::Offered && resolved.model.is_some())
    }

    fn alias(&self, name: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.is_alias && rule.id == name)
    }

    /// Rules of the name, of what it is a form of, and of the model it is sent as.
    fn covering(&self, name: &str, upstream_name: &str) -> Vec<&Rule> {
        if self.rules.is_empty() {
            return Vec::new();
        }
        let readings = readings(name, upstream_name);
        self.rules.iter().filter(|rule| rule.covers(&readings)).collect()
    }
}

/// Prices of the standard tier, from decimal texts in USD per token by class; none from none.
pub fn standard_prices(rows: BTreeMap<String, String>) -> Result<Prices, BadCatalogue> {
    if rows.is_empty() {
        return Ok(Prices::default());
    }
    let tiers = data::tiers(BTreeMap::from([(STANDARD_TIER.to_owned(), rows)]))?;
    Ok(Prices { tiers, ..Prices::default() })
}

/// A name as calls may write it, without a `provider/` prefix: one model has one name in receipts and totals.
pub fn bare(name: &str) -> &str {
    split_prefix(name).1
}

/// A name without its `provider/` prefix, and the provider that the prefix names.
fn split_prefix(name: &str) -> (Option<Provider>, &str) {
    let prefixed = name.split_once('/').and_then(|(prefix, id)| Some((prefix.parse::<Provider>().ok()?, id)));
    prefixed.map_or((None, name), |(provider, id)| (Some(provider), id))
}

/// All that a name can be read as, and what it is sent as.
fn readings<'n>(name: &'n str, upstream_name: &'n str) -> Vec<&'n str> {
    let mut readings: Vec<&str> = name::readings(without_prefixes(name)).collect();
    if upstream_name != name {
        readings.extend(name::readings(upstream_name));
    }
    readings
}

/// A name without blanks and without any prefix, however often and in whatever case it stands there. Those that are no
/// prefix of ours go out with the name, and what is at the provider's address may know them.
fn without_prefixes(name: &str) -> &str {
    let is_provider = |prefix: &str| Provider::ALL.iter().any(|known| known.as_str().eq_ignore_ascii_case(prefix));
    match name.trim().split_once('/') {
        Some((prefix, rest)) if is_provider(prefix) => without_prefixes(rest),
        _ => name.trim(),
    }
}
