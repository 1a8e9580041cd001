//! Step 7: bytes to the caller as they come. One body wrapper meters them while they pass: no second consumer, no
//! buffering, back-pressure by polling. The receipt is written before the terminal event goes out.

mod edits;
mod ending;
mod meter;
mod rest;
mod slices;
pub mod watched;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame};
use http_body_util::BodyExt;
use ownkey_domain::payer::PayerKind;
use ownkey_providers::scrub::Scrubber;
use ownkey_providers::stream::{StreamMeter, Terminal};
use ownkey_vault::ProviderKey;
use tokio::time::{Instant, Sleep, sleep};

use self::edits::Edits;
use self::ending::Ending;
use self::meter::{Meter, Plain, Step};
use self::slices::Slices;
use self::watched::Watched;
use crate::answer::{Answer, meter};
use crate::body::{Body, BodyError};
use crate::call::Call;
use crate::client::Driven;
use crate::echo::drop_from_served;
use crate::edge::writer::Writer;
use crate::error::{Code, Error};
use crate::failure;
use crate::limits::Limits;
use crate::rest::Rest;
use crate::stop::Stop;

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
/// How long a provider may take to close an answer whose last event is out.
const AFTER_THE_END: Duration = Duration::from_secs(1);

/// The answer broke off: the connection is aborted, so that nobody takes what came for the whole.
#[derive(Debug, thiserror::Error)]
#[error("the answer broke off")]
struct BrokenOff;

/// An answer on its way to the caller.
pub struct Relay {
    call: Box<Call>,
    /// Absent once the receipt is closed.
    meter: Option<Meter>,
    edits: Edits,
    /// When the provider last sent something.
    heard_at: Instant,
    /// Of the short waits around its end.
    timer: Option<Pin<Box<Sleep>>>,
    /// Whoever asks for its pieces.
    writer: Option<Arc<Writer>>,
    /// What is held of its output, if it is held in parts.
    slices: Option<Slices>,
    /// Whether its caller has left. What is still read of it is for its receipt only.
    is_left: bool,
    rest: Rest,
    state: State,
    is_stream: bool,
    payer: PayerKind,
    key: Arc<ProviderKey>,
}

enum State {
    /// The provider's body is there no longer than it is read.
    Flowing(Driven),
    /// These pieces were produced beyond what is held: they wait for more to be.
    Waiting(Driven, Bytes),
    /// What is left to send, then the end.
    Ending(Bytes),
    /// What is left to send, then a moment for it to leave, then the abort.
    Breaking(Bytes),
    Aborting,
    Over,
}

impl Relay {
    /// Relays a stream of events.
    pub fn stream(call: Box<Call>, answer: Box<Answer>) -> Body {
        // A form may ask for a stream where nobody has looked.
        let made = answer.scrubber.as_ref().map(Scrubber::stream);
        let scrub = made.unwrap_or_else(|| Scrubber::new(answer.key.expose_str().as_bytes()).stream());
        let edits = Edits::of_stream(answer.hide_usage, scrub);
        let meter = Meter::Stream(Box::new(StreamMeter::new(call.route, answer.answers)));
        let (ledger, metrics) = (call.receipt.ledger(), Arc::clone(call.receipt.metrics()));
        let slices = call.receipt.held().map(|(funding, held)| Slices::new(funding, held, ledger, metrics));
        Self::start(call, answer, (meter, slices), edits)
    }

    /// Relays any other body, of that length if it is known.
    pub fn plain(call: Box<Call>, answer: Box<Answer>, length: Option<u64>) -> Body {
        let meter = Meter::Plain(Plain::new(meter(&call, answer.response.headers()), length));
        Self::start(call, answer, (meter, None), Edits::default())
    }

    /// Relays such a body that broke off when this much of it had come.
    pub fn beginning(call: Box<Call>, answer: Box<Answer>, came: Bytes) -> Body {
        let scrubbed = Scrubber::new(answer.key.expose_str().as_bytes()).scrub(&came).into_owned();
        let mut plain = Plain::new(meter(&call, answer.response.headers()), None);
        plain.feed(came);
        let (mut relay, watch, stop) = Self::new(call, answer, (Meter::Plain(plain), None), Edits::default());
        relay.fail(&failure::broke_off());
        relay.state = State::Breaking(scrubbed.into());
        Watched::new(relay, watch, stop).boxed_unsync()
    }

