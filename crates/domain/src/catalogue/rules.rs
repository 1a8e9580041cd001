//! What the operator says of models: names of his own, gates, and what is offered at all.

use serde::{Deserialize, Serialize};

use super::pattern::{Pattern, is_name_byte};
use super::{Catalogue, Mode, Model, name};
use crate::money::{CreditPrice, Markup, PicoUsd};
use crate::price::Prices;
use crate::provider::Provider;

/// What a name means that the catalogue does not know, or does not offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unknown {
    /// It passes on the own key.
    #[default]
    OwnKey,
    /// There is no such model.
    Refuse,
}

/// What is offered of the models that ship with Ownkey.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Builtin {
    /// All of them.
    #[default]
    Offered,
    /// Only those that a rule names; of the others the prices are known.
    PricedOnly,
}

/// What a rule says of its model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Availability {
    /// Offered.
    #[default]
    Available,
    /// Shown, not offered yet.
    ComingSoon,
    /// Offered on own keys only.
    ByokOnly,
}

/// What calls of a rule's model cost in credits, where the operator says so of that model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelRate {
    /// The list price times this.
    MarkedUp(Markup),
    /// So many credits for each of what the model is sold by.
    Fixed(CreditPrice),
}

/// A rule as written.
#[derive(Debug, Clone, Default)]
pub struct RuleDraft {
    /// The name callers use.
    pub id: String,
    /// The model that it is another name of.
    pub alias_of: Option<String>,
    /// Who serves it, if it is a model of its own that does not ship with Ownkey.
    pub provider: Option<Provider>,
    /// Its prices, if it is one.
    pub prices: Prices,
    /// Its longest prompt, if it is one.
    pub context_tokens: Option<u64>,
    /// Its longest answer, if it is one.
    pub output_tokens: Option<u64>,
    /// What it costs in credits, if not as other models do.
    pub rate: Option<ModelRate>,
    /// Further names that the rule covers.
    pub patterns: Vec<String>,
    /// Whether it is offered.
    pub availability: Availability,
    /// The feature it needs.
    pub feature: Option<String>,
    /// What callers without the feature are told.
    pub gate_message: Option<String>,
}

impl RuleDraft {
    /// Whether it describes a model, and not only what is offered of one.
    fn is_own_model(&self) -> bool {
        self.alias_of.is_none() && (self.provider.is_some() || self.prices != Prices::default())
    }
}

/// A checked rule.
#[derive(Debug, Clone)]
pub struct Rule {
    /// The name callers use.
    pub id: String,
    /// The model it means, in the catalogue's list.
    pub(super) model: usize,
    /// Whether it is another name for that model.
    pub is_alias: bool,
    pub(super) patterns: Vec<Pattern>,
    /// What it costs in credits, if not as other models do.
    pub(super) rate: Option<ModelRate>,
    /// Whether it is offered.
    pub availability: Availability,
    /// The feature it needs.
    pub feature: Option<String>,
    /// What callers without the feature are told.
    pub gate_message: Option<String>,
}

/// All that the operator says of models.
#[derive(Debug, Clone, Default)]
pub struct RulesDraft {
    /// What unknown names mean.
    pub unknown: Unknown,
    /// What is offered of the models that ship with Ownkey.
    pub builtin: Builtin,
    /// The model of a workspace's lead agent until it is set.
    pub lead_model: Option<String>,
    /// The rules.
    pub models: Vec<RuleDraft>,
}

/// A rule that can't be. Names the model and the field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("model `{id}`: `{field}` {problem}")]
pub struct BadRule {
    /// The rule.
    pub id: String,
    /// The field.
    pub field: &'static str,
    /// What is wrong with it.
    pub problem: &'static str,
}

impl Rule {
    /// Whether the rule covers a name, given all its readings.
    pub(super) fn covers(&self, readings: &[&str]) -> bool {
        readings
            .iter()
            .any(|name| self.id.eq_ignore_ascii_case(name) || self.patterns.iter().any(|pattern| pattern.covers(name)))
    }
}

impl Catalogue {
    /// The same catalogue under these rules.
    pub fn with_rules(mut self, draft: RulesDraft) -> Result<Self, BadRule> {
        self.unknown = draft.unknown;
        self.builtin = draft.builtin;
        self.lead_model = draft.lead_model;
        let mut own: Vec<_> = draft.models.iter().filter(|rule| rule.is_own_model()).collect();
        // A model comes before its snapshots, and the version does not depend on the order of the file.
        own.sort_unstable_by_key(|rule| &rule.id);
        for rule in &own {
            self.add_own_model(rule)?;
        }
        self.mark_own_prices(&own);
        for rule in draft.models {
            let rule = self.rule(rule)?;
            self.rules.push(rule);
        }
        Ok(self)
    }

