//! The receipt of a service's call, and with it what it is charged: exactly once, on every way out.

#![deny(clippy::as_conversions, clippy::float_arithmetic)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use http::StatusCode;
use ownkey_domain::ledger::{Charge, Funds, Settlement};
use ownkey_domain::money::{MicroCredits, NanoUsd};
use ownkey_domain::payer::PayerKind;
use ownkey_domain::plan::Draw;
use ownkey_domain::receipt::{Attempt, Outcome, Receipt};
use ownkey_domain::service::{Bound, Ending, Service};
use ownkey_domain::usage::Measured;

use crate::error::{Error, Source};
use crate::ledger::{JournalUnavailable, Ledger};
use crate::metrics::Metrics;

/// Where receipts go.
pub struct Book {
    /// Takes them.
    pub ledger: Arc<dyn Ledger>,
    /// Counts them.
    pub metrics: Arc<Metrics>,
}

/// What a call is charged by.
#[derive(Clone)]
pub struct Terms {
    /// The service as it was when the call was admitted: its price stays.
    service: Service,
    /// How much the call may turn out to use.
    bound: Bound,
    /// What is set aside for that.
    pub most: Charge,
    /// What pays.
    pub draw: Draw,
}

impl Terms {
    /// Those of a call of that bound; `None` if it may cost more than any use does.
    pub fn new(service: Service, bound: Bound, draw: Draw) -> Option<Self> {
        let most = charge(&service, draw, bound.most)?;
        Some(Self { service, bound, most, draw })
    }

    /// What a call that ended like that is charged.
    pub fn charge(&self, ending: Ending) -> Charge {
        charge(&self.service, self.draw, ending.charged(self.bound)).unwrap_or(self.most)
    }

    /// How it ended, as far as that is believed, and what was told to cost beyond: what costs more than any use does was
    /// not told.
    fn believed(&self, ending: Ending) -> (Ending, MicroCredits) {
        let Ending::Told(quantity) = ending else { return (ending, MicroCredits::ZERO) };
        match charge(&self.service, self.draw, quantity) {
            None => (Ending::Untold, MicroCredits::ZERO),
            Some(_) if self.bound.allows(quantity) => (ending, MicroCredits::ZERO),
            Some(told) => {
                let beyond = told.credit_amount().less(self.most.credit_amount());
                (Ending::Overtold, MicroCredits::new(beyond.get()))
            }
        }
    }

    /// What it would cost where no plan includes it.
    fn at_rate(&self, ending: Ending) -> Option<MicroCredits> {
        self.service.cost(ending.charged(self.bound))
    }
}

/// What so much of a service is charged: nothing where the plan includes it.
fn charge(service: &Service, draw: Draw, quantity: u64) -> Option<Charge> {
    let credits = if draw.included { MicroCredits::ZERO } else { service.cost(quantity)? };
    Some(Charge { credits, usd: NanoUsd::ZERO })
}

/// A receipt that is still being written. Dropping it means that the caller left.
pub struct OpenReceipt {
    draft: Option<Box<Receipt>>,
    terms: Option<Terms>,
    started: Instant,
    sent: Option<Instant>,
    /// How long the caller let his request be waited for.
    awaited: Duration,
    went_out: Arc<AtomicBool>,
    book: Arc<Book>,
}

impl OpenReceipt {
    /// Opens the receipt of a call.
    pub fn new(draft: Receipt, started: Instant, book: Arc<Book>) -> Self {
        book.metrics.opened();
        let (sent, terms, went_out) = (None, None, Arc::default());
        Self { draft: Some(Box::new(draft)), terms, started, sent, awaited: Duration::ZERO, went_out, book }
    }

    /// Changes what the receipt says so far.
    pub fn note(&mut self, change: impl FnOnce(&mut Receipt)) {
        if let Some(draft) = &mut self.draft {
            change(draft);
        }
    }

    /// So long the caller let his request be waited for: no time spent here.
    pub fn awaited(&mut self, time: Duration) {
        self.awaited = time;
    }

    /// From here on something may be set aside for the call, so that its end settles it.
    pub fn on(&mut self, terms: Terms) {
        self.terms = Some(terms);
    }

    /// It as far as it is written: completed should this process die.
    pub fn so_far(&self) -> Option<Box<Receipt>> {
        let (mut draft, terms) = (self.draft.clone()?, self.terms.as_ref()?);
        (draft.payer, draft.included) = (Some(PayerKind::Managed), terms.draw.included);
        draft.service = Some(terms.service.used(None));
        Some(draft)
    }

    /// The request is about to go out.
    pub fn attempt(&mut self, went_out: Arc<AtomicBool>) {
        self.went_out = went_out;
        let now = Instant::now();
        self.sent = Some(now);
        let own = (now - self.started).saturating_sub(self.awaited);
        let included = self.terms.as_ref().is_some_and(|terms| terms.draw.included);
        self.note(|receipt| {
            receipt.payer = Some(PayerKind::Managed);
            receipt.included = included;
            receipt.timing.own_us = u64::try_from(own.as_micros()).unwrap_or(u64::MAX);
            receipt.attempts.push(Attempt::begun(PayerKind::Managed, None));
        });
    }

    /// It was not sent after all.
    pub fn withdraw_attempt(&mut self) {
        self.note(|receipt| {
            receipt.attempts.pop();
            (receipt.payer, receipt.included) = (None, false);
        });
    }

