//! Prices and what a call costs: counts times price over the classes and units, exact in pico-USD.

use std::collections::BTreeMap;

use crate::money::PicoUsd;
use crate::usage::{Accounting, TokenClass, Unit, Usage};

/// Classes that cost what their whole costs where they have no price of their own. Models of audio have none for input
/// from the cache, and do not tell which of their cached tokens were audio, so there the whole count can't be taken from
/// the text. What makes images has one price for output where it makes nothing else.
const LIKE_THEIR_WHOLE: [(TokenClass, TokenClass); 2] =
    [(TokenClass::CacheRead, TokenClass::Input), (TokenClass::ImageOutput, TokenClass::Output)];

/// The service tier when an answer names none.
pub const STANDARD_TIER: &str = "standard";

/// Price per token, by class, of one tier.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rates(BTreeMap<TokenClass, PicoUsd>);

impl Rates {
    /// From class and price per token.
    pub fn new(rates: impl IntoIterator<Item = (TokenClass, PicoUsd)>) -> Self {
        Self(rates.into_iter().collect())
    }

    /// The price of one token of a class.
    pub fn get(&self, class: TokenClass) -> Option<PicoUsd> {
        self.0.get(&class).copied()
    }

    /// Each class with its price.
    pub fn iter(&self) -> impl Iterator<Item = (TokenClass, PicoUsd)> + '_ {
        self.0.iter().map(|(&class, &price)| (class, price))
    }

    /// The cost of these tokens; `None` if a class that was used has no price.
    fn cost(&self, usage: &Usage, accounting: Accounting) -> Option<PicoUsd> {
        self.billed(usage, accounting)?
            .iter()
            .filter(|&(_, tokens)| tokens > 0)
            .try_fold(PicoUsd::ZERO, |sum, (class, tokens)| sum.checked_add(self.get(class)?.times(tokens)?))
    }

    /// The same, class by class.
    fn items(&self, usage: &Usage, accounting: Accounting) -> Option<Vec<CostItem>> {
        let billed = self.billed(usage, accounting)?;
        let used = billed.iter().filter(|&(_, tokens)| tokens > 0);
        used.map(|(class, tokens)| CostItem::of(Counted::Tokens(class), tokens, self.get(class)?)).collect()
    }

    /// These tokens in the classes that have a price here; `None` where input or output is not told and not free.
    fn billed(&self, usage: &Usage, accounting: Accounting) -> Option<Usage> {
        let is_told = |class| usage.get(class).is_some() || self.get(class) == Some(PicoUsd::ZERO);
        if !is_told(TokenClass::Input) || !is_told(TokenClass::Output) {
            return None;
        }
        let merged = |usage: Usage, (part, whole)| match self.get(part) {
            Some(_) => usage,
            None => usage.merged(part, whole, accounting),
        };
        LIKE_THEIR_WHOLE.into_iter().fold(*usage, merged).billable(accounting)
    }
}

/// What a part of a call's cost was counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// Tokens of a class.
    Tokens(TokenClass),
    /// Something else.
    Units(Unit),
}

impl Counted {
    /// The name in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tokens(class) => class.as_str(),
            Self::Units(unit) => unit.as_str(),
        }
    }
}

/// A part of what a call costs: so many at that price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CostItem {
    /// What was counted.
    pub counted: Counted,
    /// How many.
    pub count: u64,
    /// The price of one.
    pub each: PicoUsd,
    /// What they cost together.
    pub amount: PicoUsd,
}

impl CostItem {
    fn of(counted: Counted, count: u64, each: PicoUsd) -> Option<Self> {
        Some(Self { counted, count, each, amount: each.times(count)? })
    }
}

/// Rates above a prompt length: they price the whole call, output and cache classes included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LongContext {
    /// Prompts longer than this many tokens are priced by these rates.
    pub above_tokens: u64,
    /// Rates by service tier.
    pub tiers: BTreeMap<String, Rates>,
}

/// All prices of a model.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Prices {
    /// Rates by service tier; `standard` where an answer names none.
    pub tiers: BTreeMap<String, Rates>,
    /// Rates of long prompts, if they differ.
    pub long_context: Option<LongContext>,
    /// Prices of other things than tokens.
    pub units: BTreeMap<Unit, PicoUsd>,
}

impl Prices {
    /// Whether calls that count tokens have a price.
    pub fn by_token(&self) -> bool {
        self.has_tier(STANDARD_TIER)
    }

