//! Usage in the provider's own numbers and classes: tokens, and what else has a price. What a provider did not say is absent, never 0.

use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize};

macro_rules! counted {
    ($(#[$attribute:meta])* $kind:ident: $($name:ident = $text:literal, $doc:literal;)*) => {
        $(#[$attribute])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $kind {
            $(#[doc = $doc] $name,)*
        }

        impl $kind {
            /// Every one, in the order they are written.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The name in JSON and in the store.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }

            #[expect(clippy::as_conversions, reason = "it is the place of a variant, no number that could be cut")]
            const fn index(self) -> usize {
                self as usize
            }
        }
    };
}

counted! {
    /// A class of tokens that providers report apart.
    TokenClass:
    Input = "input", "Input tokens, counted as the provider counts them (see [`Accounting`]).";
    Output = "output", "Output tokens, thinking and tool calls included.";
    CacheRead = "cache_read", "Input read from the prompt cache.";
    CacheWrite = "cache_write", "Input written to a cache without a stated lifetime.";
    CacheWrite5m = "cache_write_5m", "Input written to the cache for five minutes.";
    CacheWrite1h = "cache_write_1h", "Input written to the cache for an hour.";
    Reasoning = "reasoning", "The part of the output that is reasoning; inside `output`.";
    AudioInput = "audio_input", "Audio tokens of the input.";
    AudioOutput = "audio_output", "Audio tokens of the output.";
    ImageInput = "image_input", "Image tokens of the input, where the provider tells them apart.";
    ImageOutput = "image_output", "Image tokens of the output, where the provider tells them apart.";
}

counted! {
    /// What else than tokens is counted and has a price. JSON of prices names one of it, JSON of usage many.
    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    Unit:
    InputCharacter = "input_characters", "A character of text sent.";
    InputSecond = "input_seconds", "A second of audio sent.";
    WebSearch = "web_searches", "A search of the web by the provider's own tool.";
    FileSearch = "file_searches", "A search of the account's files by the provider's own tool.";
}

impl Unit {
    /// Whether what is sold by it is sold by it instead of by tokens. The others are fees, which come on top.
    pub const fn replaces_tokens(self) -> bool {
        matches!(self, Self::InputCharacter | Self::InputSecond)
    }
}

const CLASSES: usize = TokenClass::ALL.len();
const UNITS: usize = Unit::ALL.len();

/// No model takes or gives a thousandth of this in one call.
const COUNT_MAX: u64 = 1_000_000_000_000;

/// What one call used: tokens by class, and what else was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    tokens: [Option<u64>; CLASSES],
    units: [Option<u64>; UNITS],
}

/// How a provider's classes relate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accounting {
    /// `input` is only what no other input class counts (Anthropic).
    Disjoint,
    /// `input` and `output` are totals that include the other classes (OpenAI).
    Nested,
}

/// What a call can use at most, but for text that is denser than any usual one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound {
    /// Tokens of input.
    pub prompt: u64,
    /// Tokens of output.
    pub output: u64,
}

/// How often as many tokens as are held for it the densest text has: what is told beyond that can't be true.
pub const DENSEST: u64 = 2;

/// Whether more is told than can be, where so much is what it can be at most but for the densest text.
pub const fn is_beyond(told: u64, bound: u64) -> bool {
    told > bound.saturating_mul(DENSEST)
}

impl Usage {
    /// The count of a class, if the provider gave one.
    pub const fn get(&self, class: TokenClass) -> Option<u64> {
        self.tokens[class.index()]
    }

    /// Sets a class.
    pub const fn set(&mut self, class: TokenClass, tokens: u64) {
        self.tokens[class.index()] = Some(tokens);
    }

    /// The same with a class set.
    #[must_use]
    pub const fn with(mut self, class: TokenClass, tokens: u64) -> Self {
        self.set(class, tokens);
        self
    }

    /// The count of another unit, if it is known.
    pub const fn unit(&self, unit: Unit) -> Option<u64> {
        self.units[unit.index()]
    }

    /// The same with a unit set.
    #[must_use]
    pub const fn with_unit(mut self, unit: Unit, count: u64) -> Self {
        self.units[unit.index()] = Some(count);
        self
    }

    /// Whether nothing at all is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether the numbers can be true. A provider that names more lies, and nothing of it is believed.
    pub fn is_believable(&self) -> bool {
        self.tokens.iter().chain(&self.units).flatten().all(|count| *count <= COUNT_MAX)
    }

