//! Step 7: bytes to the caller as they come. One body wrapper meters them while they pass: no second consumer, no
//! buffering, back-pressure by polling. The receipt is written before the terminal event goes out.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use ownkey_domain::payer::PayerKind;
use ownkey_domain::receipt::Outcome;
use ownkey_providers::answer::AnswerMeter;
use ownkey_providers::hide_usage::UsageHider;
use ownkey_providers::scrub::{ScrubStream, Scrubber};
use ownkey_providers::stream::{StreamMeter, Terminal};
use ownkey_vault::ProviderKey;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::answer::{Answer, meter};
use crate::body::{Body, BodyError};
use crate::call::Call;
use crate::echo::drop_from_served;
use crate::error::{Code, Error};
use crate::failure;
use crate::limits::Limits;

/// Time-outs of an answer.
#[derive(Debug, Clone, Copy)]
pub struct Watch {
    /// Longest pause between two pieces.
    pub idle: Duration,
    /// When the call must be over.
    pub deadline: Instant,
}

impl Watch {
    /// For a call that came in at that time.
    pub fn new(limits: &Limits, started: std::time::Instant) -> Self {
        Self { idle: limits.stream_idle, deadline: Instant::from_std(started) + limits.call }
    }

    /// When the next piece must have come.
    pub fn next(&self) -> Instant {
        (Instant::now() + self.idle).min(self.deadline)
    }
}

/// How long an error event has to leave before the connection is aborted.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// The answer broke off: the connection is aborted, so that nobody takes what came for the whole.
#[derive(Debug, thiserror::Error)]
#[error("the answer broke off")]
struct BrokenOff;

/// An answer on its way to the caller.
pub struct Relay {
    incoming: Incoming,
    call: Call,
    /// Absent once the receipt is closed.
    meter: Option<Meter>,
    edits: Edits,
    watch: Watch,
    timer: Pin<Box<Sleep>>,
    stop: Pin<Box<dyn Future<Output = ()> + Send>>,
    state: State,
    is_stream: bool,
    payer: PayerKind,
    key: Arc<ProviderKey>,
}

enum Meter {
    Stream(StreamMeter),
    Plain(AnswerMeter, Rest),
}

/// How the end of a plain answer is known before its last byte goes out.
enum Rest {
    /// So many bytes are still to come.
    Bytes(u64),
    /// Not announced: the last piece is held back until the next one or the end comes.
    Unknown(Bytes),
}

enum State {
    Flowing,
    /// What is left to send, then the end.
    Ending(Bytes),
    /// What is left to send, then a moment for it to leave, then the abort.
    Breaking(Bytes),
    Aborting,
    Over,
}

/// What is taken out of a stream on its way.
#[derive(Default)]
struct Edits {
    /// On managed streams: nothing goes on before its event is whole, so that an error can be replaced.
    whole: Option<UsageHider>,
    usage: Option<UsageHider>,
    key: Option<ScrubStream>,
}

impl Edits {
    fn hold(&mut self, chunk: Bytes) -> Bytes {
        match &mut self.whole {
            Some(holder) => holder.feed(chunk),
            None => chunk,
        }
    }

    fn pass(&mut self, chunk: Bytes) -> Bytes {
        let chunk = match &mut self.usage {
            Some(hider) => hider.feed(chunk),
            None => chunk,
        };
        let Some(scrub) = &mut self.key else { return chunk };
        match scrub.feed(&chunk) {
            std::borrow::Cow::Borrowed(same) if same.len() == chunk.len() => chunk,
            std::borrow::Cow::Borrowed(part) => chunk.slice_ref(part),
            std::borrow::Cow::Owned(other) => Bytes::from(other),
        }
    }

    /// What was held back.
    fn finish(&mut self) -> Bytes {
        let held = self.usage.take().map(UsageHider::finish).unwrap_or_default();
        let Some(mut scrub) = self.key.take() else { return held };
        let mut out = scrub.feed(&held).into_owned();
        out.extend_from_slice(&scrub.finish());
        Bytes::from(out)
    }
}

