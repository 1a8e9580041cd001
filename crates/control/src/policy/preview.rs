//! What a policy comes to, be it the stored one or one only thought of.

use ownkey_domain::id::CredentialId;
use ownkey_domain::payer::KeyState;
use ownkey_domain::provider::Provider;
use serde::Serialize;
use uuid::Uuid;

use crate::control::Control;
use crate::failing::Failing;
use crate::outlook::{NextCall, Outlook, PayerView};

/// What happens to calls of a provider's models in a situation.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct PolicyOutcome {
    /// The provider.
    #[schema(value_type = String)]
    provider: Provider,
    /// The situation.
    situation: Situation,
    /// Who pays, or why the call fails.
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
    const fn failing(self) -> Option<Failing> {
        match self {
            Self::Refused => Some(Failing::Refused),
            Self::RateLimited => Some(Failing::RateLimited),
            Self::QuotaExhausted => Some(Failing::QuotaExhausted),
            Self::Unavailable => Some(Failing::Unavailable),
            Self::Works | Self::None | Self::Sealed | Self::Dormant => None,
        }
    }
}

/// Every situation at every provider that is offered, with the credits that there are now.
pub(crate) fn outcomes(control: &Control, outlook: &Outlook) -> Vec<PolicyOutcome> {
    let offered = Provider::ALL.into_iter().filter(|provider| control.endpoint(*provider).is_some());
    let outcome = |provider, situation: Situation| {
        let call = NextCall::at(control, provider, situation.key(), situation.failing());
        PolicyOutcome { provider, situation, outcome: outlook.next(&control.parts.catalogue, &call) }
    };
    offered.flat_map(|provider| Situation::ALL.map(|situation| outcome(provider, situation))).collect()
}
