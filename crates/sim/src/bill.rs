//! What a call costs at the provider: exact, in whole pico-USD.
//!
//! Anthropic's input classes are disjoint and OpenAI's are nested; both are
//! brought to disjoint classes before anything is priced.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::provider::Provider;

/// Prices of one token of each class in pico-USD.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
pub struct Prices {
    /// Input that no cache took part in.
    pub input: u64,
    /// Output.
    pub output: u64,
    /// Input read from a cache.
    pub cache_read: u64,
    /// Input written to a cache (five minutes where there is a choice).
    pub cache_write: u64,
    /// Input written to a cache for one hour.
    pub cache_write_1h: u64,
    /// Sound that was heard, where it has a price of its own.
    audio_input: Option<u64>,
    /// Sound that is spoken, where it has a price of its own.
    audio_output: Option<u64>,
}

/// Prices of one service tier.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Tier {
    base: Prices,
    long: Option<Prices>,
}

/// A model the simulator serves.
#[derive(Clone, Debug, Deserialize)]
pub struct Model {
    /// Its name in requests.
    pub id: String,
    provider: String,
    /// The kind of call it serves.
    #[serde(default = "chat")]
    pub mode: String,
    /// The longest prompt.
    pub max_input_tokens: u64,
    /// The longest answer.
    pub max_output_tokens: u64,
    long_above: Option<u64>,
    prices: BTreeMap<String, Tier>,
    #[serde(default)]
    units: BTreeMap<String, u64>,
    /// Whether it is sold by tokens, though at no price that is known here.
    #[serde(default)]
    tells_tokens: bool,
    /// Whether it can think before it answers.
    #[serde(default)]
    pub reasons: bool,
}

fn chat() -> String {
    "chat".to_owned()
}

static MODELS: LazyLock<Vec<Model>> =
    LazyLock::new(|| serde_json::from_str(include_str!("../data/models.json")).unwrap_or_default());

static BY_ID: LazyLock<BTreeMap<&'static str, &'static Model>> =
    LazyLock::new(|| MODELS.iter().map(|model| (model.id.as_str(), model)).collect());

/// The models of a provider, by name.
pub fn models(provider: Provider) -> impl Iterator<Item = &'static Model> {
    MODELS.iter().filter(move |model| model.of(provider))
}

/// A model of a provider.
pub fn model(provider: Provider, id: &str) -> Option<&'static Model> {
    BY_ID.get(id).copied().filter(|model| model.of(provider))
}

impl Model {
    fn of(&self, provider: Provider) -> bool {
        let name = match provider {
            Provider::Anthropic => "anthropic",
            Provider::OpenAi => "openai",
            Provider::Service => return false,
        };
        self.provider == name
    }

    /// Whether the provider sells this service tier for this model.
    pub fn sells(&self, tier: &str) -> bool {
        self.prices.contains_key(tier)
    }

    /// Whether it is known here what its calls cost.
    pub fn is_priced(&self) -> bool {
        !self.prices.is_empty() || !self.units.is_empty()
    }

    /// The price of another unit than a token, if it is sold by it: `second`, `character`.
    pub fn unit(&self, name: &str) -> Option<u64> {
        self.units.get(name).copied()
    }

    /// Whether it is sold by tokens.
    pub fn sells_tokens(&self) -> bool {
        self.tells_tokens || self.sells("default")
    }

    /// Whether writing to the cache has a price of its own.
    pub fn charges_cache_writes(&self) -> bool {
        self.prices.get("default").is_some_and(|tier| tier.base.cache_write != tier.base.input)
    }

    /// The dated name an alias stands for, where it is sold at the same price.
    pub fn snapshot(&'static self) -> &'static str {
        let same = |other: &&&Model| {
            let date = other.id.strip_prefix(&self.id).and_then(|rest| rest.strip_prefix('-'));
            date.is_some_and(|date| date.starts_with("20") && date.chars().all(|c| c.is_ascii_digit() || c == '-'))
                && other.prices.get("default").map(|tier| tier.base) == self.prices.get("default").map(|tier| tier.base)
        };
        let dated = BY_ID.values().filter(same).max_by(|a, b| a.id.cmp(&b.id));
        dated.map_or(self.id.as_str(), |model| model.id.as_str())
    }

    fn prices(&self, tier: &str, prompt: u64) -> Option<Prices> {
        let tier = self.prices.get(tier).or_else(|| self.prices.get("default"))?;
        let long = self.long_above.is_some_and(|above| prompt > above);
        Some(if long { tier.long.unwrap_or(tier.base) } else { tier.base })
    }
}

/// Input tokens in disjoint classes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Input {
    /// Neither read from nor written to a cache.
    pub fresh: u64,
    /// Read from a cache.
    pub read: u64,
    /// Written to a cache for five minutes, or for no chosen time.
    pub write: u64,
    /// Written to a cache for an hour.
    pub write_1h: u64,
}

impl Input {
    /// The whole prompt.
    pub fn total(&self) -> u64 {
        self.fresh + self.read + self.write + self.write_1h
    }

    /// The same of the densest text: a token for each of its characters, of which there are four to a token elsewhere.
    pub fn dense(self) -> Self {
        let Self { fresh, read, write, write_1h } = self;
        Self { fresh: 4 * fresh, read: 4 * read, write: 4 * write, write_1h: 4 * write_1h }
    }

    /// From OpenAI's numbers, where the prompt includes the cached part.
    pub fn nested(prompt: u64, cached: u64, written: u64) -> Self {
        Self { fresh: prompt - cached - written, read: cached, write: written, write_1h: 0 }
    }
}

