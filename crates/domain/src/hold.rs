//! How much a call can cost at most: what is set aside before it starts.

use crate::catalogue::Model;
use crate::money::PicoUsd;
use crate::price::{Rates, STANDARD_TIER};
use crate::response::ChainTokens;
use crate::usage::TokenClass;

/// Two bytes of text make at least about a token.
const BYTES_PER_TOKEN: u64 = 2;
/// What a message takes besides its text.
const TOKENS_PER_MESSAGE: u64 = 16;
/// What tools take besides their text.
const TOKENS_OF_TOOLS: u64 = 1_024;
/// Output that a streamed call sets aside at first.
const FIRST_SLICE_TOKENS: u64 = 2_048;
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
    let prompt = prompt(Some(model), size);
    let limit = size.output_limit.or(model.output_tokens)?;
    let limit = if size.stream { limit.min(FIRST_SLICE_TOKENS) } else { limit };
    let output = limit.checked_mul(size.answers.max(1))?;
    let tiers = match &model.prices.long_context {
        Some(long) if prompt > long.above_tokens => &long.tiers,
        _ => &model.prices.tiers,
    };
    let rates = tiers.get(STANDARD_TIER)?;
    let dearest = INPUTS.iter().filter_map(|class| rates.get(*class)).max()?;
    dearest.times(prompt)?.checked_add(output_rate(rates)?.times(output)?)
}

fn output_rate(rates: &Rates) -> Option<PicoUsd> {
    let classes = [TokenClass::Output, TokenClass::AudioOutput];
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
}
