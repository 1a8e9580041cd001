//! Verdicts on a provider key, in words people can act on.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// What a test of a provider key says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It works.
    Valid,
    /// It works, but a scope or a model is missing.
    ValidLimited,
    /// Authentic, over its limit now.
    RateLimited,
    /// Authentic, no money.
    QuotaExhausted,
    /// The provider refuses the key itself.
    Invalid,
    /// It has another provider's prefix.
    WrongProvider,
    /// An admin or OAuth key, or a platform key of ours.
    WrongKind,
    /// It can't be a key.
    Malformed,
    /// The provider could not be reached.
    Unreachable,
    /// The provider has trouble of its own.
    ProviderIncident,
}

/// Whether a key with this verdict may be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storing {
    /// Stored.
    Yes,
    /// Stored only when the caller says so (`save_unverified`).
    Unverified,
    /// Never; the old key stays in force.
    No,
}

/// What a provider's module knows for people: where to go.
#[derive(Debug, Clone, Copy)]
pub struct Guide {
    /// The name people read.
    pub title: &'static str,
    /// How its keys start, in words.
    pub key_prefixes: &'static str,
    /// Where keys are made.
    pub keys_url: &'static str,
    /// Where the account's money is.
    pub billing_url: &'static str,
    /// Where limits are shown.
    pub limits_url: &'static str,
    /// Whether it has trouble now.
    pub status_url: &'static str,
    /// How to make a key, step by step.
    pub steps: &'static [&'static str],
}

/// A link to the one thing to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    /// What to do.
    pub label: String,
    /// Where; absent when it is done right here.
    pub url: Option<String>,
}

/// A moment that a text names, so that whoever shows the text can tell it in the reader's own time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// When.
    pub at: Timestamp,
    /// How the text names it.
    pub words: String,
}

/// A verdict in plain words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explained {
    /// The verdict.
    pub verdict: Verdict,
    /// What is the matter, in a few words.
    pub title: String,
    /// Why.
    pub cause: String,
    /// What to do about it.
    pub action: Option<Action>,
    /// What the test saw: a model, a scope, a status. Never a word of the key or of the provider's text.
    pub detail: Option<String>,
    /// The moment that title or cause name, if they name one. Verdicts that were stored before this was told have none.
    #[serde(default)]
    pub moment: Option<Moment>,
}

impl Verdict {
    /// The word in JSON and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::ValidLimited => "valid_limited",
            Self::RateLimited => "rate_limited",
            Self::QuotaExhausted => "quota_exhausted",
            Self::Invalid => "invalid",
            Self::WrongProvider => "wrong_provider",
            Self::WrongKind => "wrong_kind",
            Self::Malformed => "malformed",
            Self::Unreachable => "unreachable",
            Self::ProviderIncident => "provider_incident",
        }
    }

    /// Whether a key with this verdict may be stored.
    pub const fn storing(self) -> Storing {
        match self {
            Self::Valid | Self::ValidLimited | Self::RateLimited | Self::QuotaExhausted => Storing::Yes,
            Self::Unreachable | Self::ProviderIncident => Storing::Unverified,
            Self::Invalid | Self::WrongProvider | Self::WrongKind | Self::Malformed => Storing::No,
        }
    }
}
