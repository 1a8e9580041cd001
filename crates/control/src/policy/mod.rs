//! Who pays, in the workspace's own words.

use ownkey_domain::money::NanoUsd;
use ownkey_domain::policy::{Fallback, FallbackClass, PayerPolicy};
use ownkey_store::Workspace;
use serde::Serialize;

use crate::control::Control;
use crate::outlook::Outlook;
use crate::problem::Problem;
use preview::{PolicyOutcome, outcomes};

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
    /// What that comes to, provider by provider and situation by situation.
    outcomes: Vec<PolicyOutcome>,
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
    async fn of(
        control: &Control,
        workspace: &Workspace,
        (payer, fallback): (PayerPolicy, Fallback),
    ) -> Result<Self, Problem> {
        let outlook = Outlook::of(control, workspace).await?.under(payer, fallback.clone());
        let outcomes = outcomes(control, &outlook);
        let Fallback { on, daily_cap_usd } = fallback;
        Ok(Self { payer, fallback: FallbackView { on, daily_cap_usd }, outcomes })
    }
}
