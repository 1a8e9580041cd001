//! Who would pay for a call, told before there is one: by the very decision that calls go by.

#![deny(clippy::as_conversions, clippy::float_arithmetic)]

use ownkey_domain::money::MicroCredits;
use ownkey_domain::payer::{KeyState, PayerKind};
use ownkey_domain::plan::{Managed, Plan};
use ownkey_domain::policy::{Fallback, FallbackClass, PayerPolicy};
use ownkey_domain::provider::Provider;
use ownkey_domain::standing::{Offer, Standing};
use ownkey_store::Workspace;
use serde::Serialize;

use crate::auth::InWorkspace;
use crate::control::Control;
use crate::credits::present;
use crate::models::Reason;
use crate::problem::Problem;

/// Who pays for calls of a provider's models that have no rules of their own.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = PayerOutlook)]
pub(crate) struct PayerView {
    /// `byok` or `managed`; null if calls fail.
    #[schema(value_type = Option<String>)]
    payer: Option<PayerKind>,
    /// What managed access costs, where it pays or would: `included` or `credits`.
    #[schema(value_type = Option<String>)]
    managed: Option<Managed>,
    /// Why calls fail, where they do.
    reason: Option<Reason>,
}

/// A workspace under a policy, whether that is stored or only thought of.
pub(crate) struct Outlook<'w> {
    plan: Plan,
    features: &'w [String],
    policy: PayerPolicy,
}

impl<'w> Outlook<'w> {
    pub(crate) fn new(control: &Control, workspace: &'w Workspace, policy: PayerPolicy) -> Self {
        Self { plan: control.plan(&workspace.plan), features: &workspace.features, policy }
    }

    pub(crate) fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The credits that are free, where the plan's managed access costs some; elsewhere nobody asks.
    pub(crate) async fn free_credits(&self, control: &Control, access: &InWorkspace) -> Result<MicroCredits, Problem> {
        match self.plan.managed {
            Managed::Credits => Ok(present(control, access).await?.available()),
            Managed::None | Managed::Included => Ok(MicroCredits::ZERO),
        }
    }

    /// With a key in that state at the provider.
    pub(crate) fn with(&self, control: &Control, provider: Provider, key: KeyState) -> PayerView {
        let decided = self.standing().decide(&control.parts.catalogue, None, &offer(control, provider, key));
        match decided {
            Ok(payer) => self.paid_by(payer.kind()),
            Err(refused) => PayerView { payer: None, managed: None, reason: Some(refused.into()) },
        }
    }

    /// Who pays in place of a key that failed, if the workspace consents to it.
    pub(crate) fn stepping_in(
        &self,
        control: &Control,
        (provider, key): (Provider, KeyState),
        (consent, failure): (&Fallback, FallbackClass),
    ) -> Option<PayerView> {
        let offer = offer(control, provider, key);
        let payer = self.standing().step_in(&control.parts.catalogue, None, &offer, (consent, failure))?;
        Some(self.paid_by(payer.kind()))
    }

    fn standing(&self) -> Standing<'_> {
        Standing { plan: &self.plan, features: self.features, policy: self.policy }
    }

    fn paid_by(&self, payer: PayerKind) -> PayerView {
        let managed = (payer == PayerKind::Managed).then_some(self.plan.managed);
        PayerView { payer: Some(payer), managed, reason: None }
    }
}

fn offer(control: &Control, provider: Provider, key: KeyState) -> Offer {
    Offer { key, operator_key: control.has_operator_key(provider), priced: true }
}

impl PayerView {
    /// Whether the own key pays.
    pub(crate) fn is_own(&self) -> bool {
        self.payer == Some(PayerKind::Byok)
    }

    /// The same, where so many credits are free. Without any, calls that they would pay for fail.
    pub(crate) fn with_credits(self, free: MicroCredits) -> Self {
        if self.managed != Some(Managed::Credits) || free > MicroCredits::ZERO {
            return self;
        }
        let message = "there are no credits left".to_owned();
        Self { payer: None, reason: Some(Reason { code: "insufficient_credits", message }), ..self }
    }

    /// The same payer, whose call fails.
    pub(crate) fn failing(self, code: &'static str, message: &str) -> Self {
        Self { reason: Some(Reason { code, message: message.to_owned() }), ..self }
    }
}
