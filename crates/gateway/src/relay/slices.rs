//! The output of a stream that is held for it. More is asked for before it is used up, while the stream goes on; at its
//! end the stream waits for the answer, and for nothing longer.

#![deny(clippy::as_conversions, clippy::float_arithmetic)]

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
    /// More was refused when there was still some left.
    refused_early: bool,
    produced: u64,
    /// What was produced when it was last written down.
    written: u64,
}

impl Slices {
    /// Of a stream for which so many tokens are held.
    pub fn new(funding: Arc<Funding>, held: u64, ledger: Arc<dyn Ledger>, metrics: Arc<Metrics>) -> Self {
        let (most, step) = funding.quote().map_or((u64::MAX, 0), |quote| (quote.most, quote.slice));
        // What has no price, or nothing set aside for it, has no end either.
        let held = if funding.quote().is_some() && funding.is_set_aside() { held } else { most };
        let (asked, refused, refused_early) = (None, None, false);
        Self { funding, ledger, metrics, held, most, step, asked, refused, refused_early, produced: 0, written: 0 }
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
        let is_late = self.produced.saturating_mul(100) >= self.held.saturating_mul(ASK_AT_PERCENT);
        let is_due = if self.refused_early { self.is_used_up() } else { is_late };
        if is_due && self.held < self.most && self.asked.is_none() && self.refused.is_none() {
            self.ask();
        }
        let Some((tokens, answer)) = &mut self.asked else { return };
        let Poll::Ready(answer) = answer.as_mut().poll(cx) else { return };
        match answer {
            Ok(()) => {
                (self.held, self.refused_early) = (*tokens, false);
                self.metrics.extended();
            }
            // What only tells stops no answer, and goes on uncounted while the database is away.
            Err(HoldRefused::Away) if !self.funding.is_bounded() => self.held = *tokens,
            Err(refused) => {
                self.metrics.hold_refused(refused);
                // There may be more again by the time the hold is used up; then it is asked for once more.
                self.refused = Some(refused).filter(|_| self.is_used_up());
                self.refused_early = true;
            }
        }
        self.asked = None;
    }

    /// What is held must do from now on.
    pub fn hold_no_more(&mut self) {
        self.refused.get_or_insert(HoldRefused::Away);
    }

    /// Ready when the stream may go on, or why it may not.
    pub fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        loop {
            self.drive(cx);
            if !self.is_used_up() {
                return Poll::Ready(Ok(()));
            }
            if let Some(refused) = self.refused {
                return Poll::Ready(Err(self.funding.cut(refused)));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;
    use crate::funds::tests::funding;
    use crate::ledger::JournalUnavailable;
    use ownkey_domain::health::KeySeen;
    use ownkey_domain::id::{CredentialId, RequestId, WorkspaceId};
    use ownkey_domain::ledger::{Charge, HoldCall, Shortage};
    use ownkey_domain::money::MicroCredits;
    use ownkey_domain::receipt::Receipt;
    use ownkey_domain::time::Timestamp;
    use std::sync::Mutex;
    use std::task::Waker;

    /// Has so many credits, and answers when it is let.
    struct Purse {
        all: Mutex<MicroCredits>,
        answers: Mutex<bool>,
    }

    impl Ledger for Purse {
        fn has_room(&self) -> bool {
            true
        }

        fn moves_money(&self) -> bool {
            true
        }

        fn hold(&self, _: HoldCall) -> BoxFuture<'_, Result<(), HoldRefused>> {
            Box::pin(std::future::ready(Err(HoldRefused::Away)))
        }

        fn hold_again(&self, _: HoldCall) -> BoxFuture<'_, Result<(), HoldRefused>> {
            Box::pin(std::future::ready(Err(HoldRefused::Away)))
        }

        fn extend(&self, call: HoldCall) -> BoxFuture<'_, Result<(), HoldRefused>> {
            let (needed, balance) = (call.amount.credits, *self.all.lock().unwrap());
            let short = HoldRefused::Short(Shortage::Credits { needed, balance, available: MicroCredits::ZERO });
            Box::pin(std::future::poll_fn(move |_| match *self.answers.lock().unwrap() {
                true => Poll::Ready(if needed > balance { Err(short) } else { Ok(()) }),
                false => Poll::Pending,
            }))
        }

