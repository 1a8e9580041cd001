//! How much a call can cost at most: what is held before it starts, and while it is answered.

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
/// As most text has it.
const USUAL_BYTES_PER_TOKEN: u64 = 4;
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

/// Those of them that write to the provider's cache.
const CACHE_WRITES: [TokenClass; 3] = [TokenClass::CacheWrite, TokenClass::CacheWrite5m, TokenClass::CacheWrite1h];

/// How much there is at most of what is no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// So much.
    AtMost(u64),
    /// Nobody can tell.
    Unknown,
}

impl Extent {
    /// The bound, if there is one.
    pub const fn get(self) -> Option<u64> {
        match self {
            Self::AtMost(most) => Some(most),
            Self::Unknown => None,
        }
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        self.get().zip(other.get()).map_or(Self::Unknown, |(one, other)| Self::AtMost(one.saturating_add(other)))
    }

    /// So many times as much.
    #[must_use]
    pub fn times(self, count: u64) -> Self {
        self.get().map_or(Self::Unknown, |most| Self::AtMost(most.saturating_mul(count)))
    }
}

impl Default for Extent {
    fn default() -> Self {
        Self::AtMost(0)
    }
}

/// The size of a call.
#[derive(Debug, Clone, Copy, Default)]
pub struct Size {
    /// Bytes of its body, without pictures and sound.
    pub body_bytes: u64,
    /// Tokens of what its body has that is no text, and is not among those bytes.
    pub media: Extent,
    /// Seconds of sound in it.
    pub seconds: Extent,
    /// Whether the provider may write its input to a cache, at a price of its own.
    pub writes_cache: bool,
    /// The conversation at the provider that it goes on from.
    pub chain: ChainTokens,
    /// How many messages.
    pub messages: u64,
    /// How many prompts it is a list of, each of which may fill what its model reads.
    pub prompts: u64,
    /// Whether it brings tools.
    pub has_tools: bool,
    /// Its output limit, if it has one.
    pub output_limit: Option<u64>,
    /// How many answers it asks for.
    pub answers: u64,
    /// Tokens of each answer that are held at first, and then at a time, where they can be counted while they pass.
    pub slice: Option<u64>,
    /// The characters of its text, where that is what the path counts.
    pub characters: Option<u64>,
    /// The service tiers that may serve it; none stands for any.
    pub tiers: &'static [&'static str],
}

/// How many tokens so many bytes of text are at most, all but the densest text.
pub const fn tokens_of(bytes: u64) -> u64 {
    bytes / BYTES_PER_TOKEN
}

/// How many tokens the input of a call is at most: what can be counted, and no more than its model reads of each prompt.
/// `None` if neither is known.
pub fn prompt(model: Option<&Model>, size: &Size) -> Option<u64> {
    let text = tokens_of(size.body_bytes)
        .saturating_add(size.messages.saturating_mul(TOKENS_PER_MESSAGE))
        .saturating_add(if size.has_tools { TOKENS_OF_TOOLS } else { 0 });
    let counted = Extent::AtMost(text).plus(size.media).plus(size.chain.bound()).get();
    let read = model.and_then(|model| model.context_tokens).map(|tokens| tokens.saturating_mul(size.prompts.max(1)));
    counted.into_iter().chain(read).min()
}

/// What of an answer can be seen while it passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Produced {
    /// Pieces, of which each is a token or more.
    pub pieces: u64,
    /// Bytes of text in them.
    pub bytes: u64,
}

impl Produced {
    /// How many tokens it is at most, all but the densest text: what must be held for it.
    pub fn at_most(self) -> u64 {
        self.pieces.max(tokens_of(self.bytes))
    }

    /// About how many tokens it is: what is charged if nobody tells.
    pub fn about(self) -> u64 {
        self.pieces.max(self.bytes / USUAL_BYTES_PER_TOKEN)
    }
}

/// Why nobody knows what a call can cost at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unbounded {
    /// Its model has no price, or not in a tier that may serve it.
    #[error("there is no price for it here. Use another model")]
    Price,
    /// Its input can't be counted, and how much its model reads is not known.
    #[error(
        "not all of its input can be counted, and it is not known how much the model reads: the operator can say so by \
         `context_tokens` under [[models]]. Send the input as text, or use another model"
    )]
    Input,
    /// Its model is sold by what can't be counted in it.
    #[error(
        "how long its sound lasts cannot be told by its bytes. Send it whole, as WAV (PCM), MP3, FLAC, Ogg or WebM (Opus, \
         Vorbis) or M4A (AAC), or use a model that is sold by tokens"
    )]
    Units,
    /// Nothing limits its output.
    #[error("its output has no limit. Give it one")]
    Output,
}

