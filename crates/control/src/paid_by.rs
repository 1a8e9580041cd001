//! Who pays for a provider's models, by the very rule that calls go by.

use ownkey_domain::payer::{KeyState, PayerKind};
use ownkey_domain::plan::Plan;
use ownkey_domain::policy::PayerPolicy;
use ownkey_domain::provider::Provider;
use ownkey_domain::standing::{Offer, Standing, Unusable};
use ownkey_store::Workspace;
use serde::Serialize;

use crate::control::Control;
use crate::models::Reason;

/// Who pays for a provider's models, or why nobody does.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct PaidBy {
    /// `byok` or `managed`; null if calls fail.
    #[schema(value_type = Option<String>)]
    pub(crate) payer: Option<PayerKind>,
    /// Whether the plan includes it, so that no credits are drawn.
    included: bool,
    /// Why calls fail; null if they don't.
    pub(crate) reason: Option<Reason>,
}

/// A workspace's terms with every provider: its plan, and a policy, be it its own or one it thinks about.
pub(crate) struct Terms<'a> {
    control: &'a Control,
    plan: &'a Plan,
    features: &'a [String],
    policy: PayerPolicy,
}

impl<'a> Terms<'a> {
    pub(crate) fn of(control: &'a Control, workspace: &'a Workspace, plan: &'a Plan) -> Self {
        Self { control, plan, features: &workspace.features, policy: workspace.policy }
    }

    pub(crate) fn under(self, policy: PayerPolicy) -> Self {
        Self { policy, ..self }
    }

    /// Who pays for an ordinary model of that provider.
    pub(crate) fn paid_by(&self, provider: Provider, key: KeyState) -> PaidBy {
        let standing = Standing { plan: self.plan, features: self.features, policy: self.policy };
        let offer = Offer { key, operator_key: self.control.has_operator_key(provider), priced: true };
        let decided = standing.decide(&self.control.parts.catalogue, None, &offer);
        let paid = decided
            .map_err(Unusable::Refused)
            .map(|payer| payer.kind())
            .and_then(|payer| if standing.can_pay(payer) { Ok(payer) } else { Err(Unusable::NoCredits) });
        match paid {
            Ok(payer) => {
                let included = payer == PayerKind::Managed && !self.plan.draws_on_credits();
                PaidBy { payer: Some(payer), included, reason: None }
            }
            Err(unusable) => PaidBy::nobody(unusable.into()),
        }
    }
}

impl PaidBy {
    /// Calls fail.
    pub(crate) fn nobody(reason: Reason) -> Self {
        Self { payer: None, included: false, reason: Some(reason) }
    }
}
