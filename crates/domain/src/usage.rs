//! Token usage in the provider's own numbers and classes. What a provider did not say is absent, never 0.

use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize};

macro_rules! token_classes {
    ($($name:ident = $text:literal, $doc:literal;)*) => {
        /// A class of tokens that providers report apart.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum TokenClass {
            $(#[doc = $doc] $name,)*
        }

        impl TokenClass {
            /// Every class, in the order they are written.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The name in JSON and in the store.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }
        }
    };
}

token_classes! {
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
}

const CLASSES: usize = TokenClass::ALL.len();

/// No model takes or gives a thousandth of this in one call.
const TOKENS_MAX: u64 = 1_000_000_000_000;

/// What one call used, by class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage([Option<u64>; CLASSES]);

/// How a provider's classes relate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accounting {
    /// `input` is only what no other input class counts (Anthropic).
    Disjoint,
    /// `input` and `output` are totals that include the other classes (OpenAI).
    Nested,
}

impl Usage {
    /// The count of a class, if the provider gave one.
    pub const fn get(&self, class: TokenClass) -> Option<u64> {
        self.0[class as usize]
    }

    /// Sets a class.
    pub const fn set(&mut self, class: TokenClass, tokens: u64) {
        self.0[class as usize] = Some(tokens);
    }

    /// The same with a class set.
    #[must_use]
    pub const fn with(mut self, class: TokenClass, tokens: u64) -> Self {
        self.set(class, tokens);
        self
    }

    /// Whether the provider said nothing at all.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }

    /// Whether the numbers can be true. A provider that names more lies, and nothing of it is believed.
    pub fn is_believable(&self) -> bool {
        self.iter().all(|(_, tokens)| tokens <= TOKENS_MAX)
    }

    /// The classes that are known.
    pub fn iter(&self) -> impl Iterator<Item = (TokenClass, u64)> + '_ {
        TokenClass::ALL.iter().filter_map(|&class| Some((class, self.get(class)?)))
    }

    /// The same tokens in classes that don't overlap, as prices want them. `reasoning` is left out: it is
    /// part of the output. `None` if parts exceed their whole, as they do only where one token counts in two parts
    /// (cached audio), or in lies.
    pub fn billable(&self, accounting: Accounting) -> Option<Self> {
        use TokenClass::{AudioInput, AudioOutput, CacheRead, CacheWrite, ImageInput, Input, Output, Reasoning};
        let mut billable = *self;
        billable.0[Reasoning as usize] = None;
        if accounting == Accounting::Nested {
            billable.take_parts(Input, &[CacheRead, CacheWrite, AudioInput, ImageInput])?;
            billable.take_parts(Output, &[AudioOutput])?;
        }
        Some(billable)
    }

    fn take_parts(&mut self, whole: TokenClass, parts: &[TokenClass]) -> Option<()> {
        let Some(total) = self.get(whole) else { return Some(()) };
        let rest = parts.iter().try_fold(total, |rest, &part| rest.checked_sub(self.get(part).unwrap_or(0)))?;
        self.set(whole, rest);
        Some(())
    }

    /// The same where input from the cache is input like any other. Nothing is changed if there is more of it than of
    /// input, which no honest answer shows.
    #[must_use]
    pub fn without_cache_read(mut self, accounting: Accounting) -> Self {
        let cached = self.get(TokenClass::CacheRead).unwrap_or(0);
        let input = self.get(TokenClass::Input).unwrap_or(0);
        match accounting {
            Accounting::Disjoint => self.set(TokenClass::Input, input.saturating_add(cached)),
            Accounting::Nested if cached > input => return self,
            Accounting::Nested => {}
        }
        self.0[TokenClass::CacheRead as usize] = None;
        self
    }

    /// All input: what long-context thresholds look at.
    pub fn prompt_tokens(&self, accounting: Accounting) -> u64 {
        if accounting == Accounting::Nested {
            return self.get(TokenClass::Input).unwrap_or(0);
        }
        let outputs = [TokenClass::Output, TokenClass::AudioOutput, TokenClass::Reasoning];
        self.iter().filter(|(class, _)| !outputs.contains(class)).fold(0, |sum, (_, n)| u64::saturating_add(sum, n))
    }
}

impl Serialize for Usage {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (class, tokens) in self.iter() {
            map.serialize_entry(class.as_str(), &tokens)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Usage {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let map = std::collections::BTreeMap::<String, u64>::deserialize(deserializer)?;
        let mut usage = Self::default();
        for (name, tokens) in map {
            let class = TokenClass::ALL.iter().find(|c| c.as_str() == name);
            usage.set(*class.ok_or_else(|| serde::de::Error::custom("unknown token class"))?, tokens);
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
    /// Deduced from what was seen before the end.
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
        let usage = Usage::default().with(Input, 1).with(Output, 0);
        let json = serde_json::to_string(&usage).unwrap();
        assert_eq!(json, r#"{"input":1,"output":0}"#);
        assert_eq!(serde_json::from_str::<Usage>(&json).unwrap(), usage);
    }
}