    /// Whether a request went out, so that somebody pays.
    pub fn has_payer(&self) -> bool {
        self.draft.as_ref().is_some_and(|draft| draft.payer.is_some())
    }

    /// The service's head is there.
    pub fn answered(&mut self, status: u16) {
        let first = self.sent.map_or(Duration::ZERO, |sent| sent.elapsed());
        self.note(|receipt| {
            receipt.status = status;
            receipt.timing.upstream_first_ms = Some(millis(first));
            if let Some(attempt) = receipt.attempts.last_mut() {
                attempt.status = Some(status);
            }
        });
    }

    /// How a call ends by that error while the service had not said anything yet. One of ours ended the call from here:
    /// the service may have done all of it, as when the caller leaves. Else revoking a key would make calls free. One that
    /// was too slow may have done it too.
    pub fn ending_by(&self, error: &Error) -> Ending {
        let attempt = self.draft.as_ref().and_then(|draft| draft.attempts.last());
        let is_awaited = attempt.is_some_and(|attempt| attempt.status.is_none());
        match error.source_of {
            _ if !is_awaited => Ending::Failed,
            Source::Ownkey => Ending::Left,
            Source::Provider if error.status() == StatusCode::GATEWAY_TIMEOUT => Ending::BrokenOff,
            Source::Provider => Ending::Failed,
        }
    }

    /// Closes the receipt: charges the call and writes it down. Once; later words change nothing.
    pub fn close(&mut self, ending: Ending, outcome: Outcome) -> Result<(), JournalUnavailable> {
        let went_out = self.went_out.load(Ordering::Relaxed);
        if !went_out {
            self.withdraw_attempt();
        }
        let Some(mut receipt) = self.draft.take() else { return Ok(()) };
        let (ending, beyond) = match &self.terms {
            _ if !went_out => (Ending::Failed, MicroCredits::ZERO),
            Some(terms) => terms.believed(ending),
            None => (ending, MicroCredits::ZERO),
        };
        let is_refused = receipt.attempts.is_empty() && outcome == Outcome::Failed;
        receipt.outcome = if is_refused { Outcome::Refused } else { outcome };
        receipt.timing.total_ms = millis(self.started.elapsed());
        receipt.measured = measured(ending);
        if let Some(attempt) = receipt.attempts.last_mut() {
            attempt.outcome = receipt.outcome;
            attempt.duration_ms = self.sent.map(|sent| millis(sent.elapsed()));
        }
        if let Some(terms) = &self.terms {
            settle(&mut receipt, terms, (ending, beyond));
        }
        self.warn(&receipt, ending, beyond);
        self.book.metrics.closed(&receipt);
        let request = receipt.id;
        self.book.ledger.record(receipt).inspect_err(|error| {
            self.book.metrics.unrecorded();
            tracing::error!(%request, %error, "a receipt could not be written down");
        })
    }
}

impl OpenReceipt {
    /// Tells the operator of a service that can't be charged by what it says.
    fn warn(&self, receipt: &Receipt, ending: Ending, beyond: MicroCredits) {
        let (request, workspace, route) = (receipt.id, receipt.workspace, &receipt.route);
        match ending {
            Ending::Untold => {
                tracing::warn!(%request, route, "a service did not tell how much was used: what it can be is charged");
                self.book.metrics.untold();
            }
            Ending::Overtold => {
                tracing::warn!(
                    %request, %workspace, route, beyond_credits = %beyond,
                    "a service told more than twice what the call can have used: the workspace is charged the hold"
                );
                self.book.metrics.estimated();
            }
            Ending::Failed | Ending::Told(_) | Ending::BrokenOff | Ending::Left => {}
        }
    }
}

/// Writes onto the receipt what the call is charged, and what the service told to cost beyond that.
fn settle(receipt: &mut Receipt, terms: &Terms, (ending, disbelieved): (Ending, MicroCredits)) {
    let used = match ending {
        Ending::Told(quantity) => Some(quantity),
        Ending::Overtold => Some(ending.charged(terms.bound)),
        Ending::Failed | Ending::Untold | Ending::BrokenOff | Ending::Left => None,
    };
    receipt.service = Some(terms.service.used(used));
    let charge = terms.charge(ending);
    receipt.credits = MicroCredits::new(charge.credits.get().saturating_add(disbelieved.get()));
    receipt.credits_at_rate = terms.at_rate(ending);
    let funds = terms.draw.funds;
    let settlement = Settlement { charge, funds, disbelieved, ..Settlement::NOTHING };
    // Nothing is held where the plan includes it.
    receipt.settlement = (funds != Funds::None).then_some(settlement);
}

const fn measured(ending: Ending) -> Measured {
    match ending {
        Ending::Told(_) => Measured::Measured,
        Ending::Overtold | Ending::BrokenOff => Measured::Estimated,
        Ending::Failed | Ending::Untold | Ending::Left => Measured::Unknown,
    }
}

impl Drop for OpenReceipt {
    fn drop(&mut self) {
        let (ending, outcome) = if std::thread::panicking() {
            (Ending::BrokenOff, Outcome::Failed)
        } else {
            (Ending::Left, Outcome::Cancelled)
        };
        // A failure to record is already logged and counted; there is nobody left to tell.
        let _ = self.close(ending, outcome);
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
