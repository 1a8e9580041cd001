//! Step 8: the receipt, exactly once, on every way out.

#![deny(clippy::as_conversions, clippy::float_arithmetic)]

mod held;
mod price;
mod told;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ownkey_domain::catalogue::Catalogue;
use ownkey_domain::health::KeySeen;
use ownkey_domain::id::{CredentialId, RequestId};
use ownkey_domain::money::{CreditRate, MicroCredits, PicoUsd};
use ownkey_domain::payer::PayerKind;
use ownkey_domain::receipt::{Attempt, Outcome, Receipt};
use ownkey_domain::usage::Measured;
use ownkey_providers::answer::Served;
use ownkey_providers::facts;
use ownkey_providers::stray::may_hold_key;

pub use self::held::Held;
pub use self::told::Believed;
use crate::charge::may_be_billed;
use crate::decide::Decision;
use crate::error::Error;
use crate::ledger::{JournalUnavailable, Ledger};
use crate::limits::RECEIPT_TEXT_MAX;
use crate::metrics::Metrics;
use crate::rates::{Rates, Subject};
use crate::stored;

/// A receipt that is still being written. Dropping it means that the caller left: it is then recorded as
/// cancelled, so no way out of a call leaves it unrecorded.
pub struct OpenReceipt {
    draft: Option<Box<Receipt>>,
    started: Instant,
    sent: Option<Instant>,
    answered: Option<Instant>,
    went_out: Option<Arc<AtomicBool>>,
    /// How long the caller let his request be waited for.
    awaited: Duration,
    guess: Guess,
    held: Option<Held>,
    /// Whether a hold was asked for: then its receipt ends it, whatever came of that.
    asked: bool,
    caller: Option<Arc<AtomicBool>>,
    book: Arc<Book>,
}

/// What a call is taken to use as long as its provider does not say.
#[derive(Clone, Copy, Default)]
pub struct Guess {
    /// Tokens of input.
    pub prompt: u64,
    /// Whether neither these nor the price can be exceeded in truth: all that the call carries has been counted.
    pub is_bound: bool,
    /// Tokens of output.
    pub output: u64,
    /// Whether its provider told that it failed before any of its answer came.
    pub came_to_nothing: bool,
    /// Characters of its text, where the path counts them.
    pub characters: Option<u64>,
}

/// Where receipts go, and what prices them.
pub struct Book {
    /// Takes the receipts.
    pub ledger: Arc<dyn Ledger>,
    /// Prices them.
    pub catalogue: Arc<Catalogue>,
    /// What a credit is worth.
    pub credits: Option<CreditRate>,
    /// Counts them.
    pub metrics: Arc<Metrics>,
    /// Takes their tokens from the quotas.
    pub rates: Arc<Rates>,
}

impl OpenReceipt {
    /// Opens the receipt of a call.
    pub fn new(draft: Receipt, started: Instant, book: Arc<Book>) -> Self {
        book.metrics.opened();
        Self {
            draft: Some(Box::new(draft)),
            started,
            sent: None,
            answered: None,
            went_out: None,
            awaited: Duration::ZERO,
            guess: Guess::default(),
            held: None,
            asked: false,
            caller: None,
            book,
        }
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

    /// So many tokens of input the call has; never more, if that is its bound.
    pub fn prompted(&mut self, tokens: u64, is_bound: bool) {
        (self.guess.prompt, self.guess.is_bound) = (tokens, is_bound);
    }

    /// So many characters the text of the call has.
    pub fn counted(&mut self, characters: Option<u64>) {
        self.guess.characters = characters;
    }

    /// About so many tokens of output passed; its provider may have told that it failed before any of them.
    pub fn produced(&mut self, tokens: u64, came_to_nothing: bool) {
        (self.guess.output, self.guess.came_to_nothing) = (tokens, came_to_nothing);
    }

    /// The provider has taken the workspace's key, or refused it. Says nothing of the operator's own.
    pub fn key_seen(&self, seen: KeySeen) {
        let Some(draft) = &self.draft else { return };
        let Some(credential) = draft.credential else { return };
        let passed = i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX);
        self.book.ledger.key_seen((draft.workspace, credential), seen, draft.at.plus_millis(passed));
    }

    /// Who pays, if an attempt went out.
    pub fn payer(&self) -> Option<(PayerKind, Option<CredentialId>)> {
        let draft = self.draft.as_ref()?;
        Some((draft.payer?, draft.credential))
    }

