//! The workspace's own word on who pays.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

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
