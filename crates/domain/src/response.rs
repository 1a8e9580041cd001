//! Responses that a provider keeps by an id, and what receipts tell of them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::hold::Extent;
use crate::money::{MicroCredits, PicoUsd};
use crate::usage::{Accounting, TokenClass, Usage};

/// Longer than ids of providers are.
const ID_LEN_MAX: usize = 256;

/// More than any model takes at once.
const TOKENS_MAX: u64 = 16_000_000;

/// The text is not an id as providers make them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id of a response")]
pub struct BadResponseId;

/// The id that a provider gave a response. It came from outside: short, and of letters, digits, `_`, `-` and `.` only.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ResponseId(String);

impl ResponseId {
    /// The id as the provider writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the text is an id as providers make them. Anything else could be read as another path on its way.
    pub fn is_one(text: &str) -> bool {
        let word = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
        (1..=ID_LEN_MAX).contains(&text.len())
            && text.bytes().all(word)
            && text.bytes().any(|b| b.is_ascii_alphanumeric())
    }
}

impl FromStr for ResponseId {
    type Err = BadResponseId;

    fn from_str(text: &str) -> Result<Self, BadResponseId> {
        Self::try_from(text.to_owned())
    }
}

impl TryFrom<String> for ResponseId {
    type Error = BadResponseId;

    fn try_from(text: String) -> Result<Self, BadResponseId> {
        if Self::is_one(&text) { Ok(Self(text)) } else { Err(BadResponseId) }
    }
}

impl From<ResponseId> for String {
    fn from(id: ResponseId) -> Self {
        id.0
    }
}

impl fmt::Display for ResponseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How many tokens a conversation has up to and with a response: what goes on from it has so many of input before it
/// says a word of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainTokens(Option<u64>);

impl ChainTokens {
    /// Nothing went before.
    pub const NONE: Self = Self(Some(0));
    /// The provider did not say, so as many as there can be.
    pub const UNKNOWN: Self = Self(None);

    /// So many.
    pub const fn new(tokens: u64) -> Self {
        Self(Some(tokens))
    }

    /// After a call of that usage. Its input includes all that went before.
    pub fn after(usage: &Usage, accounting: Accounting) -> Self {
        let output = usage.get(TokenClass::Output);
        Self(output.map(|output| usage.prompt_tokens(accounting).saturating_add(output)))
    }

    /// The number, if it is known.
    pub const fn get(self) -> Option<u64> {
        self.0
    }

    /// The most that a call can have of it.
    pub fn bound(self) -> Extent {
        self.0.map_or(Extent::Unknown, |tokens| Extent::AtMost(tokens.min(TOKENS_MAX)))
    }
}

impl Default for ChainTokens {
    fn default() -> Self {
        Self::NONE
    }
}

/// What a receipt tells of a response that the provider keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseNote {
    /// The call made it. On an own key it goes on in the background, and another call will tell what it used.
    Made {
        /// Its id.
        id: ResponseId,
        /// The conversation that it ends.
        chain: ChainTokens,
    },
    /// The answer shows what a response used that was made in the background before. That counts once, on whichever
    /// receipt tells it first.
    Told {
        /// Its id.
        id: ResponseId,
        /// What it used.
        usage: Box<Usage>,
        /// What that costs by the list.
        cost_usd: Option<PicoUsd>,
        /// What it would cost in credits.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        credits_at_rate: Option<MicroCredits>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_words_and_nothing_else() {
        for id in ["resp_67cc-d3.a9", "7", &"x".repeat(256)] {
            assert_eq!(id.parse::<ResponseId>().unwrap().as_str(), id);
        }
        for text in ["", "..", "resp_1/cancel", "resp 1", "resp_é", &"x".repeat(257)] {
            assert_eq!(text.parse::<ResponseId>(), Err(BadResponseId), "{text}");
        }
        assert!(serde_json::from_str::<ResponseId>("\"a/b\"").is_err());
    }

    #[test]
    fn a_chain_is_as_long_as_its_last_call_was() {
        let usage = Usage::default().with(TokenClass::Input, 100).with(TokenClass::CacheRead, 60);
        assert_eq!(ChainTokens::after(&usage, Accounting::Nested), ChainTokens::UNKNOWN);
        let usage = usage.with(TokenClass::Output, 7);
        assert_eq!(ChainTokens::after(&usage, Accounting::Nested), ChainTokens::new(107));
        assert_eq!(ChainTokens::after(&usage, Accounting::Disjoint), ChainTokens::new(167));
        let bounds = [ChainTokens::UNKNOWN, ChainTokens::new(u64::MAX), ChainTokens::new(7), ChainTokens::default()];
        let most = [None, Some(TOKENS_MAX), Some(7), Some(0)];
        assert_eq!(bounds.map(|chain| chain.bound().get()), most);
    }
}
