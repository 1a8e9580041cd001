//! Prices per token and what a call costs: tokens times price over the classes, exact in pico-USD.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::money::PicoUsd;
use crate::usage::{Accounting, TokenClass, Usage};

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
        let is_told = |class| usage.get(class).is_some() || self.get(class) == Some(PicoUsd::ZERO);
        if !is_told(TokenClass::Input) || !is_told(TokenClass::Output) {
            return None;
        }
        // No price for input from the cache means that it costs what other input costs. Models of audio have none, and
        // do not tell which of their cached tokens were audio, so there the whole count can't be taken from the text.
        let discount = self.get(TokenClass::CacheRead);
        let usage = if discount.is_some() { *usage } else { usage.without_cache_read(accounting) };
        let billable = usage.billable(accounting)?;
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
        self.has_tier(STANDARD_TIER)
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
    /// class or a tier without one, numbers that can't be true. What costs nothing need not be told: embeddings have no
    /// output, and moderation tells no usage.
    pub fn cost(&self, usage: &Usage, accounting: Accounting, tier: &str) -> Option<PicoUsd> {
        self.tiers_for(usage, accounting).get(tier)?.cost(usage, accounting)
    }

    /// The same at the rates of the tier that makes it dearest.
    pub fn dearest_cost(&self, usage: &Usage, accounting: Accounting) -> Option<PicoUsd> {
        self.tiers_for(usage, accounting).values().filter_map(|rates| rates.cost(usage, accounting)).max()
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
        match &self.long_context {
            Some(long) if usage.prompt_tokens(accounting) > long.above_tokens => &long.tiers,
            _ => &self.tiers,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Accounting::{Disjoint, Nested};
    use TokenClass::{AudioInput, CacheRead, CacheWrite, Input, Output};
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
        assert_eq!(prices().cost(&usage(100), Disjoint, STANDARD_TIER), Some(PicoUsd::new(270)));
        assert_eq!(prices().cost(&usage(101), Disjoint, STANDARD_TIER), Some(PicoUsd::new(1360)));
    }

    #[test]
    fn what_has_no_price_has_no_cost() {
        let usage = Usage::default().with(Input, 1).with(Output, 1);
        assert_eq!(prices().cost(&usage.with(CacheWrite, 1), Disjoint, STANDARD_TIER), None);
        assert_eq!(prices().cost(&usage.with(CacheWrite, 0), Disjoint, STANDARD_TIER), Some(PicoUsd::new(12)));
        assert_eq!(prices().cost(&usage, Disjoint, "ultrafast"), None);
        assert_eq!(prices().cost(&Usage::default().with(Input, 1), Disjoint, STANDARD_TIER), None);
    }

    #[test]
    fn a_cache_without_a_price_of_its_own_is_input() {
        let usage = Usage::default().with(Input, 50).with(CacheRead, 30).with(Output, 1);
        assert_eq!(prices().cost(&usage, Nested, STANDARD_TIER), Some(PicoUsd::new(110)));
        assert_eq!(prices().cost(&usage, Disjoint, STANDARD_TIER), Some(PicoUsd::new(170)));
        let lie = Usage::default().with(Input, 50).with(CacheRead, 51).with(Output, 1);
        assert_eq!(prices().cost(&lie, Nested, STANDARD_TIER), None);
    }

    #[test]
    fn cached_audio_is_audio() {
        let rates = [(Input, 2), (Output, 10), (AudioInput, 40)].map(|(class, price)| (class, PicoUsd::new(price)));
        let tiers = BTreeMap::from([(STANDARD_TIER.to_owned(), Rates::new(rates))]);
        let prices = Prices { tiers, ..Prices::default() };
        // Of a hundred tokens eighty are audio and ninety were cached: most of them are both.
        let usage = Usage::default().with(Input, 100).with(AudioInput, 80).with(CacheRead, 90).with(Output, 1);
        assert_eq!(prices.cost(&usage, Nested, STANDARD_TIER), Some(PicoUsd::new(20 * 2 + 80 * 40 + 10)));
    }

    #[test]
    fn the_dearest_tier_is_an_upper_bound() {
        let mut prices = prices();
        prices.tiers.extend(
            [("flex", 1, 5), ("fast", 4, 20)]
                .map(|(tier, input, output)| (tier.to_owned(), rates(input, output)[STANDARD_TIER].clone())),
        );
        let usage = |input| Usage::default().with(Input, input).with(Output, 7);
        assert_eq!(prices.dearest_cost(&usage(100), Disjoint), Some(PicoUsd::new(540)));
        assert_eq!(prices.dearest_cost(&usage(101), Disjoint), Some(PicoUsd::new(1360)));
        assert!(prices.has_tier(STANDARD_TIER) && !prices.has_tier("fast"));
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
        assert_eq!(
            prices(3, 0).cost(&Usage::default().with(Input, 5), Disjoint, STANDARD_TIER),
            Some(PicoUsd::new(15))
        );
        assert_eq!(prices(3, 0).cost(&Usage::default(), Disjoint, STANDARD_TIER), None);
        assert_eq!(prices(0, 0).cost(&Usage::default(), Disjoint, STANDARD_TIER), Some(PicoUsd::ZERO));
        assert_eq!(Prices::default().cost(&Usage::default(), Disjoint, STANDARD_TIER), None);
    }

    proptest! {
        #[test]
        fn cost_is_the_sum_of_its_parts(input in 0u64..100, output in any::<u64>()) {
            let usage = Usage::default().with(Input, input).with(Output, output);
            let expected = i128::from(input) * 2 + i128::from(output) * 10;
            prop_assert_eq!(prices().cost(&usage, Disjoint, STANDARD_TIER), Some(PicoUsd::new(expected)));
        }
    }
}
