//! Prices per token and what a call costs: tokens times price over the classes, exact in pico-USD.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::money::PicoUsd;
use crate::usage::{TokenClass, Usage};

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
    fn cost(&self, billable: &Usage) -> Option<PicoUsd> {
        billable
            .iter()
            .filter(|&(_, tokens)| tokens > 0)
            .try_fold(PicoUsd::ZERO, |sum, (class, tokens)| sum.checked_add(self.get(class)?.times(tokens)?))
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

/// What else than tokens has a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A second of audio sent.
    InputSecond,
    /// A second of audio received.
    OutputSecond,
    /// A character of text sent.
    InputCharacter,
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
        self.tiers.contains_key(STANDARD_TIER)
    }

    /// Whether answers of that tier have a price.
    pub fn has_tier(&self, tier: &str) -> bool {
        self.tiers.contains_key(tier)
    }

    /// The list-price cost of so many of another unit than tokens. `None` if it has no price.
    pub fn cost_of(&self, unit: Unit, count: u64) -> Option<PicoUsd> {
        self.units.get(&unit)?.times(count)
    }

    /// The list-price cost of a call, given its usage in classes that don't overlap. `None` when it can't be
    /// known: input or output missing though it has a price, a class or a tier without one. What costs nothing need
    /// not be told: embeddings have no output, and moderation tells no usage.
    pub fn cost(&self, billable: &Usage, tier: &str) -> Option<PicoUsd> {
        let tiers = match &self.long_context {
            Some(long) if billable.prompt_tokens() > long.above_tokens => &long.tiers,
            _ => &self.tiers,
        };
        let rates = tiers.get(tier)?;
        let told = |class| billable.get(class).is_some() || rates.get(class) == Some(PicoUsd::ZERO);
        if told(TokenClass::Input) && told(TokenClass::Output) { rates.cost(billable) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use TokenClass::{CacheRead, Input, Output};
    use proptest::prelude::*;

    fn rates(input: i128, output: i128) -> BTreeMap<String, Rates> {
        let rates = Rates::new([(Input, PicoUsd::new(input)), (Output, PicoUsd::new(output))]);
        BTreeMap::from([(STANDARD_TIER.to_owned(), rates)])
    }

    fn prices() -> Prices {
        let long_context = Some(LongContext { above_tokens: 100, tiers: rates(10, 50) });
        Prices { tiers: rates(2, 10), long_context, units: BTreeMap::new() }
    }

    #[test]
    fn a_long_prompt_reprices_the_whole_call() {
        let usage = |input| Usage::default().with(Input, input).with(Output, 7);
        assert_eq!(prices().cost(&usage(100), STANDARD_TIER), Some(PicoUsd::new(270)));
        assert_eq!(prices().cost(&usage(101), STANDARD_TIER), Some(PicoUsd::new(1360)));
    }

    #[test]
    fn what_has_no_price_has_no_cost() {
        let usage = Usage::default().with(Input, 1).with(Output, 1);
        assert_eq!(prices().cost(&usage.with(CacheRead, 1), STANDARD_TIER), None);
        assert_eq!(prices().cost(&usage.with(CacheRead, 0), STANDARD_TIER), Some(PicoUsd::new(12)));
        assert_eq!(prices().cost(&usage, "ultrafast"), None);
        assert_eq!(prices().cost(&Usage::default().with(Input, 1), STANDARD_TIER), None);
    }

    #[test]
    fn other_units_than_tokens_have_their_own_price() {
        let units = BTreeMap::from([(Unit::InputSecond, PicoUsd::new(7))]);
        let prices = Prices { units, ..Prices::default() };
        assert_eq!(prices.cost_of(Unit::InputSecond, 3), Some(PicoUsd::new(21)));
        assert_eq!(prices.cost_of(Unit::InputCharacter, 3), None);
    }

    #[test]
    fn what_costs_nothing_need_not_be_told() {
        let prices = |input, output| Prices { tiers: rates(input, output), ..Prices::default() };
        assert_eq!(prices(3, 0).cost(&Usage::default().with(Input, 5), STANDARD_TIER), Some(PicoUsd::new(15)));
        assert_eq!(prices(3, 0).cost(&Usage::default(), STANDARD_TIER), None);
        assert_eq!(prices(0, 0).cost(&Usage::default(), STANDARD_TIER), Some(PicoUsd::ZERO));
        assert_eq!(Prices::default().cost(&Usage::default(), STANDARD_TIER), None);
    }

    proptest! {
        #[test]
        fn cost_is_the_sum_of_its_parts(input in 0u64..100, output in any::<u64>()) {
            let usage = Usage::default().with(Input, input).with(Output, output);
            let expected = i128::from(input) * 2 + i128::from(output) * 10;
            prop_assert_eq!(prices().cost(&usage, STANDARD_TIER), Some(PicoUsd::new(expected)));
        }
    }
}
