//! Who pays: one pure function, decided before the call. A [`Payer`] can't be made elsewhere, and without one
//! no upstream request can be built, so no side path can spend.

use serde::{Deserialize, Serialize};

use crate::id::CredentialId;
use crate::money::NanoUsd;
use crate::plan::{DormantKeys, Managed, Plan};
use crate::policy::{Fallback, FallbackClass, PayerPolicy};

/// The two who can pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PayerKind {
    /// The workspace, through its own key.
    Byok,
    /// The operator, by managed access.
    Managed,
}

impl PayerKind {
    /// The name in headers, JSON and the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Byok => "byok",
            Self::Managed => "managed",
        }
    }
}

/// The one payer of a call. Only this module makes it: `decide`, and `step_in` with the workspace's consent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Payer {
    credential: Option<CredentialId>,
}

impl Payer {
    /// Which of the two.
    pub const fn kind(&self) -> PayerKind {
        if self.credential.is_some() { PayerKind::Byok } else { PayerKind::Managed }
    }

    /// The workspace's key that serves the call; `None` on managed calls.
    pub const fn credential(&self) -> Option<CredentialId> {
        self.credential
    }
}

/// What the catalogue says of the model a call names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// Offered.
    Available,
    /// Shown, not offered yet.
    ComingSoon,
    /// Offered on own keys only.
    ByokOnly,
    /// Needs a feature that the workspace lacks.
    FeatureMissing,
    /// Not offered at all.
    NotFound,
}

/// The state of the workspace's key at the model's provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// No key is stored.
    None,
    /// A key that can be used. Doubts about its health don't matter here: a failing key never moves a call.
    Usable(CredentialId),
    /// A key that the plan no longer covers.
    Dormant(CredentialId),
    /// A key that can't be opened.
    Sealed(CredentialId),
}

impl KeyState {
    /// The state of the key that is stored, if one is; `opens` tells whether it could be sent where it belongs.
    pub const fn of(plan: &Plan, stored: Option<CredentialId>, opens: bool) -> Self {
        match stored {
            None => Self::None,
            Some(id) if !plan.byok => Self::Dormant(id),
            Some(id) if !opens => Self::Sealed(id),
            Some(id) => Self::Usable(id),
        }
    }
}

/// All that the decision looks at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question<'a> {
    /// The workspace's plan.
    pub plan: &'a Plan,
    /// The workspace's policy.
    pub policy: PayerPolicy,
    /// The gate of the model asked for.
    pub gate: Gate,
    /// The workspace's key at the model's provider.
    pub key: KeyState,
    /// Whether the operator has a key of his own there.
    pub operator_key: bool,
    /// Whether the model has a list price.
    pub priced: bool,
}

/// Why nobody pays: the first rule that applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The catalogue has no such model.
    #[error("the model is not offered here")]
    ModelNotFound,
    /// The model is announced, not offered.
    #[error("the model is coming soon")]
    ModelComingSoon,
    /// The workspace lacks the feature that the model needs.
    #[error("the model needs a feature that this workspace does not have")]
    ModelGated,
    /// An own key is wanted and there is none.
    #[error("this call needs the workspace's own provider key")]
    ByokRequired,
    /// The plan has no own keys.
    #[error("the plan does not include own provider keys")]
    PlanRequired,
    /// The stored key can't be opened.
    #[error("the stored provider key cannot be opened")]
    KeySealed,
    /// The workspace wants managed access and the operator has none there.
    #[error("managed access is not available for this provider")]
    ManagedUnavailable,
    /// Managed access to a model whose price is unknown.
    #[error("the model has no price, so managed access cannot serve it")]
    ModelNotPriced,
}

impl Gate {
    /// Why nobody may have the model, whoever would pay.
    pub const fn refusal(self) -> Option<Refusal> {
        match self {
            Self::NotFound => Some(Refusal::ModelNotFound),
            Self::ComingSoon => Some(Refusal::ModelComingSoon),
            Self::FeatureMissing => Some(Refusal::ModelGated),
            Self::Available | Self::ByokOnly => None,
        }
    }
}

/// Decides who pays for a call. Asked through [`crate::standing::Standing`], by everyone in the same way.
pub(crate) fn decide(question: &Question<'_>) -> Result<Payer, Refusal> {
    if let Some(refusal) = question.gate.refusal() {
        return Err(refusal);
    }
    if question.policy == PayerPolicy::ManagedOnly {
        return match question.gate {
            Gate::ByokOnly => Err(Refusal::ByokRequired),
            _ => managed(question, Refusal::ManagedUnavailable),
        };
    }
    let key = match question.key {
        // The plan says that a key which it does not cover counts for nothing.
        KeyState::Dormant(_) if question.plan.dormant_keys == DormantKeys::Managed => KeyState::None,
        key => key,
    };
    match key {
        KeyState::Usable(credential) => Ok(Payer { credential: Some(credential) }),
        KeyState::Dormant(_) => Err(Refusal::PlanRequired),
        KeyState::Sealed(_) => Err(Refusal::KeySealed),
        KeyState::None => {
            let missing = if question.plan.byok { Refusal::ByokRequired } else { Refusal::PlanRequired };
            if question.gate == Gate::ByokOnly || question.policy == PayerPolicy::ByokOnly {
                return Err(missing);
            }
            managed(question, missing)
        }
    }
}

/// Whether managed access steps in for an own key that failed: only where the workspace consents to it for that failure
/// and caps what it may cost, and only where it could have been asked in the first place. Never for a key that the
/// provider refuses, or that is sealed or dormant: such a call is no failure of that kind.
pub(crate) fn step_in(question: &Question<'_>, consent: &Fallback, failure: FallbackClass) -> Option<Payer> {
    let consents = consent.on.contains(&failure) && consent.daily_cap_usd.is_some_and(|cap| cap > NanoUsd::ZERO);
    let may = question.policy == PayerPolicy::ByokPreferred
        && question.gate == Gate::Available
        && matches!(question.key, KeyState::Usable(_));
    if !consents || !may {
        return None;
    }
    managed(question, Refusal::ManagedUnavailable).ok()
}

/// Managed access, if plan and operator offer it; `otherwise` if they don't.
fn managed(question: &Question<'_>, otherwise: Refusal) -> Result<Payer, Refusal> {
    if question.plan.managed == Managed::None || !question.operator_key {
        return Err(otherwise);
    }
    if !question.priced {
        return Err(Refusal::ModelNotPriced);
    }
    Ok(Payer { credential: None })
}

#[cfg(test)]
mod tests;