    fn start(call: Box<Call>, answer: Box<Answer>, (meter, slices): (Meter, Option<Slices>), edits: Edits) -> Body {
        let (relay, watch, stop) = Self::new(call, answer, (meter, slices), edits);
        Watched::new(relay, watch, stop).boxed_unsync()
    }

    fn new(
        call: Box<Call>,
        answer: Box<Answer>,
        (meter, slices): (Meter, Option<Slices>),
        edits: Edits,
    ) -> (Self, Watch, Stop) {
        let Answer { response, watch, payer, key, stop, writer, rest, .. } = *answer;
        let relay = Self {
            call,
            edits,
            heard_at: Instant::now(),
            timer: None,
            writer,
            slices,
            is_left: false,
            rest,
            state: State::Flowing(response.into_body()),
            is_stream: matches!(meter, Meter::Stream(_)),
            meter: Some(meter),
            payer,
            key,
        };
        (relay, watch, stop)
    }

    /// The next piece of the answer.
    fn take(&mut self, chunk: Bytes) -> Bytes {
        let chunk = self.edits.hold(chunk);
        let Some(meter) = &mut self.meter else { return self.after_the_end(chunk) };
        let Step { chunk, is_end, error_at } = meter.feed(chunk);
        if let Some(at) = error_at.filter(|_| self.payer == PayerKind::Managed) {
            // It speaks of the operator's account, so it is told in our own words.
            let before = self.edits.pass(chunk.slice(..at));
            self.fail(&Error::of_provider(Code::ProviderUnavailable, "The provider failed in mid-answer. Try again."));
            return before;
        }
        if is_end {
            self.wait(AFTER_THE_END);
            if let Err(error) = self.settle(Ending::InForm) {
                self.break_off(&error);
                return Bytes::new();
            }
        }
        self.count();
        self.edits.pass(chunk)
    }

    /// Counts what was produced against what is held.
    fn count(&mut self) {
        let (Some(meter), Some(slices)) = (&self.meter, &mut self.slices) else { return };
        let output = meter.output();
        if slices.produced(output.at_most()) {
            self.call.receipt.note_cost(&meter.served(), output.about());
        }
    }

    /// Ready when no more was produced than is held; what comes beyond that waits, and is never passed on if no more is.
    fn poll_held(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let Some(slices) = self.slices.as_mut().filter(|_| self.meter.is_some()) else { return Poll::Ready(Ok(())) };
        let more = slices.poll_more(cx);
        self.call.receipt.holds_output(slices.held());
        more
    }

    /// After its last event a managed stream says nothing more that is the caller's.
    fn after_the_end(&mut self, chunk: Bytes) -> Bytes {
        if self.payer == PayerKind::Managed && self.is_stream { Bytes::new() } else { self.edits.pass(chunk) }
    }

    /// The provider ended the answer.
    fn end(&mut self) {
        let rest = match &mut self.meter {
            Some(Meter::Plain(plain)) => plain.held(),
            Some(Meter::Stream(meter)) => {
                // An event without the blank line behind it. Some servers leave that out at the very end.
                let rest = self.edits.cut_short();
                meter.feed(&rest);
                rest
            }
            None => {
                let rest = self.edits.cut_short();
                self.after_the_end(rest)
            }
        };
        match self.settle(Ending::InForm) {
            Ok(()) => self.state = State::Ending(self.edits.finish(rest)),
            Err(error) => self.break_off(&error),
        }
    }

    /// Something outside ends it, if it has not ended by itself.
    fn end_early(&mut self, error: &Error) {
        if matches!(self.state, State::Flowing(_) | State::Waiting(..)) {
            self.fail(error);
        }
    }

    /// The answer can't go on.
    fn fail(&mut self, error: &Error) {
        if self.meter.is_none() {
            // The caller has all of it already.
            self.state = State::Ending(self.edits.finish(Bytes::new()));
            return;
        }
        self.call.receipt.note(|receipt| receipt.error = Some(error.code.as_str().to_owned()));
        // A failing journal is logged there, and the caller is told of a failure already.
        let _ = self.settle(Ending::Broken);
        self.break_off(error);
    }

    /// What a caller gets in place of the rest: nothing but the abort if he could mistake it.
    fn break_off(&mut self, error: &Error) {
        let (route, id) = (self.call.route, self.call.id.to_string());
        let can_be_told = self.is_stream && !self.edits.is_amid();
        let event = can_be_told.then(|| error.event(self.call.protocol, route.names_events, Some(&id)));
        self.state = State::Breaking(event.unwrap_or_default());
        if let Some(writer) = &self.writer {
            writer.end();
        }
    }