    /// An attempt is about to go out, as that was decided.
    pub fn attempt(&mut self, decision: &Decision<'_>, went_out: Arc<AtomicBool>) {
        self.went_out = Some(went_out);
        (self.sent, self.answered) = (Some(Instant::now()), None);
        let own_us = micros(self.timing().0);
        let (payer, credential) = (decision.payer.kind(), decision.payer.credential());
        let consent = decision.consent();
        self.note(|receipt| {
            receipt.provider = Some(decision.provider);
            receipt.payer = Some(payer);
            receipt.credential = credential;
            receipt.included = decision.included;
            receipt.timing.own_us = own_us;
            // Most have one.
            receipt.attempts.reserve_exact(1);
            receipt.attempts.push(Attempt { consent, ..Attempt::begun(payer, credential) });
        });
    }

    /// The attempt was not sent after all: its workspace had changed.
    pub fn withdraw_attempt(&mut self) {
        self.note(|receipt| {
            receipt.attempts.pop();
            receipt.payer = receipt.attempts.last().map(|attempt| attempt.payer);
            receipt.credential = receipt.attempts.last().and_then(|attempt| attempt.credential);
            receipt.included = false;
        });
    }

    /// The attempt failed, and another may follow. One that was refused by a status cost nothing; of one that got none
    /// nobody knows.
    pub fn attempt_failed(&mut self) {
        let duration_ms = self.attempt_took(Instant::now());
        self.note(|receipt| {
            if let Some(attempt) = receipt.attempts.last_mut() {
                attempt.duration_ms = duration_ms;
                attempt.cost_usd = attempt.status.map(|_| PicoUsd::ZERO);
            }
        });
    }

    /// Nobody took the place of the attempt that failed, for that reason.
    pub fn not_followed(&mut self, error: &Error) {
        self.note(|receipt| {
            if let Some(attempt) = receipt.attempts.last_mut() {
                attempt.not_followed = kept(&error.message);
            }
        });
    }

    /// How long the last attempt has taken by then.
    fn attempt_took(&self, now: Instant) -> Option<u64> {
        self.sent.map(|sent| millis(now - sent))
    }

    /// The provider's head is there.
    pub fn answered(&mut self, status: u16, provider_request_id: Option<&str>) {
        self.answered = Some(Instant::now());
        let first_ms = Some(millis(self.timing().1));
        self.note(|receipt| {
            receipt.status = status;
            receipt.timing.upstream_first_ms = first_ms;
            if let Some(attempt) = receipt.attempts.last_mut() {
                attempt.status = Some(status);
                attempt.provider_request_id = provider_request_id.and_then(kept);
            }
        });
    }

    /// Time spent here until the request went out, and from then to the provider's head.
    pub fn timing(&self) -> (Duration, Duration) {
        let sent = self.sent.unwrap_or(self.started);
        let own = (sent - self.started).saturating_sub(self.awaited);
        (own, self.answered.map_or(Duration::ZERO, |at| at - sent))
    }

    /// Closes the receipt: prices it and writes it down.
    pub fn close(&mut self, outcome: Outcome, served: &Served) -> Result<(), JournalUnavailable> {
        let Some(receipt) = self.complete(outcome, served) else { return Ok(()) };
        let request = receipt.id;
        self.book.ledger.record(receipt).inspect_err(|error| self.book.unrecorded(request, *error))
    }

    /// The same together with other calls that end now. Whoever writes his answer after that writes with them too.
    pub async fn close_with_others(&mut self, outcome: Outcome, served: &Served) -> Result<(), JournalUnavailable> {
        let Some(receipt) = self.complete(outcome, served) else { return Ok(()) };
        let request = receipt.id;
        let written = self.book.ledger.record_with_others(receipt).await;
        written.inspect_err(|error| self.book.unrecorded(request, *error))
    }

