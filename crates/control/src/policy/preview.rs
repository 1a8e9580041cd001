//! What a policy comes to, be it the stored one or one only thought of.

use ownkey_domain::id::CredentialId;
use ownkey_domain::payer::KeyState;
use ownkey_domain::policy::{Fallback, FallbackClass, PayerPolicy};
use ownkey_domain::provider::Provider;
use ownkey_store::Workspace;
use serde::Serialize;
use uuid::Uuid;

use crate::control::Control;
use crate::outlook::{Outlook, PayerView};

/// What happens to calls of a provider's models in a situation.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct PolicyOutcome {
    /// The provider.
    #[schema(value_type = String)]
    provider: Provider,
    /// The situation.
    situation: Situation,
    /// Who pays, or why the call fails. A payer with a reason is asked, and the call fails.
    #[serde(flatten)]
    outcome: PayerView,
}

/// How it stands with the own key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Situation {
    /// It works.
    Works,
    /// There is none.
    None,
    /// The provider refuses it.
    Refused,
    /// The provider limits its rate.
    RateLimited,
    /// Its account has no money.
    QuotaExhausted,
    /// The provider does not answer.
    Unavailable,
    /// It can't be opened.
    Sealed,
    /// The plan has no own keys.
    Dormant,
}

impl Situation {
    const ALL: [Self; 8] = [
        Self::Works,
        Self::None,
        Self::Refused,
        Self::RateLimited,
        Self::QuotaExhausted,
        Self::Unavailable,
        Self::Sealed,
        Self::Dormant,
    ];

    /// Of a key that stands for any.
    fn key(self) -> KeyState {
        let key = CredentialId::from_uuid(Uuid::nil());
        match self {
            Self::None => KeyState::None,
            Self::Sealed => KeyState::Sealed(key),
            Self::Dormant => KeyState::Dormant(key),
            Self::Works | Self::Refused | Self::RateLimited | Self::QuotaExhausted | Self::Unavailable => {
                KeyState::Usable(key)
            }
        }
    }

    /// How a call fails that goes out on such a key.
    fn failure(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Refused => Some(("provider_key_invalid", "the provider refuses the key")),
            Self::RateLimited => Some(("provider_rate_limited", "the provider limits the account's rate")),
            Self::QuotaExhausted => Some(("provider_quota_exhausted", "the account has no money left")),
            Self::Unavailable => Some(("provider_unavailable", "the provider does not answer")),
            Self::Works | Self::None | Self::Sealed | Self::Dormant => None,
        }
    }

    /// The failure that it is to a workspace's consent.
    fn class(self) -> Option<FallbackClass> {
        match self {
            Self::RateLimited => Some(FallbackClass::RateLimited),
            Self::QuotaExhausted => Some(FallbackClass::QuotaExhausted),
            Self::Unavailable => Some(FallbackClass::Unavailable),
            _ => None,
        }
    }
}

/// Every situation at every provider that is offered.
pub(crate) fn outcomes(
    control: &Control,
    workspace: &Workspace,
    (policy, consent): (PayerPolicy, &Fallback),
) -> Vec<PolicyOutcome> {
    let outlook = Outlook::new(control, workspace, policy);
    let offered = Provider::ALL.into_iter().filter(|provider| control.endpoint(*provider).is_some());
    let each = |provider| Situation::ALL.map(|situation| outcome(control, (&outlook, consent), (provider, situation)));
    offered.flat_map(each).collect()
}

fn outcome(
    control: &Control,
    (outlook, consent): (&Outlook<'_>, &Fallback),
    (provider, situation): (Provider, Situation),
) -> PolicyOutcome {
    let key = situation.key();
    let view = outlook.with(control, provider, key);
    let outcome = match situation.failure() {
        Some((code, message)) if view.is_own() => {
            let steps_in = |class| outlook.stepping_in(control, (provider, key), (consent, class));
            situation.class().and_then(steps_in).unwrap_or_else(|| view.failing(code, message))
        }
        _ => view,
    };
    PolicyOutcome { provider, situation, outcome }
}
