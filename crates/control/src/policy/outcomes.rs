//! What a policy comes to: who pays at each provider, whatever may be the matter with the key there.

use ownkey_domain::id::CredentialId;
use ownkey_domain::payer::{KeyState, PayerKind};
use ownkey_domain::plan::Plan;
use ownkey_domain::policy::PayerPolicy;
use ownkey_domain::provider::Provider;
use ownkey_store::Workspace;
use serde::Serialize;
use uuid::Uuid;

use crate::control::Control;
use crate::models::Reason;
use crate::paid_by::{PaidBy, Terms};

/// What may be the matter with a key.
#[derive(Clone, Copy, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Case {
    /// It works.
    KeyWorks,
    /// There is none.
    NoKey,
    /// The provider refuses it.
    Refused,
    /// The account is over its rate limit.
    RateLimited,
    /// The account has no money.
    QuotaExhausted,
    /// The provider does not answer.
    Unavailable,
    /// It can't be opened.
    Sealed,
    /// The plan has no own keys.
    Dormant,
}

/// What calls come to in a case.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Outcome {
    /// The provider.
    #[schema(value_type = String)]
    provider: Provider,
    /// What is the matter with the key.
    case: Case,
    /// Who pays then.
    paid_by: PaidBy,
}

/// The outcomes of a policy at every provider that is offered.
pub(super) fn outcomes(control: &Control, workspace: &Workspace, policy: PayerPolicy) -> Vec<Outcome> {
    let plan = control.plan(&workspace.plan);
    let terms = Terms::of(control, workspace, &plan).under(policy);
    let offered = Provider::ALL.into_iter().filter(|provider| control.endpoint(*provider).is_some());
    let each = offered.flat_map(|provider| Case::ALL.into_iter().map(move |case| (provider, case)));
    let outcome = |(provider, case): (Provider, Case)| {
        let paid_by = case.told(terms.paid_by(provider, case.key(&plan)));
        Outcome { provider, case, paid_by }
    };
    each.map(outcome).collect()
}

impl Case {
    const ALL: [Self; 8] = [
        Self::KeyWorks,
        Self::NoKey,
        Self::Refused,
        Self::RateLimited,
        Self::QuotaExhausted,
        Self::Unavailable,
        Self::Sealed,
        Self::Dormant,
    ];

    /// A key of which that is true.
    fn key(self, plan: &Plan) -> KeyState {
        let any = CredentialId::from_uuid(Uuid::nil());
        match self {
            Self::NoKey => KeyState::None,
            Self::Dormant => KeyState::Dormant(any),
            Self::Sealed => KeyState::of(plan, Some(any), false),
            _ => KeyState::of(plan, Some(any), true),
        }
    }

    /// What becomes of a call whose payer is decided: one on a key that fails does, and no other payer steps in.
    fn told(self, paid_by: PaidBy) -> PaidBy {
        match (paid_by.payer, self.failure()) {
            (Some(PayerKind::Byok), Some((code, message))) => PaidBy::nobody(Reason::new(code, message)),
            _ => paid_by,
        }
    }

    fn failure(self) -> Option<(&'static str, &'static str)> {
        Some(match self {
            Self::Refused => ("provider_key_invalid", "the provider refuses the key"),
            Self::RateLimited => ("provider_rate_limited", "the account is over its rate limit"),
            Self::QuotaExhausted => ("provider_quota_exhausted", "the account has no money"),
            Self::Unavailable => ("provider_unavailable", "the provider does not answer"),
            Self::KeyWorks | Self::NoKey | Self::Sealed | Self::Dormant => return None,
        })
    }
}