    /// The receipt as it is written down; nothing if it was before.
    fn complete(&mut self, outcome: Outcome, served: &Served) -> Option<Box<Receipt>> {
        let never_went_out = self.went_out.as_ref().is_some_and(|went_out| !went_out.load(Ordering::Relaxed));
        if outcome == Outcome::Cancelled && never_went_out {
            self.withdraw_attempt();
        }
        let mut receipt = self.draft.take()?;
        let outcome = if self.has_left() {
            receipt.status = 0;
            Outcome::Cancelled
        } else {
            outcome
        };
        receipt.outcome =
            if receipt.attempts.is_empty() && outcome == Outcome::Failed { Outcome::Refused } else { outcome };
        let now = Instant::now();
        receipt.timing.total_ms = millis(now - self.started);
        let believed = self.believe(&mut receipt, served);
        receipt.model_served = served.model.as_deref().and_then(kept);
        receipt.price_version = receipt.cost_usd.map(|_| self.book.catalogue.version().to_owned());
        self.charge(&mut receipt, &believed, never_went_out);
        receipt.credits_at_rate = self.book.at_rate(&receipt);
        stored::note(&mut receipt, &believed.served);
        if let Some(attempt) = receipt.attempts.last_mut() {
            attempt.outcome = receipt.outcome;
            attempt.cost_usd = receipt.cost_usd;
            attempt.duration_ms = self.attempt_took(now);
        }
        self.spend(&receipt, now);
        self.book.metrics.closed(&receipt);
        if let Some(provider) = receipt.provider.filter(|_| served.has_unheard) {
            self.book.metrics.unheard(provider);
        }
        let is_managed = receipt.payer == Some(PayerKind::Managed);
        let is_known = receipt.cost_usd.is_some() && receipt.measured != Measured::Estimated;
        if is_managed && !is_known && !never_went_out && may_be_billed(&receipt) {
            self.book.metrics.unpriced(receipt.outcome);
        }
        Some(receipt)
    }
}

impl OpenReceipt {
    /// Takes the tokens of the call from the quotas that count them. A provider that gave no last word, because the
    /// caller did not wait for it, has worked all the same, so that is guessed: the receipt says what is known.
    fn spend(&self, receipt: &Receipt, now: Instant) {
        let Some(provider) = receipt.provider.filter(|_| !receipt.usage.is_in_units()) else { return };
        let accounting = facts(provider).accounting;
        let billable = receipt.usage.billable(accounting).unwrap_or(receipt.usage);
        let all = billable.iter().fold(0, |sum, (_, count)| u64::saturating_add(sum, count));
        let tokens = if receipt.measured != Measured::Measured && was_worked_on(receipt) {
            let prompt = receipt.usage.prompt_tokens(accounting);
            let guessed = if prompt == 0 { self.guess.prompt } else { prompt };
            guessed.saturating_add(self.guess.output.max(all.saturating_sub(prompt)))
        } else {
            all
        };
        let Some(key) = receipt.api_key.filter(|_| tokens > 0) else { return };
        self.book.rates.spend([Subject::Key(key), Subject::Workspace(receipt.workspace)], tokens, now);
    }
}

/// Whether a provider is likely to have worked on the call: it began to answer, or the caller left before it could.
fn was_worked_on(receipt: &Receipt) -> bool {
    receipt.attempts.last().is_some_and(|attempt| match attempt.status {
        Some(status) => status < 400,
        None => receipt.outcome == Outcome::Cancelled,
    })
}

impl Drop for OpenReceipt {
    fn drop(&mut self) {
        let outcome = if std::thread::panicking() { Outcome::Failed } else { Outcome::Cancelled };
        // A failure to record is already logged and counted; there is nobody left to tell.
        let _ = self.close(outcome, &Served::unknown());
    }
}

impl Book {
    fn unrecorded(&self, request: RequestId, error: JournalUnavailable) {
        self.metrics.unrecorded();
        tracing::error!(%request, %error, "a receipt could not be written down");
    }

    /// The list-price cost, as far as the tokens tell it. The provider bills what it served, so the served model's
    /// price comes first.
    pub fn price(&self, receipt: &Receipt, served: &Served) -> Option<PicoUsd> {
        price::cost(&self.catalogue, receipt, served)
    }

    /// What calls of that name cost in credits.
    fn rate(&self, model: Option<&str>) -> Option<CreditRate> {
        let usual = self.credits?;
        Some(model.map_or(usual, |name| self.catalogue.rate(usual, name)))
    }

    /// What the call costs in credits, or would if managed access had paid for it.
    fn at_rate(&self, receipt: &Receipt) -> Option<MicroCredits> {
        // Charged by that rate.
        let charged = receipt.settlement.filter(|_| receipt.credit_rate.is_some());
        let would_be =
            || self.rate(receipt.model.as_deref().or(receipt.model_served.as_deref()))?.credits(receipt.cost_usd?);
        charged.map(|settlement| settlement.charge.credits).or_else(would_be)
    }
}

/// Text from outside as a receipt keeps it: cut to size, and not at all if it could be a key.
pub fn kept(text: &str) -> Option<String> {
    let end = text.floor_char_boundary(RECEIPT_TEXT_MAX);
    (!may_hold_key(text)).then(|| text[..end].to_owned())
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