    /// The unit that it is sold by instead of by tokens, if it is.
    pub fn by_unit(&self) -> Option<Unit> {
        if self.by_token() { None } else { self.units.keys().copied().find(|unit| unit.replaces_tokens()) }
    }

    /// Whether calls have a price, whatever they count.
    pub fn are_known(&self) -> bool {
        self.by_token() || self.by_unit().is_some()
    }

    /// Whether answers of that tier have a price, however long the prompt.
    pub fn has_tier(&self, tier: &str) -> bool {
        self.tiers.contains_key(tier) && self.long_context.as_ref().is_none_or(|long| long.tiers.contains_key(tier))
    }

    /// The list-price cost of so many of another unit than tokens. `None` if it has no price.
    pub fn cost_of(&self, unit: Unit, count: u64) -> Option<PicoUsd> {
        self.units.get(&unit)?.times(count)
    }

    /// The list-price cost of a call. `None` when it can't be known: input or output missing though it has a price, a
    /// class, a unit or a tier without one, numbers that can't be true. What costs nothing need not be told: embeddings
    /// have no output, and moderation tells no usage.
    pub fn cost(&self, usage: &Usage, accounting: Accounting, tier: &str) -> Option<PicoUsd> {
        self.with_units(usage, || self.tiers_for(usage, accounting).get(tier)?.cost(usage, accounting))
    }

    /// The same at the rates of the tier that makes it dearest.
    pub fn dearest_cost(&self, usage: &Usage, accounting: Accounting) -> Option<PicoUsd> {
        let rates = || self.tiers_for(usage, accounting).values();
        self.with_units(usage, || rates().filter_map(|rates| rates.cost(usage, accounting)).max())
    }

    /// The parts of what a call cost, at the rates of whichever tier comes to exactly that; `None` if none does.
    pub fn items(&self, usage: &Usage, accounting: Accounting, cost: PicoUsd) -> Option<Vec<CostItem>> {
        let fees = usage.units().filter(|&(_, count)| count > 0);
        let fees = fees.map(|(unit, count)| CostItem::of(Counted::Units(unit), count, *self.units.get(&unit)?));
        let fees = fees.collect::<Option<Vec<_>>>()?;
        let tiers = self.tiers_for(usage, accounting);
        // The usual tier first: where two come to the same, it was most likely that one.
        let rates = tiers.get(STANDARD_TIER).into_iter().chain(tiers.values());
        let no_tokens = usage.is_in_units().then(Vec::new).into_iter();
        let tokens = no_tokens.chain(rates.filter_map(|rates| rates.items(usage, accounting)));
        let mut whole = tokens.map(|tokens| [tokens, fees.clone()].concat());
        whole.find(|items| items.iter().try_fold(PicoUsd::ZERO, |sum, item| sum.checked_add(item.amount)) == Some(cost))
    }

    /// Rates by service tier of a prompt of that length.
    pub fn tiers_at(&self, prompt_tokens: u64) -> &BTreeMap<String, Rates> {
        match &self.long_context {
            Some(long) if prompt_tokens > long.above_tokens => &long.tiers,
            _ => &self.tiers,
        }
    }

    /// The cost of the tokens, unless other units take their place, and of the units.
    fn with_units(&self, usage: &Usage, tokens: impl FnOnce() -> Option<PicoUsd>) -> Option<PicoUsd> {
        let tokens = if usage.is_in_units() { PicoUsd::ZERO } else { tokens()? };
        let mut used = usage.units().filter(|&(_, count)| count > 0);
        used.try_fold(tokens, |sum, (unit, count)| sum.checked_add(self.cost_of(unit, count)?))
    }

    /// Every price in it, a line each: equal for equal prices only.
    pub(crate) fn lines(&self) -> impl Iterator<Item = String> + '_ {
        let short = self.tiers.iter().map(|row| (0, row));
        let long = self.long_context.iter().flat_map(|long| long.tiers.iter().map(|row| (long.above_tokens, row)));
        let tokens = short.chain(long).flat_map(|(above, (tier, rates))| {
            rates.iter().map(move |(class, price)| format!("{above} {tier} {} {price}\n", class.as_str()))
        });
        tokens.chain(self.units.iter().map(|(unit, price)| format!("{unit:?} {price}\n")))
    }

    fn tiers_for(&self, usage: &Usage, accounting: Accounting) -> &BTreeMap<String, Rates> {
        self.tiers_at(usage.prompt_tokens(accounting))
    }
}

#[cfg(test)]
mod tests;
