//! Who pays, in the workspace's own words.

use ownkey_domain::money::NanoUsd;
use ownkey_domain::policy::{Fallback, FallbackClass, PayerPolicy};
use serde::Serialize;

use preview::PolicyOutcome;

pub(crate) mod get;
pub(crate) mod preview;
pub(crate) mod put;

/// Who pays.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Policy)]
pub(crate) struct PolicyView {
    /// `byok_preferred`, `byok_only` or `managed_only`.
    #[schema(value_type = String)]
    payer: PayerPolicy,
    /// When managed access may step in for the own key.
    fallback: FallbackView,
    /// What it would mean; only for a preview.
    #[serde(skip_serializing_if = "Option::is_none")]
    outcomes: Option<Vec<PolicyOutcome>>,
}

/// When managed access may step in for the own key.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Fallback)]
pub(crate) struct FallbackView {
    /// The failures it may step in for: `rate_limited`, `unavailable`, `quota_exhausted`. None if empty.
    #[schema(value_type = Vec<String>)]
    on: Vec<FallbackClass>,
    /// The most that may cost a day (UTC), at list price.
    #[schema(value_type = Option<String>)]
    daily_cap_usd: Option<NanoUsd>,
}

impl PolicyView {
    fn of(payer: PayerPolicy, fallback: Fallback) -> Self {
        let Fallback { on, daily_cap_usd } = fallback;
        Self { payer, fallback: FallbackView { on, daily_cap_usd }, outcomes: None }
    }
}
