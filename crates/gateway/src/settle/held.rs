//! What is held for a call that is under way, and who still waits for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ownkey_domain::ledger::{Charge, Settlement};
use ownkey_domain::money::{CreditRate, MicroCredits, PicoUsd};
use ownkey_domain::receipt::Receipt;
use ownkey_providers::answer::Served;

use super::{Believed, Guess, OpenReceipt};
use crate::decide::Decision;
use crate::funds::Funding;
use crate::ledger::Ledger;
use crate::metrics::Metrics;

/// What is held for a call.
#[derive(Clone)]
pub struct Held {
    /// What it draws on.
    pub funding: Arc<Funding>,
    /// Tokens of output that are held.
    pub output: u64,
}

impl Held {
    /// Whether all that is produced can be seen: it is held in parts then.
    pub fn is_visible(&self) -> bool {
        self.funding.quote().is_some_and(|quote| quote.is_sliced)
    }

    /// What is charged where only a guess says how much: no more than the call could have cost, by the prices of the tiers
    /// that it asked for. A guess knows only the usual one, if the provider did not come to say which.
    pub fn at_most(&self, guess: PicoUsd) -> PicoUsd {
        let held = self.funding.quote().and_then(|quote| quote.cost(self.output));
        held.map_or(guess, |held| guess.min(held))
    }
}

/// Says to a call that its caller has left, unless he got his answer's head first.
pub struct CallerThere {
    left: Arc<AtomicBool>,
    has_it: bool,
}

impl CallerThere {
    /// The answer's head is with the caller.
    pub fn has_it(mut self) {
        self.has_it = true;
    }
}

impl Drop for CallerThere {
    fn drop(&mut self) {
        self.left.fetch_or(!self.has_it, Ordering::Relaxed);
    }
}

impl OpenReceipt {
    /// The call draws on that, and so many tokens of its output are to be held. It takes the place of what was there before.
    pub fn funded_by(&mut self, funding: Arc<Funding>, output: u64) {
        self.held = funding.is_settled().then_some(Held { funding, output });
    }

    /// What the call draws on as it stands.
    pub fn funds(&self) -> Option<Held> {
        self.held.clone()
    }

    /// Another payer did not step in after all: the call draws on what it did before.
    pub fn funded_as_before(&mut self, held: Option<Held>) {
        self.held = held;
    }

    /// A hold is asked for. Whether one was before.
    pub fn asks_for_a_hold(&mut self) -> bool {
        std::mem::replace(&mut self.asked, true)
    }

    /// Whether a hold was asked for, or nothing can have come of it.
    pub fn asked_for_a_hold(&mut self, asked: bool) {
        self.asked = asked;
        if !asked {
            self.held = None;
        }
    }

    /// So many tokens of output are held by now.
    pub fn holds_output(&mut self, tokens: u64) {
        if let Some(held) = &mut self.held {
            held.output = tokens;
        }
    }

    /// What the call draws on, if that is held, and how much of its output is.
    pub fn held(&self) -> Option<(Arc<Funding>, u64)> {
        let held = self.held.as_ref().filter(|_| self.asked)?;
        Some((Arc::clone(&held.funding), held.output))
    }

    /// The receipt of the call, decided so, as far as it is written: completed should this process die.
    pub fn so_far(&self, decision: &Decision<'_>) -> Option<Box<Receipt>> {
        let mut draft = self.draft.clone()?;
        draft.provider = Some(decision.provider);
        (draft.payer, draft.credential) = (Some(decision.payer.kind()), decision.payer.credential());
        draft.included = decision.included;
        draft.credit_rate = self.held.as_ref().and_then(|held| held.funding.rate());
        Some(draft)
    }

    /// Whether the workspace's credits pay for it.
    pub fn is_paid_in_credits(&self) -> bool {
        self.held().is_some_and(|(funding, _)| funding.draws_on_credits())
    }

    /// Writes down what the call costs by now, by what its provider said and what came of its answer.
    pub fn note_cost(&self, served: &Served, output: u64) {
        let (Some(draft), Some(held)) = (&self.draft, &self.held) else { return };
        let guess = Guess { output, ..self.guess };
        let charge = match self.book.cost_by_now(draft, (served, guess)) {
            Some(cost) => held.funding.charge(held.at_most(cost)),
            None => held.funding.charge_at_most(output),
        };
        // A failing journal is logged there, and ends no answer before its end.
        let _ = self.book.ledger.evidence(draft.id, charge);
    }

    /// What the call costs in credits, where credits pay.
    pub fn rate(&self) -> Option<CreditRate> {
        self.book.rate(self.draft.as_ref()?.model.as_deref())
    }

    /// The agent that the call is made for.
    pub fn agent(&self) -> Option<&str> {
        self.draft.as_ref()?.agent.as_deref()
    }

    /// Where receipts go.
    pub fn ledger(&self) -> Arc<dyn Ledger> {
        Arc::clone(&self.book.ledger)
    }

    /// What counts calls.
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.book.metrics
    }

    /// From now on the call goes on without its caller, should he leave before he has its head.
    pub fn caller_there(&mut self) -> CallerThere {
        let left = Arc::clone(self.caller.get_or_insert_default());
        CallerThere { left, has_it: false }
    }

    /// Whether the caller left before he had the answer's head.
    pub fn has_left(&self) -> bool {
        self.caller.as_ref().is_some_and(|left| left.load(Ordering::Relaxed))
    }

    /// What it is charged, and what ends its hold.
    pub(super) fn charge(&self, receipt: &mut Receipt, believed: &Believed<'_>, never_went_out: bool) {
        match &self.held {
            Some(held) if never_went_out => {
                receipt.settlement = Some(held.funding.settlement(Charge::default(), MicroCredits::ZERO));
            }
            Some(held) => self.book.charge(receipt, held, (believed, self.guess)),
            None if self.asked => receipt.settlement = Some(Settlement::NOTHING),
            None => {}
        }
    }
}
