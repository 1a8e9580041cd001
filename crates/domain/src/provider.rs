//! The providers Ownkey offers, and the protocols callers speak. What is known of a provider lives in the
//! `providers` crate; here are only the names.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A model provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// Anthropic.
    Anthropic,
    /// OpenAI.
    OpenAi,
}

/// The text names no provider that is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a provider that is offered")]
pub struct UnknownProvider;

impl Provider {
    /// Every provider, in the order people see them.
    pub const ALL: [Self; 2] = [Self::Anthropic, Self::OpenAi];

    /// The name in paths, columns and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Anthropic => "anthropic",
            Self::OpenAi => "openai",
        }
    }

    /// The name people read.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Anthropic => "Anthropic",
            Self::OpenAi => "OpenAI",
        }
    }

    /// The protocol its models are called by.
    pub const fn protocol(self) -> Protocol {
        match self {
            Self::Anthropic => Protocol::Anthropic,
            Self::OpenAi => Protocol::OpenAi,
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Provider {
    type Err = UnknownProvider;

    fn from_str(text: &str) -> Result<Self, UnknownProvider> {
        Self::ALL.into_iter().find(|p| p.as_str() == text).ok_or(UnknownProvider)
    }
}

/// The protocol of a call: which paths, which credential header, which error shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// The Messages API.
    Anthropic,
    /// The Chat Completions and Responses APIs.
    OpenAi,
}

impl Protocol {
    /// The provider that made the protocol: where a model goes that the catalogue does not know.
    pub const fn provider(self) -> Provider {
        match self {
            Self::Anthropic => Provider::Anthropic,
            Self::OpenAi => Provider::OpenAi,
        }
    }
}