impl Relay {
    /// Relays a stream of events.
    pub fn stream(call: Call, answer: Answer) -> Body {
        let managed = answer.payer == PayerKind::Managed;
        let edits = Edits {
            whole: managed.then(UsageHider::holding_only),
            usage: answer.hide_usage.then(UsageHider::new),
            key: Some(Scrubber::new(answer.key.expose_str().as_bytes()).stream()),
        };
        let meter = Meter::Stream(StreamMeter::new(call.route, answer.answers));
        Self::start(call, answer, meter, edits)
    }

    /// Relays any other body, of that length if it is known.
    pub fn plain(call: Call, answer: Answer, length: Option<u64>) -> Body {
        let rest = length.map_or(Rest::Unknown(Bytes::new()), Rest::Bytes);
        let meter = Meter::Plain(meter(&call, answer.response.headers()), rest);
        Self::start(call, answer, meter, Edits::default())
    }

    fn start(call: Call, answer: Answer, meter: Meter, edits: Edits) -> Body {
        let Answer { response, watch, payer, key, mut stop, .. } = answer;
        let stop = Box::pin(async move {
            // The sender goes only with the whole gateway.
            let _ = stop.wait_for(|stop| *stop).await;
        });
        let relay = Self {
            incoming: response.into_body(),
            call,
            edits,
            watch,
            timer: Box::pin(sleep_until(watch.next())),
            stop,
            state: State::Flowing,
            is_stream: matches!(meter, Meter::Stream(_)),
            meter: Some(meter),
            payer,
            key,
        };
        relay.boxed_unsync()
    }

    /// The next piece of the answer.
    fn take(&mut self, chunk: Bytes) -> Bytes {
        let mut chunk = self.edits.hold(chunk);
        let ended = match &mut self.meter {
            Some(Meter::Stream(meter)) => {
                let progress = meter.feed(&chunk);
                if let Some(at) = progress.error_at.filter(|_| self.payer == PayerKind::Managed) {
                    return self.replace_error(chunk.slice(..at));
                }
                progress.terminal_at.is_some()
            }
            Some(Meter::Plain(meter, rest)) => {
                meter.feed(&chunk);
                match rest {
                    Rest::Unknown(held) => {
                        std::mem::swap(held, &mut chunk);
                        false
                    }
                    Rest::Bytes(left) => {
                        *left = left.saturating_sub(chunk.len() as u64);
                        *left == 0
                    }
                }
            }
            // After its last event a managed stream says nothing more that is the caller's.
            None if self.payer == PayerKind::Managed && self.is_stream => return Bytes::new(),
            None => false,
        };
        if ended && self.settle(Ending::InForm).is_err() {
            return self.break_off(&failure::unwritten());
        }
        self.edits.pass(chunk)
    }

    /// An error inside a managed stream speaks of the operator's account: it is told in our own words.
    fn replace_error(&mut self, before: Bytes) -> Bytes {
        let mut out = self.edits.pass(before).to_vec();
        self.fail(&Error::of_provider(Code::ProviderUnavailable, "The provider failed in mid-answer. Try again."));
        if let State::Breaking(event) = &mut self.state {
            out.extend_from_slice(&std::mem::take(event));
        }
        Bytes::from(out)
    }

    /// The provider ended the answer.
    fn end(&mut self) {
        let held = match &mut self.meter {
            Some(Meter::Plain(_, Rest::Unknown(held))) => std::mem::take(held),
            _ => self.finish_edits(),
        };
        self.state = State::Ending(held);
        if self.settle(Ending::InForm).is_err() {
            let event = self.break_off(&failure::unwritten());
            self.state = State::Breaking(event);
        }
    }

    /// What was held back: an event that was never finished. On managed streams it could be an error's beginning.
    fn finish_edits(&mut self) -> Bytes {
        let cut_short = self.edits.whole.take().map(UsageHider::finish).unwrap_or_default();
        if !cut_short.is_empty() && self.payer == PayerKind::Byok {
            return self.edits.pass(cut_short);
        }
        self.edits.finish()
    }

    /// The answer can't go on.
    fn fail(&mut self, error: &Error) {
        self.call.receipt.note(|receipt| receipt.error = Some(error.code.as_str().to_owned()));
        // A failing journal is logged there, and the caller is told of a failure already.
        let _ = self.settle(Ending::Broken);
        let event = self.break_off(error);
        self.state = State::Breaking(event);
    }

