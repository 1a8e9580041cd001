//! The output of a stream that is held for it. More is asked for before it is used up, while the stream goes on; at its
//! end the stream waits for the answer, and for nothing longer.

use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_util::future::BoxFuture;

use crate::error::Error;
use crate::funds::Funding;
use crate::ledger::{HoldRefused, Ledger};
use crate::metrics::Metrics;

/// More is asked for when this share of what is held is used, in percent.
const ASK_AT_PERCENT: u64 = 70;
/// How much more a stream produces until it is written down what it costs by now.
const WORD_EVERY_TOKENS: u64 = 512;

/// What is held of a stream's output.
pub struct Slices {
    funding: Arc<Funding>,
    ledger: Arc<dyn Ledger>,
    metrics: Arc<Metrics>,
    /// Tokens that are held.
    held: u64,
    /// Tokens that it may produce at all. Its provider sees to that.
    most: u64,
    /// Tokens that a hold is extended by.
    step: u64,
    /// The tokens that are asked for, and the answer.
    asked: Option<(u64, BoxFuture<'static, Result<(), HoldRefused>>)>,
    refused: Option<HoldRefused>,
    produced: u64,
    /// What was produced when it was last written down.
    written: u64,
}

impl Slices {
    /// Of a stream for which so many tokens are held.
    pub fn new(funding: Arc<Funding>, held: u64, ledger: Arc<dyn Ledger>, metrics: Arc<Metrics>) -> Self {
        let (most, step) = funding.quote().map_or((u64::MAX, 0), |quote| (quote.most, quote.slice));
        // What has no price has no end either.
        let held = if funding.quote().is_some() { held } else { most };
        Self { funding, ledger, metrics, held, most, step, asked: None, refused: None, produced: 0, written: 0 }
    }

    /// So much was produced by now. Whether it is time to write down what that costs.
    pub fn produced(&mut self, tokens: u64) -> bool {
        self.produced = tokens;
        let is_time = tokens.saturating_sub(self.written) >= WORD_EVERY_TOKENS;
        if is_time {
            self.written = tokens;
        }
        is_time
    }

    /// The tokens that are held.
    pub const fn held(&self) -> u64 {
        self.held
    }

    /// Whether what was produced goes beyond what is held.
    pub const fn is_used_up(&self) -> bool {
        self.produced > self.held && self.held < self.most
    }

    /// Asks for more if it is time to, and takes in the answer.
    pub fn drive(&mut self, cx: &mut Context<'_>) {
        let is_due = self.produced.saturating_mul(100) >= self.held.saturating_mul(ASK_AT_PERCENT);
        if is_due && self.held < self.most && self.asked.is_none() && self.refused.is_none() {
            self.ask();
        }
        let Some((tokens, answer)) = &mut self.asked else { return };
        let Poll::Ready(answer) = answer.as_mut().poll(cx) else { return };
        match answer {
            Ok(()) => {
                self.held = *tokens;
                self.metrics.extended();
            }
            Err(refused) => {
                self.metrics.hold_refused(refused);
                // A database that is away may be back before the hold is used up.
                self.refused = Some(refused).filter(|refused| *refused != HoldRefused::Away || self.is_used_up());
            }
        }
        self.asked = None;
    }

    /// Ready when the stream may go on, or why it may not.
    pub fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        loop {
            self.drive(cx);
            if !self.is_used_up() {
                return Poll::Ready(Ok(()));
            }
            if let Some(refused) = self.refused {
                return Poll::Ready(Err(self.funding.refused(refused, self.next())));
            }
            // Asked, or granted and still too little.
            ready!(if self.asked.is_some() { Poll::Pending } else { Poll::Ready(()) });
        }
    }

    /// What is to be held next.
    fn next(&self) -> u64 {
        self.held.max(self.produced).saturating_add(self.step).min(self.most)
    }

    fn ask(&mut self) {
        let (ledger, call, tokens) = (Arc::clone(&self.ledger), self.funding.hold(self.next()), self.next());
        self.asked = Some((tokens, Box::pin(async move { ledger.extend(call).await })));
    }
}