    /// Whether it was counted in a unit that takes the place of tokens.
    pub fn is_in_units(&self) -> bool {
        self.units().any(|(unit, _)| unit.replaces_tokens())
    }

    /// The classes of tokens that are known.
    pub fn iter(&self) -> impl Iterator<Item = (TokenClass, u64)> + '_ {
        TokenClass::ALL.iter().filter_map(|&class| Some((class, self.get(class)?)))
    }

    /// The other units that are known.
    pub fn units(&self) -> impl Iterator<Item = (Unit, u64)> + '_ {
        Unit::ALL.iter().filter_map(|&unit| Some((unit, self.unit(unit)?)))
    }

    /// Both together: what either knows is known.
    #[must_use]
    pub fn plus(mut self, more: &Self) -> Self {
        let counts = self.tokens.iter_mut().chain(&mut self.units);
        for (count, more) in counts.zip(more.tokens.iter().chain(&more.units)) {
            *count = more.map_or(*count, |more| Some(count.unwrap_or(0).saturating_add(more)));
        }
        self
    }

    /// The same tokens in classes that don't overlap, as prices want them. `reasoning` is left out: it is
    /// part of the output. `None` if parts exceed their whole, as they do only where one token counts in two parts
    /// (cached audio), or in lies.
    pub fn billable(&self, accounting: Accounting) -> Option<Self> {
        use TokenClass::{
            AudioInput, AudioOutput, CacheRead, CacheWrite, ImageInput, ImageOutput, Input, Output, Reasoning,
        };
        let mut billable = *self;
        billable.tokens[Reasoning.index()] = None;
        if accounting == Accounting::Nested {
            billable.take_parts(Input, &[CacheRead, CacheWrite, AudioInput, ImageInput])?;
            billable.take_parts(Output, &[AudioOutput, ImageOutput])?;
        }
        Some(billable)
    }

    fn take_parts(&mut self, whole: TokenClass, parts: &[TokenClass]) -> Option<()> {
        let Some(total) = self.get(whole) else { return Some(()) };
        let rest = parts.iter().try_fold(total, |rest, &part| rest.checked_sub(self.get(part).unwrap_or(0)))?;
        self.set(whole, rest);
        Some(())
    }

    /// The same where a part is not told apart from its whole: input from the cache is input like any other. Nothing
    /// is changed if there is more of the part than of the whole, which no honest answer shows.
    #[must_use]
    pub fn merged(mut self, part: TokenClass, whole: TokenClass, accounting: Accounting) -> Self {
        let Some(inner) = self.get(part) else { return self };
        let outer = self.get(whole).unwrap_or(0);
        match accounting {
            Accounting::Disjoint => self.set(whole, outer.saturating_add(inner)),
            Accounting::Nested if inner > outer => return self,
            Accounting::Nested => {}
        }
        self.tokens[part.index()] = None;
        self
    }

    /// What can have been used where more than twice the bound is told, for the densest text has twice as many tokens as
    /// are held for it; `None` where all can be true.
    pub fn beyond(&self, bound: Bound, accounting: Accounting) -> Option<Self> {
        let prompt = self.prompt_tokens(accounting);
        let output = match accounting {
            Accounting::Nested => self.get(TokenClass::Output).unwrap_or(0),
            Accounting::Disjoint => OUTPUTS.iter().filter_map(|class| self.get(*class)).fold(0, u64::saturating_add),
        };
        let mut can_be = *self;
        if is_beyond(prompt, bound.prompt) {
            let inputs = TokenClass::ALL.iter().filter(|class| !is_of_output(**class));
            inputs.for_each(|class| can_be.tokens[class.index()] = None);
            can_be.set(TokenClass::Input, bound.prompt);
        }
        if is_beyond(output, bound.output) {
            let outputs = TokenClass::ALL.iter().filter(|class| is_of_output(**class));
            outputs.for_each(|class| can_be.tokens[class.index()] = None);
            can_be.set(TokenClass::Output, bound.output);
        }
        (can_be != *self).then_some(can_be)
    }

    /// All input: what long-context thresholds look at.
    pub fn prompt_tokens(&self, accounting: Accounting) -> u64 {
        if accounting == Accounting::Nested {
            return self.get(TokenClass::Input).unwrap_or(0);
        }
        self.iter().filter(|(class, _)| !is_of_output(*class)).fold(0, |sum, (_, n)| u64::saturating_add(sum, n))
    }
}