    /// What a caller gets in place of the rest.
    fn break_off(&mut self, error: &Error) -> Bytes {
        self.state = State::Breaking(Bytes::new());
        if !self.is_stream {
            return Bytes::new();
        }
        error.event(self.call.protocol, self.call.route.names_events, Some(&self.call.id.to_string()))
    }

    /// Closes the receipt, once.
    fn settle(&mut self, ending: Ending) -> Result<(), crate::ledger::JournalUnavailable> {
        let Some(meter) = self.meter.take() else { return Ok(()) };
        let (mut served, outcome) = match meter {
            Meter::Plain(meter, _) => (meter.finish(), ending.of_plain()),
            Meter::Stream(meter) => {
                let facts = meter.finish();
                (facts.served, ending.of_stream(facts.terminal))
            }
        };
        drop_from_served(&mut served, &self.key);
        self.call.receipt.close(outcome, &served)
    }

    fn timed_out(&self) -> Error {
        if Instant::now() < self.watch.deadline {
            return failure::too_slow();
        }
        Error::new(Code::ProviderUnavailable, "The call took too long.").with_status(http::StatusCode::GATEWAY_TIMEOUT)
    }

    fn poll_upstream(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        match Pin::new(&mut self.incoming).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                let deadline = self.watch.next();
                self.timer.as_mut().reset(deadline);
                // Trailers are the provider's hop only.
                Poll::Ready(Some(frame.into_data().map_or_else(|_| Bytes::new(), |chunk| self.take(chunk))))
            }
            Poll::Ready(Some(Err(_))) => {
                self.fail(&failure::broke_off());
                Poll::Ready(None)
            }
            Poll::Ready(None) => {
                self.end();
                Poll::Ready(None)
            }
            Poll::Pending if self.timer.as_mut().poll(cx).is_ready() => {
                self.fail(&self.timed_out());
                Poll::Ready(None)
            }
            Poll::Pending => {
                std::task::ready!(self.stop.as_mut().poll(cx));
                self.fail(&Error::overloaded("The server is stopping. Try again."));
                Poll::Ready(None)
            }
        }
    }
}

/// Why a receipt is closed.
#[derive(Clone, Copy)]
enum Ending {
    /// The provider ended the answer.
    InForm,
    /// It broke off.
    Broken,
    /// The caller left.
    Left,
}

impl Ending {
    const fn of_plain(self) -> Outcome {
        match self {
            Self::InForm => Outcome::Complete,
            Self::Broken => Outcome::Failed,
            Self::Left => Outcome::Cancelled,
        }
    }

    /// A stream is whole only if it said so.
    const fn of_stream(self, terminal: Option<Terminal>) -> Outcome {
        match (self, terminal) {
            (_, Some(Terminal::Error(_))) => Outcome::Failed,
            (Self::InForm, Some(Terminal::Complete)) => Outcome::Complete,
            (Self::Left, _) => Outcome::Cancelled,
            (Self::InForm | Self::Broken, _) => Outcome::Failed,
        }
    }
}

impl HttpBody for Relay {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        loop {
            let bytes = match std::mem::replace(&mut self.state, State::Over) {
                State::Flowing => {
                    self.state = State::Flowing;
                    std::task::ready!(self.poll_upstream(cx)).unwrap_or_default()
                }
                State::Ending(rest) if rest.is_empty() => return Poll::Ready(None),
                State::Breaking(rest) if rest.is_empty() => {
                    // What was said last must leave before the connection is aborted with all it has buffered.
                    self.timer.as_mut().reset(Instant::now() + LAST_WORDS);
                    self.state = State::Aborting;
                    continue;
                }
                State::Aborting => {
                    self.state = State::Aborting;
                    std::task::ready!(self.timer.as_mut().poll(cx));
                    return Poll::Ready(Some(Err(Box::new(BrokenOff))));
                }
                State::Ending(rest) => {
                    self.state = State::Ending(Bytes::new());
                    rest
                }
                State::Breaking(rest) => {
                    self.state = State::Breaking(Bytes::new());
                    rest
                }
                State::Over => return Poll::Ready(None),
            };
            if !bytes.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(bytes))));
            }
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        // Nobody is left to tell of a failing journal; it is logged there.
        let _ = self.settle(Ending::Left);
    }
}