    /// Closes the receipt, once. An error is what the caller must be told in place of the answer's end.
    fn settle(&mut self, ending: Ending) -> Result<(), Error> {
        let Some(meter) = self.meter.take() else { return Ok(()) };
        let ending = if self.is_left { Ending::Left } else { ending };
        let mut learnt = meter.finish();
        drop_from_served(&mut learnt.served, &self.key);
        let is_cut = ending == Ending::InForm && !self.is_told(learnt.terminal);
        let receipt = &mut self.call.receipt;
        if is_cut {
            receipt.note(|receipt| receipt.error = Some(Code::ProviderUnavailable.as_str().to_owned()));
        }
        receipt.produced(learnt.output, learnt.came_to_nothing);
        if self.is_left && learnt.terminal.is_some() && !receipt.has_left() {
            receipt.metrics().drained();
        }
        receipt.close(ending.outcome(learnt.terminal), &learnt.served).map_err(|_| failure::unwritten())?;
        if is_cut { Err(failure::broke_off()) } else { Ok(()) }
    }

    /// Whether the caller knows from the answer itself how it ended. A connection that is closed in form does not say
    /// so: behind a proxy that is how a stream looks that was cut.
    fn is_told(&self, terminal: Option<Terminal>) -> bool {
        match terminal {
            Some(Terminal::Complete) => true,
            Some(Terminal::Error(_)) => self.payer == PayerKind::Byok,
            None => false,
        }
    }

    fn wait(&mut self, time: Duration) {
        self.timer = Some(Box::pin(sleep(time)));
    }

    /// Ready when that time has passed.
    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.timer.as_mut().map_or(Poll::Pending, |timer| timer.as_mut().poll(cx))
    }

    /// What the provider's body gave becomes what the caller gets.
    fn hear(&mut self, frame: Option<Result<Frame<Bytes>, hyper::Error>>) -> Bytes {
        self.heard_at = Instant::now();
        match frame {
            // Trailers are the provider's hop only.
            Some(Ok(frame)) => frame.into_data().map_or_else(|_| Bytes::new(), |chunk| self.take(chunk)),
            Some(Err(_)) => {
                self.fail(&failure::broke_off());
                Bytes::new()
            }
            None => {
                self.end();
                Bytes::new()
            }
        }
    }
}

impl HttpBody for Relay {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        loop {
            let bytes = match std::mem::replace(&mut self.state, State::Over) {
                State::Flowing(mut incoming) => {
                    // It runs behind the last event only, and first: a provider may always have more.
                    if self.poll_timer(cx).is_ready() {
                        self.fail(&failure::too_slow());
                        continue;
                    }
                    let frame = Pin::new(&mut incoming).poll_frame(cx);
                    self.state = State::Flowing(incoming);
                    if let (Poll::Pending, Some(slices)) = (&frame, &mut self.slices) {
                        // The answer to what was asked before may be there.
                        slices.drive(cx);
                    }
                    let bytes = self.hear(ready!(frame));
                    match std::mem::replace(&mut self.state, State::Over) {
                        State::Flowing(incoming) => {
                            self.state = State::Waiting(incoming, bytes);
                            continue;
                        }
                        state => {
                            self.state = state;
                            bytes
                        }
                    }
                }
                State::Waiting(incoming, bytes) => match self.poll_held(cx) {
                    Poll::Ready(Ok(())) => {
                        self.state = State::Flowing(incoming);
                        bytes
                    }
                    Poll::Ready(Err(error)) => {
                        if !self.is_left {
                            self.call.receipt.metrics().cut();
                        }
                        self.fail(&error);
                        continue;
                    }
                    Poll::Pending => {
                        self.state = State::Waiting(incoming, bytes);
                        return Poll::Pending;
                    }
                },
                State::Ending(rest) if rest.is_empty() => return Poll::Ready(None),
                State::Breaking(rest) if rest.is_empty() => {
                    // What was said last must leave before the connection is aborted with all it has buffered.
                    self.wait(LAST_WORDS);
                    self.state = State::Aborting;
                    continue;
                }
                State::Aborting => {
                    self.state = State::Aborting;
                    ready!(self.poll_timer(cx));
                    if self.writer.as_ref().is_some_and(|writer| writer.is_stuck()) {
                        self.wait(LAST_WORDS);
                        continue;
                    }
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