        fn evidence(&self, _: RequestId, _: Charge) -> Result<(), JournalUnavailable> {
            Ok(())
        }

        fn record(&self, _: Box<Receipt>) -> Result<(), JournalUnavailable> {
            Ok(())
        }

        fn key_seen(&self, _: (WorkspaceId, CredentialId), _: KeySeen, _: Timestamp) {}
    }

    /// A stream of 3,000 tokens at most, held a thousand at a time, of a workspace with so many micro-credits.
    fn slices(credits: i64, answers: bool) -> (Slices, Arc<Purse>) {
        let purse = Arc::new(Purse { all: Mutex::new(MicroCredits::new(credits)), answers: Mutex::new(answers) });
        let ledger: Arc<dyn Ledger> = Arc::<Purse>::clone(&purse);
        (Slices::new(Arc::new(funding(3_000, 1_000)), 1_000, ledger, Arc::default()), purse)
    }

    fn more(slices: &mut Slices, produced: u64) -> Poll<Result<(), Code>> {
        slices.produced(produced);
        slices.poll_more(&mut Context::from_waker(Waker::noop())).map_err(|error| error.code)
    }

    #[test]
    fn more_is_held_before_three_quarters_are_used() {
        let (mut slices, _) = slices(4_000_000, true);
        assert_eq!((more(&mut slices, 600), slices.held()), (Poll::Ready(Ok(())), 1_000));
        assert_eq!((more(&mut slices, 740), slices.held()), (Poll::Ready(Ok(())), 2_000));
        assert_eq!((more(&mut slices, 1_900), slices.held()), (Poll::Ready(Ok(())), 3_000));
        // More than that its provider does not make, however it is counted.
        assert_eq!(more(&mut slices, 9_000), Poll::Ready(Ok(())));
    }

    #[test]
    fn a_stream_waits_at_the_end_of_its_hold_and_not_before() {
        let (mut slices, purse) = slices(4_000_000, false);
        assert_eq!(more(&mut slices, 800), Poll::Ready(Ok(())));
        assert_eq!(more(&mut slices, 1_000), Poll::Ready(Ok(())));
        assert_eq!(more(&mut slices, 1_001), Poll::Pending);
        *purse.answers.lock().unwrap() = true;
        assert_eq!((more(&mut slices, 1_001), slices.held()), (Poll::Ready(Ok(())), 2_000));
    }

    #[test]
    fn a_stream_without_money_ends_where_its_hold_does() {
        let (mut slices, _) = slices(2_500_000, true);
        assert_eq!(more(&mut slices, 900), Poll::Ready(Ok(())));
        assert_eq!(more(&mut slices, 1_000), Poll::Ready(Ok(())));
        assert_eq!(more(&mut slices, 1_001), Poll::Ready(Err(Code::InsufficientCredits)));
    }

    #[test]
    fn what_comes_before_the_hold_is_used_up_is_in_time() {
        let (mut slices, purse) = slices(2_500_000, true);
        assert_eq!(more(&mut slices, 900), Poll::Ready(Ok(())));
        *purse.all.lock().unwrap() = MicroCredits::new(9_000_000);
        assert_eq!((more(&mut slices, 1_000), slices.held()), (Poll::Ready(Ok(())), 1_000));
        assert_eq!((more(&mut slices, 1_001), slices.held()), (Poll::Ready(Ok(())), 2_001));
    }

    #[test]
    fn for_nobody_no_more_is_held() {
        let (mut slices, _) = slices(4_000_000, true);
        slices.hold_no_more();
        assert_eq!((more(&mut slices, 1_000), slices.held()), (Poll::Ready(Ok(())), 1_000));
        assert!(matches!(more(&mut slices, 1_001), Poll::Ready(Err(_))));
    }

    #[test]
    fn a_piece_larger_than_a_slice_is_held_whole() {
        let (mut slices, _) = slices(4_000_000, true);
        assert_eq!((more(&mut slices, 1_950), slices.held()), (Poll::Ready(Ok(())), 2_950));
    }

    #[test]
    fn what_it_costs_is_written_down_now_and_then() {
        let (mut slices, _) = slices(4_000_000, true);
        assert_eq!(
            [100, 512, 700, 1_023, 1_024].map(|tokens| slices.produced(tokens)),
            [false, true, false, false, true]
        );
    }
}