/// The classes of output that are billed.
const OUTPUTS: [TokenClass; 3] = [TokenClass::Output, TokenClass::AudioOutput, TokenClass::ImageOutput];

fn is_of_output(class: TokenClass) -> bool {
    OUTPUTS.contains(&class) || class == TokenClass::Reasoning
}

impl Serialize for Usage {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (class, tokens) in self.iter() {
            map.serialize_entry(class.as_str(), &tokens)?;
        }
        for (unit, count) in self.units() {
            map.serialize_entry(unit.as_str(), &count)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Usage {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let map = std::collections::BTreeMap::<String, u64>::deserialize(deserializer)?;
        let mut usage = Self::default();
        for (name, count) in map {
            let class = TokenClass::ALL.iter().find(|class| class.as_str() == name);
            let unit = Unit::ALL.iter().find(|unit| unit.as_str() == name);
            usage = match (class, unit) {
                (Some(class), _) => usage.with(*class, count),
                (None, Some(unit)) => usage.with_unit(*unit, count),
                (None, None) => return Err(serde::de::Error::custom("unknown class of usage")),
            };
        }
        Ok(usage)
    }
}

/// How sure a receipt's usage is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Measured {
    /// The provider's own final numbers.
    Measured,
    /// Deduced: from what was seen before the end, or counted here where the provider counts alike and tells nothing.
    Estimated,
    /// The provider gave no numbers.
    Unknown,
}

impl Measured {
    /// The name in JSON and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Measured => "measured",
            Self::Estimated => "estimated",
            Self::Unknown => "unknown",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use TokenClass::{CacheRead, Input, Output, Reasoning};

    #[test]
    fn more_than_twice_what_can_be_is_not_believed() {
        let bound = Bound { prompt: 100, output: 50 };
        for (accounting, cached) in [(Accounting::Disjoint, 150), (Accounting::Nested, 0)] {
            let told = |input, output| Usage::default().with(Input, input).with(CacheRead, cached).with(Output, output);
            let all = 200 - if accounting == Accounting::Disjoint { cached } else { 0 };
            assert_eq!(told(all, 100).beyond(bound, accounting), None);
            let prompt = Usage::default().with(Input, 100).with(Output, 100);
            assert_eq!(told(all + 1, 100).beyond(bound, accounting), Some(prompt));
            let output = told(all, 50);
            assert_eq!(told(all, 101).with(Reasoning, 90).beyond(bound, accounting), Some(output));
        }
    }

    #[test]
    fn nested_parts_are_taken_out_of_their_whole() {
        let usage = Usage::default().with(Input, 2006).with(CacheRead, 1920).with(Output, 300).with(Reasoning, 100);
        let billable = usage.billable(Accounting::Nested).unwrap();
        assert_eq!(billable, Usage::default().with(Input, 86).with(CacheRead, 1920).with(Output, 300));
        assert_eq!(usage.prompt_tokens(Accounting::Nested), 2006);
        let disjoint = usage.billable(Accounting::Disjoint).unwrap();
        assert_eq!(disjoint.get(Input), Some(2006));
        assert_eq!(usage.prompt_tokens(Accounting::Disjoint), 3926);
    }

    #[test]
    fn parts_larger_than_their_whole_are_not_believed() {
        let lie = Usage::default().with(Input, 10).with(CacheRead, 11).with(Output, 1);
        assert_eq!(lie.billable(Accounting::Nested), None);
    }

    #[test]
    fn json_names_only_what_is_known() {
        let usage = Usage::default().with(Input, 1).with(Output, 0).with_unit(Unit::WebSearch, 2);
        let json = serde_json::to_string(&usage).unwrap();
        assert_eq!(json, r#"{"input":1,"output":0,"web_searches":2}"#);
        assert_eq!(serde_json::from_str::<Usage>(&json).unwrap(), usage);
        assert!(serde_json::from_str::<Usage>(r#"{"input_weeks":1}"#).is_err());
    }

    #[test]
    fn sums_know_what_either_side_knows() {
        let one = Usage::default().with(Input, 1).with_unit(Unit::InputSecond, u64::MAX);
        let other = Usage::default().with(Output, 2).with(Input, 0).with_unit(Unit::InputSecond, 1);
        let both = one.with(Output, 2);
        assert_eq!(one.plus(&other), both);
        assert_eq!(other.plus(&one), both);
        assert!(both.is_in_units() && !both.is_believable() && !both.is_empty());
        assert!(Usage::default().with(Input, 0).plus(&Usage::default()) == Usage::default().with(Input, 0));
    }
}
