//! Who pays, in the workspace's own words.

use outcomes::{Outcome, outcomes};
use ownkey_domain::policy::PayerPolicy;
use ownkey_store::Workspace;
use serde::{Deserialize, Serialize};

use crate::control::Control;

pub(crate) mod get;
mod outcomes;
pub(crate) mod put;

/// Who pays.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Policy)]
pub(crate) struct PolicyView {
    /// `byok_preferred`, `byok_only` or `managed_only`.
    #[schema(value_type = String)]
    payer: PayerPolicy,
    /// When managed access may step in for the own key.
    fallback: Fallback,
    /// What that comes to, provider by provider and case by case.
    outcomes: Vec<Outcome>,
}

/// When managed access may step in for the own key.
#[derive(Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fallback {
    /// The failures it may step in for. Only the empty list is possible so far.
    #[serde(default)]
    on: Vec<FallbackOn>,
    /// The most it may cost a day.
    #[serde(default)]
    daily_cap_usd: Option<String>,
}

/// A failure of the own key.
#[derive(PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FallbackOn {
    /// The provider limits its rate.
    RateLimited,
    /// The provider did not answer.
    Unavailable,
    /// Its account has no money.
    QuotaExhausted,
}

impl PolicyView {
    fn of(control: &Control, workspace: &Workspace, payer: PayerPolicy) -> Self {
        Self { payer, fallback: Fallback::default(), outcomes: outcomes(control, workspace, payer) }
    }
}