/// What a call can cost: its input, and each token of its output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quote {
    /// What its input costs at most.
    pub input: PicoUsd,
    /// What a token of output costs at most.
    pub per_token: PicoUsd,
    /// Tokens of output at most, of all its answers together.
    pub most: u64,
    /// Tokens of output that are held at a time.
    pub slice: u64,
    /// How many answers it asks for.
    pub answers: u64,
    /// Whether its output can be counted while it passes.
    pub is_sliced: bool,
}

impl Quote {
    /// Of what costs nothing.
    pub const NOTHING: Self =
        Self { input: PicoUsd::ZERO, per_token: PicoUsd::ZERO, most: 0, slice: 0, answers: 1, is_sliced: false };

    /// Of a call of that model, if that can be known.
    pub fn of(model: &Model, size: &Size) -> Result<Self, Unbounded> {
        let quote = match model.prices.by_unit() {
            Some(unit) => {
                let input = model.prices.cost_of(unit, units(unit, size).ok_or(Unbounded::Units)?);
                Self { input: input.ok_or(Unbounded::Price)?, ..Self::NOTHING }
            }
            None => Self::for_tokens(model, size)?,
        };
        // What it costs at most can be told, whatever part of it is asked for.
        quote.cost(quote.most).map(|_| quote).ok_or(Unbounded::Price)
    }

    fn for_tokens(model: &Model, size: &Size) -> Result<Self, Unbounded> {
        if !model.prices.by_token() {
            return Err(Unbounded::Price);
        }
        let prompt = prompt(Some(model), size).ok_or(Unbounded::Input)?;
        let (dearest, per_token) = dearest_rates(model, size, prompt).ok_or(Unbounded::Price)?;
        let answers = size.answers.max(1);
        // Output that costs nothing needs no bound: embeddings have none.
        let limit = if per_token == PicoUsd::ZERO { Some(0) } else { size.output_limit.or(model.output_tokens) };
        let most = limit.and_then(|limit| limit.checked_mul(answers)).ok_or(Unbounded::Output)?;
        let slice = size.slice.map_or(most, |slice| slice.saturating_mul(answers).min(most));
        let input = dearest.times(prompt).ok_or(Unbounded::Input)?;
        Ok(Self { input, per_token, most, slice, answers, is_sliced: size.slice.is_some() })
    }

    /// What it costs with so many tokens of output; `None` beyond what fits.
    pub fn cost(&self, output: u64) -> Option<PicoUsd> {
        self.input.checked_add(self.per_token.times(output)?)
    }

    /// The output limit of each answer with which it costs no more than that; `None` if no token fits.
    pub fn limit_within(&self, cost: PicoUsd) -> Option<u64> {
        let left = cost.get().checked_sub(self.input.get()).filter(|left| *left >= 0)?;
        let tokens = left.checked_div(self.per_token.get()).map_or(u64::MAX, |n| u64::try_from(n).unwrap_or(u64::MAX));
        Some(tokens.min(self.most) / self.answers.max(1)).filter(|limit| *limit > 0)
    }
}

/// How many units the input of a call has at most.
const fn units(unit: Unit, size: &Size) -> Option<u64> {
    match unit {
        Unit::InputCharacter => size.characters,
        Unit::InputSecond => size.seconds.get(),
        // Nobody knows how often a model searches.
        Unit::WebSearch | Unit::FileSearch => None,
    }
}

/// What a token of input and one of output cost at most. Where several tiers may serve, the dearest price of each kind.
fn dearest_rates(model: &Model, size: &Size, prompt: u64) -> Option<(PicoUsd, PicoUsd)> {
    let may_serve = |tier: &str| size.tiers.is_empty() || size.tiers.contains(&tier);
    let rates = model.prices.tiers_at(prompt).iter().filter(|(tier, _)| may_serve(tier));
    let prices = rates.map(|(_, rates)| {
        let may_be = |class: &&TokenClass| size.writes_cache || !CACHE_WRITES.contains(class);
        let dearest = INPUTS.iter().filter(may_be).filter_map(|class| rates.get(*class)).max()?;
        Some((dearest, output_rate(rates)?))
    });
    let prices = prices.collect::<Option<Vec<_>>>()?;
    prices.into_iter().reduce(|one, other| (one.0.max(other.0), one.1.max(other.1)))
}