    /// A model that only the rule knows.
    fn add_own_model(&mut self, rule: &RuleDraft) -> Result<(), BadRule> {
        let provider = rule.provider.ok_or_else(|| bad(rule, "provider", "is missing beside prices"))?;
        let model = Model {
            id: rule.id.clone(),
            provider,
            mode: Mode::Chat,
            context_tokens: rule.context_tokens,
            output_tokens: rule.output_tokens,
            prices: rule.prices.clone(),
        };
        match self.by_id.get(&rule.id).and_then(|&at| self.models.get_mut(at)) {
            // The operator's own prices stand over those that ship with Ownkey.
            Some(known) if known.provider == provider => {
                let (context_tokens, output_tokens) = (known.context_tokens, known.output_tokens);
                *known = Model {
                    mode: known.mode,
                    context_tokens: model.context_tokens.or(context_tokens),
                    output_tokens: model.output_tokens.or(output_tokens),
                    ..model
                };
                self.price_snapshots(&rule.id, &rule.prices);
            }
            Some(_) => return Err(bad(rule, "provider", "is not whose model this is")),
            None => {
                self.by_id.insert(rule.id.clone(), self.models.len());
                self.models.push(model);
            }
        }
        Ok(())
    }

    /// Gives the model's dated snapshots its prices, for answers name those. A snapshot's own rule may say otherwise.
    fn price_snapshots(&mut self, id: &str, prices: &Prices) {
        for snapshot in self.models.iter_mut().filter(|model| name::without_date(&model.id) == Some(id)) {
            snapshot.prices = prices.clone();
        }
    }

    /// Gives the version a mark of the operator's own prices: a version that receipts name stands for one list of
    /// prices.
    fn mark_own_prices(&mut self, own: &[&RuleDraft]) {
        if own.is_empty() {
            return;
        }
        let mut mark = crc32fast::Hasher::new();
        for rule in own {
            mark.update(format!("{}\n", rule.id).as_bytes());
            rule.prices.lines().for_each(|line| mark.update(line.as_bytes()));
        }
        self.version = format!("{}+{:08x}", self.version, mark.finalize());
    }

    fn rule(&self, draft: RuleDraft) -> Result<Rule, BadRule> {
        if draft.id.is_empty() || !draft.id.bytes().all(is_name_byte) {
            return Err(bad(&draft, "id", "must be a name of letters, digits and .-_:@"));
        }
        if self.rules.iter().any(|rule| rule.id.eq_ignore_ascii_case(&draft.id)) {
            return Err(bad(&draft, "id", "is there twice"));
        }
        let model = match &draft.alias_of {
            Some(target) => self.alias_target(&draft, target)?,
            None => *self.by_id.get(&draft.id).ok_or_else(|| {
                bad(&draft, "id", "is no model that ships with Ownkey: say `alias_of`, or `provider` and its prices")
            })?,
        };
        let patterns: Result<Vec<_>, _> = draft.patterns.iter().map(|text| Pattern::parse(text)).collect();
        let patterns =
            patterns.map_err(|_| bad(&draft, "match", "must be model names in which `*` stands for any characters"))?;
        if draft.gate_message.is_some() && draft.feature.is_none() {
            return Err(bad(&draft, "gate_message", "needs a `feature` whose absence it explains"));
        }
        if matches!(draft.rate, Some(ModelRate::Fixed(_))) && self.models.get(model).and_then(unit_price).is_none() {
            let problem = "is a price by unit, and this model is sold by tokens: say `markup` instead";
            return Err(bad(&draft, "credits", problem));
        }
        Ok(Rule {
            model,
            rate: draft.rate,
            is_alias: draft.alias_of.is_some(),
            patterns,
            availability: draft.availability,
            feature: draft.feature,
            gate_message: draft.gate_message,
            id: draft.id,
        })
    }

    fn alias_target(&self, draft: &RuleDraft, target: &str) -> Result<usize, BadRule> {
        if draft.provider.is_some() || draft.prices != Prices::default() {
            return Err(bad(draft, "alias_of", "leaves no room for `provider` or prices: those are its target's"));
        }
        if self.by_id.contains_key(&draft.id) {
            return Err(bad(draft, "id", "is a model of its own and can't be another one's alias"));
        }
        self.by_id.get(target).copied().ok_or_else(|| bad(draft, "alias_of", "names no model of the catalogue"))
    }
}

/// What one of what a model is sold by costs at list price, if that is no tokens.
pub(super) fn unit_price(model: &Model) -> Option<PicoUsd> {
    model.prices.cost_of(model.prices.by_unit()?, 1).filter(|price| *price > PicoUsd::ZERO)
}

fn bad(draft: &RuleDraft, field: &'static str, problem: &'static str) -> BadRule {
    BadRule { id: draft.id.clone(), field, problem }
}