/// A call that is being billed.
#[derive(Clone, Debug)]
pub struct Bill {
    /// Who is asked.
    pub model: &'static Model,
    /// The service tier the answer names.
    pub tier: &'static str,
    /// What was sent.
    pub input: Input,
    /// Processed in the United States only, at a tenth more.
    pub us_only: bool,
    /// Fees beside the tokens, in pico-USD.
    pub fee: u64,
    /// Tokens of sound that was sent, beside the rest of the input.
    pub heard: u64,
    /// How many tokens of the output are sound.
    pub spoken: u64,
}

impl Bill {
    /// The bill of a call without surcharge or fee.
    pub fn new(model: &'static Model, tier: &'static str, input: Input) -> Self {
        Self { model, tier, input, us_only: false, fee: 0, heard: 0, spoken: 0 }
    }

    /// Tokens of the whole prompt.
    pub fn prompt(&self) -> u64 {
        self.input.total() + self.heard
    }

    /// The cost in pico-USD with this much output, if the model has a price.
    pub fn pico_usd(&self, output: u64) -> Option<u128> {
        let fee = u128::from(self.fee);
        let Some(prices) = self.model.prices(self.tier, self.prompt()) else {
            return self.model.is_priced().then_some(fee);
        };
        let spoken = self.spoken.min(output);
        let part = |tokens: u64, price: u64| u128::from(tokens) * u128::from(price);
        let sum = part(self.input.fresh, prices.input)
            + part(self.input.read, prices.cache_read)
            + part(self.input.write, prices.cache_write)
            + part(self.input.write_1h, prices.cache_write_1h)
            + part(self.heard, prices.audio_input.unwrap_or(prices.input))
            + part(spoken, prices.audio_output.unwrap_or(prices.output))
            + part(output - spoken, prices.output);
        let sum = if self.us_only { sum * 11 / 10 } else { sum };
        Some(sum + fee)
    }
}

/// Pico-USD as a decimal number of USD without trailing zeros.
pub fn decimal(pico: u128) -> String {
    let one = 1_000_000_000_000;
    let text = format!("{}.{:012}", pico / one, pico % one);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bill(provider: Provider, id: &str, input: Input) -> Bill {
        let model = model(provider, id).expect("a known model");
        Bill::new(model, "default", input)
    }

    fn cost(bill: &Bill, output: u64) -> u128 {
        bill.pico_usd(output).expect("a price")
    }

    #[test]
    fn what_has_no_price_has_no_cost() {
        for id in ["gpt-image-1", "dall-e-2", "gpt-3.5-turbo-instruct"] {
            assert_eq!(bill(Provider::OpenAi, id, Input::nested(9, 0, 0)).pico_usd(1), None, "{id}");
        }
    }

    #[test]
    fn decimals_are_exact_and_short() {
        assert_eq!(decimal(0), "0");
        assert_eq!(decimal(1), "0.000000000001");
        assert_eq!(decimal(1_500_000_000_000), "1.5");
        assert_eq!(decimal(u128::from(u64::MAX)), "18446744.073709551615");
    }

    #[test]
    fn disjoint_classes_are_each_priced_once() {
        // 1 USD in, 5 out, 0.10 read, 1.25 and 2 written, per million.
        let input = Input { fresh: 100, read: 1000, write: 10, write_1h: 20 };
        let pico = cost(&bill(Provider::Anthropic, "claude-haiku-4-5", input), 7);
        assert_eq!(decimal(pico), "0.0002875");
    }

    #[test]
    fn nested_classes_are_not_priced_twice() {
        // 2.50 USD in, 10 out, 1.25 cached, per million.
        let input = Input::nested(2006, 1920, 0);
        assert_eq!(input.fresh, 86);
        assert_eq!(decimal(cost(&bill(Provider::OpenAi, "gpt-4o", input), 300)), "0.005615");
    }

    #[test]
    fn a_long_prompt_reprices_everything() {
        let short = bill(Provider::Anthropic, "claude-haiku-5-5", Input { fresh: 100_000, ..Input::default() });
        let long = bill(Provider::Anthropic, "claude-haiku-5-5", Input { fresh: 99_999, read: 2, ..Input::default() });
        let only_output = |bill| cost(bill, 1000) - cost(bill, 0);
        assert_eq!(only_output(&long), 5 * only_output(&short));
    }

    #[test]
    fn us_only_costs_a_tenth_more() {
        let mut bill = bill(Provider::Anthropic, "claude-haiku-4-5", Input { fresh: 1000, ..Input::default() });
        bill.us_only = true;
        assert_eq!(decimal(cost(&bill, 0)), "0.0011");
    }

    #[test]
    fn sound_has_its_own_price() {
        // 2.50 USD in, 10 out; 32 heard, 64 spoken, per million.
        let mut bill = bill(Provider::OpenAi, "gpt-audio", Input::nested(100, 0, 0));
        (bill.heard, bill.spoken) = (10, 20);
        assert_eq!(decimal(cost(&bill, 30)), "0.00195");
        bill.model = model(Provider::OpenAi, "gpt-4o").expect("known");
        assert_eq!(decimal(cost(&bill, 30)), "0.000575");
    }

    #[test]
    fn aliases_stand_for_dated_models() {
        let alias = model(Provider::Anthropic, "claude-haiku-4-5").expect("known");
        assert_eq!(alias.snapshot(), "claude-haiku-4-5-20251001");
        assert_eq!(model(Provider::OpenAi, "gpt-4o").expect("known").snapshot(), "gpt-4o-2024-11-20");
        assert!(model(Provider::OpenAi, "claude-haiku-4-5").is_none());
    }
}
