//! How much a call can cost at most: what is set aside before it starts.

use crate::catalogue::Model;
use crate::money::PicoUsd;
use crate::price::Rates;
use crate::response::ChainTokens;
use crate::usage::{TokenClass, Unit};

/// Two bytes of text make at least about a token.
const BYTES_PER_TOKEN: u64 = 2;
/// What a message takes besides its text.
const TOKENS_PER_MESSAGE: u64 = 16;
/// What tools take besides their text.
const TOKENS_OF_TOOLS: u64 = 1_024;
/// Output that a streamed call sets aside at first.
const FIRST_SLICE_TOKENS: u64 = 2_048;
/// Sound is hardly ever packed more tightly: 8 kbit/s, which is what the tightest speech takes. Whoever takes pains to do
/// better pays what it costs all the same, as with the densest text.
const BYTES_PER_SECOND_OF_SOUND: u64 = 1_000;
/// Input classes: the dearest of them is what an input token can cost.
const INPUTS: [TokenClass; 7] = [
    TokenClass::Input,
    TokenClass::CacheWrite,
    TokenClass::CacheWrite5m,
    TokenClass::CacheWrite1h,
    TokenClass::AudioInput,
    TokenClass::ImageInput,
    TokenClass::CacheRead,
];

/// The size of a call.
#[derive(Debug, Clone, Copy, Default)]
pub struct Size {
    /// Bytes of its body.
    pub body_bytes: u64,
    /// The conversation at the provider that it goes on from.
    pub chain: ChainTokens,
    /// How many messages.
    pub messages: u64,
    /// Whether it brings tools.
    pub has_tools: bool,
    /// Its output limit, if it has one.
    pub output_limit: Option<u64>,
    /// How many answers it asks for.
    pub answers: u64,
    /// Whether the answer is streamed.
    pub stream: bool,
    /// The characters of its text, where that is what the path counts.
    pub characters: Option<u64>,
    /// The service tiers that may serve it; none stands for any.
    pub tiers: &'static [&'static str],
}

/// How many tokens so many bytes of text are at most, all but the densest text.
pub const fn tokens_of(bytes: u64) -> u64 {
    bytes / BYTES_PER_TOKEN
}

/// How many tokens the input of a call is at most.
pub fn prompt(model: Option<&Model>, size: &Size) -> u64 {
    let prompt = tokens_of(size.body_bytes)
        .saturating_add(size.messages.saturating_mul(TOKENS_PER_MESSAGE))
        .saturating_add(if size.has_tools { TOKENS_OF_TOOLS } else { 0 })
        .saturating_add(size.chain.bound());
    prompt.min(model.and_then(|model| model.context_tokens).unwrap_or(u64::MAX))
}

/// What to set aside for a call; `None` if it can't be known.
pub fn hold(model: &Model, size: &Size) -> Option<PicoUsd> {
    match model.prices.by_unit() {
        Some(unit) => model.prices.cost_of(unit, units(unit, size)?),
        None => hold_for_tokens(model, size),
    }
}

/// How many units the input of a call has at most.
const fn units(unit: Unit, size: &Size) -> Option<u64> {
    match unit {
        Unit::InputCharacter => size.characters,
        Unit::InputSecond => Some(size.body_bytes.div_ceil(BYTES_PER_SECOND_OF_SOUND)),
        // Nobody knows how often a model searches.
        Unit::WebSearch | Unit::FileSearch => None,
    }
}

fn hold_for_tokens(model: &Model, size: &Size) -> Option<PicoUsd> {
    let prompt = prompt(Some(model), size);
    let limit = size.output_limit.or(model.output_tokens)?;
    let limit = if size.stream { limit.min(FIRST_SLICE_TOKENS) } else { limit };
    let output = limit.checked_mul(size.answers.max(1))?;
    let may_serve = |tier: &str| size.tiers.is_empty() || size.tiers.contains(&tier);
    let rates = model.prices.tiers_at(prompt).iter().filter(|(tier, _)| may_serve(tier));
    let costs = rates.map(|(_, rates)| {
        let dearest = INPUTS.iter().filter_map(|class| rates.get(*class)).max()?;
        dearest.times(prompt)?.checked_add(output_rate(rates)?.times(output)?)
    });
    costs.collect::<Option<Vec<_>>>()?.into_iter().max()
}