fn output_rate(rates: &Rates) -> Option<PicoUsd> {
    let classes = [TokenClass::Output, TokenClass::AudioOutput, TokenClass::ImageOutput];
    classes.iter().filter_map(|class| rates.get(*class)).max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Catalogue;
    use proptest::prelude::*;

    fn cost(model: &Model, size: &Size) -> String {
        at_most(model, size).unwrap()
    }

    fn at_most(model: &Model, size: &Size) -> Option<String> {
        let quote = Quote::of(model, size).ok()?;
        Some(quote.cost(quote.slice)?.to_string())
    }

    #[test]
    fn the_dearest_reading_of_a_call_is_set_aside() {
        let catalogue = Catalogue::builtin().unwrap();
        let model = catalogue.find("claude-haiku-4-5").unwrap();
        let (output_limit, writes_cache) = (Some(1_000), true);
        let size = Size { body_bytes: 968, messages: 1, output_limit, writes_cache, ..Size::default() };
        // 500 tokens as a cache write for an hour (2 USD a million), 1,000 of output (5 USD a million).
        assert_eq!(cost(model, &size), "0.006");
        assert_eq!(cost(model, &Size { answers: 2, ..size }), "0.011");
        // Half of it where nothing asks for the cache.
        assert_eq!(cost(model, &Size { writes_cache: false, ..size }), "0.0055");
        let sliced = Size { slice: Some(2_048), output_limit: None, ..size };
        assert_eq!(cost(model, &sliced), "0.01124");
        assert_eq!(cost(model, &Size { slice: Some(2_048), ..size }), "0.006");
        // 200 tokens more, or as many as the model takes.
        let goes_on = Size { chain: ChainTokens::new(200), ..size };
        assert_eq!(cost(model, &goes_on), "0.0064");
        let unknown = Size { chain: ChainTokens::UNKNOWN, ..size };
        assert_eq!(cost(model, &unknown), "0.405");
        let huge = Size { body_bytes: u64::MAX, ..size };
        assert_eq!(cost(model, &huge), "0.405");
        let packed = Size { media: Extent::Unknown, ..size };
        assert_eq!(cost(model, &packed), "0.405");
        // What a model reads at most need not be known as long as all can be counted.
        let model = &Model { context_tokens: None, ..model.clone() };
        assert_eq!(cost(model, &goes_on), "0.0064");
        for size in [unknown, packed] {
            assert_eq!(Quote::of(model, &size), Err(Unbounded::Input));
        }
        let endless = &Model { output_tokens: None, ..model.clone() };
        assert_eq!(Quote::of(endless, &Size { output_limit: None, ..size }), Err(Unbounded::Output));
    }

    #[test]
    fn what_has_no_output_needs_no_limit() {
        let catalogue = Catalogue::builtin().unwrap();
        let size = Size { body_bytes: 2_000, ..Size::default() };
        let model = catalogue.find("text-embedding-3-small").unwrap();
        assert_eq!(at_most(model, &size).unwrap(), "0.00002");
        // It reads 8,191 tokens, of each of several inputs.
        let held = |prompts| at_most(model, &Size { body_bytes: 40_000, prompts, ..size });
        assert_eq!([held(0), held(1)].map(Option::unwrap), ["0.00016382", "0.00016382"]);
        assert_eq!([held(2), held(3)].map(Option::unwrap), ["0.00032764", "0.0004"]);
    }

    #[test]
    fn what_is_produced_is_counted_by_its_pieces_or_its_text() {
        let both = |pieces, bytes| {
            let produced = Produced { pieces, bytes };
            (produced.about(), produced.at_most())
        };
        assert_eq!([both(7, 10), both(7, 20), both(7, 40)], [(7, 7), (7, 10), (10, 20)]);
    }

    proptest! {
        #[test]
        fn the_limit_that_fits_is_the_largest(
            input in 0i128..1_000, per_token in 0i128..50, most in 0u64..500, answers in 1u64..4, cost in 0i128..20_000,
        ) {
            let most = most * answers;
            let (input, per_token) = (PicoUsd::new(input), PicoUsd::new(per_token));
            let quote = Quote { input, per_token, most, slice: most, answers, is_sliced: false };
            let fits = |limit: u64| limit * answers <= most && quote.cost(limit * answers).unwrap() <= PicoUsd::new(cost);
            match quote.limit_within(PicoUsd::new(cost)) {
                Some(limit) => prop_assert!(limit > 0 && fits(limit) && !fits(limit + 1)),
                None => prop_assert!(!fits(1)),
            }
        }
    }

    #[test]
    fn a_dearer_tier_is_held_at_its_price() {
        let catalogue = Catalogue::builtin().unwrap();
        let held = |model: &str, tiers| {
            let size = Size { body_bytes: 2_000, output_limit: Some(100), tiers, ..Size::default() };
            at_most(catalogue.find(model).unwrap(), &size)
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
        let held = |model: &str, size: Size| at_most(catalogue.find(model).unwrap(), &size);
        let spoken = Size { body_bytes: 9_000, characters: Some(100), ..Size::default() };
        assert_eq!(held("tts-1", spoken).unwrap(), "0.0015");
        assert_eq!(held("tts-1", Size { characters: None, ..spoken }), None);
        let heard = |seconds| Size { seconds, ..Size::default() };
        assert_eq!(held("whisper-1", heard(Extent::AtMost(10))).unwrap(), "0.001");
        let whisper = catalogue.find("whisper-1").unwrap();
        assert_eq!(Quote::of(whisper, &heard(Extent::Unknown)), Err(Unbounded::Units));
    }
}
