//! The workspace's own word on who pays.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::money::NanoUsd;

/// Who the workspace wants to pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PayerPolicy {
    /// The own key where there is one, else managed access.
    #[default]
    ByokPreferred,
    /// Never managed access.
    ByokOnly,
    /// Never the own key.
    ManagedOnly,
}

/// A failure of the own key for which managed access may step in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FallbackClass {
    /// The provider limits its rate.
    RateLimited,
    /// No status came from the provider.
    Unavailable,
    /// Its account has no money.
    QuotaExhausted,
}

impl FallbackClass {
    /// The name in headers, JSON and the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RateLimited => "rate_limited",
            Self::Unavailable => "unavailable",
            Self::QuotaExhausted => "quota_exhausted",
        }
    }
}

/// A workspace's consent that managed access steps in for its own key. It consents to nothing unless it says so.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Fallback {
    /// After which failures.
    pub on: Vec<FallbackClass>,
    /// What that may cost a day, at list price. Without a cap there is no fallback.
    pub daily_cap_usd: Option<NanoUsd>,
}

/// The text names no policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a payer policy")]
pub struct UnknownPolicy;

impl PayerPolicy {
    /// The name in JSON and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ByokPreferred => "byok_preferred",
            Self::ByokOnly => "byok_only",
            Self::ManagedOnly => "managed_only",
        }
    }
}

impl FromStr for PayerPolicy {
    type Err = UnknownPolicy;

    fn from_str(text: &str) -> Result<Self, UnknownPolicy> {
        let all = [Self::ByokPreferred, Self::ByokOnly, Self::ManagedOnly];
        all.into_iter().find(|p| p.as_str() == text).ok_or(UnknownPolicy)
    }
}