fn output_rate(rates: &Rates) -> Option<PicoUsd> {
    let classes = [TokenClass::Output, TokenClass::AudioOutput, TokenClass::ImageOutput];
    classes.iter().filter_map(|class| rates.get(*class)).max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Catalogue;

    #[test]
    fn the_dearest_reading_of_a_call_is_set_aside() {
        let catalogue = Catalogue::builtin().unwrap();
        let model = catalogue.find("claude-haiku-4-5").unwrap();
        let size = Size { body_bytes: 968, messages: 1, output_limit: Some(1_000), answers: 1, ..Size::default() };
        // 500 tokens as a cache write for an hour (2 USD a million), 1,000 of output (5 USD a million).
        assert_eq!(hold(model, &size).unwrap().to_string(), "0.006");
        assert_eq!(hold(model, &Size { answers: 2, ..size }).unwrap().to_string(), "0.011");
        let streamed = Size { stream: true, output_limit: None, ..size };
        assert_eq!(hold(model, &streamed).unwrap().to_string(), "0.01124");
        // 200 tokens more, or as many as the model takes.
        let goes_on = Size { chain: ChainTokens::new(200), ..size };
        assert_eq!(hold(model, &goes_on).unwrap().to_string(), "0.0064");
        let unknown = Size { chain: ChainTokens::UNKNOWN, ..size };
        assert_eq!(hold(model, &unknown).unwrap().to_string(), "0.405");
        let huge = Size { body_bytes: u64::MAX, ..size };
        assert_eq!(hold(model, &huge).unwrap().to_string(), "0.405");
    }

    #[test]
    fn a_dearer_tier_is_held_at_its_price() {
        let catalogue = Catalogue::builtin().unwrap();
        let held = |model: &str, tiers| {
            let size = Size { body_bytes: 2_000, output_limit: Some(100), tiers, ..Size::default() };
            hold(catalogue.find(model).unwrap(), &size).map(|cost| cost.to_string())
        };
        // A thousand tokens at 1.25 USD a million and a hundred at 10; twice that as priority, half of it as flex.
        assert_eq!(held("gpt-5", &["standard"]).unwrap(), "0.00225");
        assert_eq!(held("gpt-5", &["priority"]).unwrap(), "0.0045");
        assert_eq!(held("gpt-5", &["flex"]).unwrap(), "0.001125");
        // What may be served in several is held for the dearest of those that the model has.
        assert_eq!(held("gpt-5", &["standard", "priority"]).unwrap(), "0.0045");
        assert_eq!(held("gpt-5", &["standard", "us"]).unwrap(), "0.00225");
        assert_eq!(held("gpt-5", &[]).unwrap(), "0.0045");
        assert_eq!(held("gpt-5", &["nobody's"]), None);
    }

    #[test]
    fn what_is_sold_by_other_units_is_held_by_them() {
        let catalogue = Catalogue::builtin().unwrap();
        let held = |model: &str, size: Size| hold(catalogue.find(model).unwrap(), &size).map(|cost| cost.to_string());
        let spoken = Size { body_bytes: 9_000, characters: Some(100), ..Size::default() };
        assert_eq!(held("tts-1", spoken).unwrap(), "0.0015");
        assert_eq!(held("tts-1", Size { characters: None, ..spoken }), None);
        // Ten seconds: nine whole ones and what is left.
        assert_eq!(held("whisper-1", Size { body_bytes: 9_001, ..Size::default() }).unwrap(), "0.001");
    }
}
