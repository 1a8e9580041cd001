//! What a workspace may call, and who pays: the one decision that calls, lists of models and the management API rest
//! on, so that what is shown as usable is what is served.

use crate::catalogue::{Catalogue, Resolved, Ruling};
use crate::payer::{Gate, KeyState, Payer, PayerKind, Question, Refusal, decide, step_in};
use crate::plan::Plan;
use crate::policy::{Fallback, FallbackClass, PayerPolicy};

/// How a workspace stands, whatever it calls.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'a> {
    /// Its plan.
    pub plan: &'a Plan,
    /// Features it has beyond its plan's.
    pub features: &'a [String],
    /// Who it wants to pay.
    pub policy: PayerPolicy,
}

/// What there is at the provider that serves a model.
#[derive(Debug, Clone, Copy)]
pub struct Offer {
    /// The workspace's key.
    pub key: KeyState,
    /// Whether the operator has a key of his own.
    pub operator_key: bool,
    /// Whether it is known what the call costs.
    pub priced: bool,
}

/// Why nobody pays, and what the operator has to say of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused<'a> {
    /// The first rule that applies.
    pub refusal: Refusal,
    /// The operator's own words, where the model is gated.
    pub message: Option<&'a str>,
}

/// Why a model can't be used now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unusable<'a> {
    /// Nobody would pay for its calls.
    Refused(Refused<'a>),
    /// The workspace would have to pay credits that it does not have.
    NoCredits,
}

impl<'a> Standing<'a> {
    /// Whether the workspace has that feature.
    pub fn has(&self, feature: &str) -> bool {
        self.plan.features.has(feature) || self.features.iter().any(|own| own == feature)
    }

    /// Whether the workspace may have that model, whoever would pay.
    pub fn gate<'c>(&self, catalogue: &Catalogue, named: &Resolved<'c>) -> Result<(), Refused<'c>> {
        let ruling = self.ruling(catalogue, named);
        ruling.gate.refusal().map_or(Ok(()), |refusal| Err(Refused::of(refusal, ruling)))
    }

    /// Who pays for a call of that model; `None` is a call that names no model.
    pub fn decide<'c>(
        &self,
        catalogue: &Catalogue,
        named: Option<&Resolved<'c>>,
        offer: &Offer,
    ) -> Result<Payer, Refused<'c>> {
        let ruling = self.ruling_of(catalogue, named);
        decide(&self.question(ruling, offer)).map_err(|refusal| Refused::of(refusal, ruling))
    }

    /// Whether managed access steps in for the own key that failed at such a call, with the workspace's consent.
    pub fn step_in(
        &self,
        catalogue: &Catalogue,
        named: Option<&Resolved<'_>>,
        offer: &Offer,
        (consent, failure): (&Fallback, FallbackClass),
    ) -> Option<Payer> {
        step_in(&self.question(self.ruling_of(catalogue, named), offer), consent, failure)
    }

    fn question(&self, ruling: Ruling<'_>, offer: &Offer) -> Question<'a> {
        Question {
            plan: self.plan,
            policy: self.policy,
            gate: ruling.gate,
            key: offer.key,
            operator_key: offer.operator_key,
            priced: offer.priced,
        }
    }

    fn ruling_of<'c>(&self, catalogue: &Catalogue, named: Option<&Resolved<'c>>) -> Ruling<'c> {
        let anything = Ruling { gate: Gate::Available, message: None };
        named.map_or(anything, |named| self.ruling(catalogue, named))
    }

    /// Who would pay for a call of that model now, if it would be served.
    pub fn usable<'c>(
        &self,
        catalogue: &Catalogue,
        named: &Resolved<'c>,
        offer: &Offer,
    ) -> Result<PayerKind, Unusable<'c>> {
        let payer = self.decide(catalogue, Some(named), offer).map_err(Unusable::Refused)?.kind();
        if self.can_pay(payer) { Ok(payer) } else { Err(Unusable::NoCredits) }
    }

    /// Whether there is money for a call that `payer` pays for. Until there is a ledger every balance is 0, so nothing
    /// that draws on credits is served: nothing is served for free by mistake.
    pub fn can_pay(&self, payer: PayerKind) -> bool {
        payer == PayerKind::Byok || !self.plan.draws_on_credits()
    }

    fn ruling<'c>(&self, catalogue: &Catalogue, named: &Resolved<'c>) -> Ruling<'c> {
        catalogue.ruling(named, self.plan.unknown, |feature| self.has(feature))
    }
}

impl<'a> Refused<'a> {
    fn of(refusal: Refusal, ruling: Ruling<'a>) -> Self {
        Self { refusal, message: ruling.message.filter(|_| refusal == Refusal::ModelGated) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::{RuleDraft, RulesDraft};
    use crate::plan::{Features, Managed};
    use crate::provider::Protocol;

    #[test]
    fn what_is_usable_is_what_would_be_served() {
        let rule = RuleDraft {
            id: "gpt-4o".to_owned(),
            feature: Some("apex".to_owned()),
            gate_message: Some("Ask us.".to_owned()),
            ..RuleDraft::default()
        };
        let rules = RulesDraft { models: vec![rule], ..RulesDraft::default() };
        let catalogue = Catalogue::builtin().unwrap().with_rules(rules).unwrap();
        let named = catalogue.resolve("gpt-4o", Protocol::OpenAi).unwrap();
        let plan = Plan { features: Features::Only(Vec::new()), ..Plan::default() };
        let offer = Offer { key: KeyState::None, operator_key: true, priced: true };
        let ask = |plan: &Plan, features: &[String]| {
            Standing { plan, features, policy: PayerPolicy::default() }.usable(&catalogue, &named, &offer)
        };
        let gated = Refused { refusal: Refusal::ModelGated, message: Some("Ask us.") };
        assert_eq!(ask(&plan, &[]), Err(Unusable::Refused(gated)));
        assert_eq!(ask(&plan, &["apex".to_owned()]), Ok(PayerKind::Managed));
        let counted = Plan { managed: Managed::Credits, ..plan.clone() };
        assert_eq!(ask(&counted, &["apex".to_owned()]), Err(Unusable::NoCredits));
        let none = Plan { managed: Managed::None, ..plan };
        let refused = Refused { refusal: Refusal::ByokRequired, message: None };
        assert_eq!(ask(&none, &["apex".to_owned()]), Err(Unusable::Refused(refused)));
    }
}
