//! What a call is charged when it has ended, on every way out: what its provider's own numbers cost, nothing if it was
//! refused or never went out, else an estimate from the prompt and what came of the answer. What has no price costs what
//! was held for it: unknown is not free.

#![deny(clippy::as_conversions, clippy::float_arithmetic)]

use ownkey_domain::ledger::Charge;
use ownkey_domain::money::{MicroCredits, PicoUsd};
use ownkey_domain::receipt::{Outcome, Receipt};
use ownkey_domain::usage::{Measured, TokenClass};
use ownkey_providers::answer::{Billing, Served, Stored};

use crate::error::Code;
use crate::settle::{Believed, Book, Guess, Held};

impl Book {
    /// Fills in what the call is charged, and what it is taken to have used if its provider did not say.
    pub fn charge(&self, receipt: &mut Receipt, held: &Held, (believed, guess): (&Believed<'_>, Guess)) {
        let funding = &held.funding;
        if !may_be_billed(receipt) {
            receipt.settlement = Some(funding.settlement(Charge::default(), MicroCredits::ZERO));
            return;
        }
        let (charge, told) = match self.cost(receipt, held, (&believed.served, guess)) {
            Some(cost) => (funding.charge(cost), cost.checked_add(believed.beyond).map(|told| funding.charge(told))),
            None => (funding.charge_at_most(held.output), None),
        };
        // Rounded once, all of it together.
        let all = told.unwrap_or(charge).credit_amount();
        let disbelieved = MicroCredits::new(all.less(charge.credit_amount()).get());
        receipt.credits = MicroCredits::new(all.max(charge.credit_amount()).get());
        receipt.credit_rate = funding.rate();
        receipt.settlement = Some(funding.settlement(charge, disbelieved));
    }

    fn cost(&self, receipt: &mut Receipt, held: &Held, (served, guess): (&Served, Guess)) -> Option<PicoUsd> {
        if receipt.cost_usd.is_some() {
            return receipt.cost_usd;
        }
        if served.measured == Measured::Measured || (may_be_made_whole(receipt, held, guess) && !held.is_visible()) {
            // All of it was told, and it has no price; or not all that was produced could be seen.
            return None;
        }
        let estimate = estimate(served, guess)?;
        let cost = held.at_most(self.price(receipt, &estimate)?);
        receipt.usage = estimate.usage;
        receipt.measured = Measured::Estimated;
        receipt.cost_usd = Some(cost);
        receipt.price_version = Some(self.catalogue.version().to_owned());
        self.metrics.estimated();
        Some(cost)
    }

    /// What a call costs that goes on, by what its provider said so far and what came of its answer.
    pub fn cost_by_now(&self, receipt: &Receipt, (served, guess): (&Served, Guess)) -> Option<PicoUsd> {
        self.price(receipt, &estimate(served, guess)?)
    }
}

/// Whether the provider may have made all of the answer: he ended it well, or the caller left and his credits pay, so that
/// it was let go on, and revoking the key is a way to leave; or it broke off behind its head, when what passed does not tell
/// how much was made before, unless nothing passed and he told that he failed. Of one that never had a head nothing is known
/// to have been made.
fn may_be_made_whole(receipt: &Receipt, held: &Held, guess: Guess) -> bool {
    let is_revoked = receipt.error.as_deref() == Some(Code::Unauthorized.as_str());
    match receipt.outcome {
        Outcome::Complete => true,
        Outcome::Cancelled => held.funding.draws_on_credits(),
        Outcome::Failed if is_revoked && held.funding.draws_on_credits() => true,
        Outcome::Failed => {
            !guess.came_to_nothing && receipt.attempts.last().is_some_and(|attempt| attempt.status.is_some())
        }
        Outcome::Refused => false,
    }
}

/// What an answer that did not tell its usage is taken to have used; `None` if there is more than tokens to it, or if it
/// is made to its end whoever reads along.
fn estimate(served: &Served, guess: Guess) -> Option<Served> {
    let in_background = matches!(served.stored, Some(Stored::InBackground { .. }));
    if served.billing != Billing::ByUsage || in_background {
        return None;
    }
    let mut usage = served.usage;
    if usage.get(TokenClass::Input).is_none() {
        usage.set(TokenClass::Input, guess.prompt);
    }
    usage.set(TokenClass::Output, usage.get(TokenClass::Output).unwrap_or(0).max(guess.output));
    Some(Served { usage, measured: Measured::Estimated, parts: Vec::new(), ..served.clone() })
}

/// Whether a call that went out may be on the provider's bill: he did not refuse it.
pub fn may_be_billed(receipt: &Receipt) -> bool {
    receipt.attempts.last().is_some_and(|attempt| attempt.status.is_none_or(|status| status < 300))
}
