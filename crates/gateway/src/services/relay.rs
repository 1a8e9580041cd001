//! A service's answer on its way to the caller: bytes as they come, without the operator's credential, and metered
//! while they pass. Its end waits for the receipt.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame};
use http_body_util::BodyExt;
use ownkey_domain::receipt::Outcome;
use ownkey_domain::service::Ending;
use ownkey_providers::metered::UseMeter;
use ownkey_providers::scrub::ScrubStream;
use tokio::time::Instant;

use super::receipt::OpenReceipt;
use crate::body::{Body, BodyError};
use crate::client::Driven;
use crate::edge::writer::Writer;
use crate::error::{Error, Source};
use crate::failure;
use crate::relay::Watch;
use crate::relay::watched::{Watchable, Watched};
use crate::stop::Stop;

/// The answer broke off: the connection is aborted, so that nobody takes what came for the whole.
#[derive(Debug, thiserror::Error)]
#[error("the answer broke off")]
struct BrokenOff;

/// What an answer is read and cleaned with while it passes.
pub struct Passage {
    /// Reads how much was used.
    pub meter: UseMeter,
    /// Takes the credential out.
    pub scrub: ScrubStream,
}

/// An answer on its way.
pub struct Relay {
    receipt: OpenReceipt,
    /// Absent once the receipt is closed.
    passage: Option<Passage>,
    state: State,
    heard_at: Instant,
    /// Whoever asks for its pieces.
    writer: Option<Arc<Writer>>,
}

enum State {
    Flowing(Driven),
    /// What is left to send, then the end.
    Ending(Bytes),
    Broken,
    Over,
}

impl Relay {
    /// Relays a body that ends in time.
    pub fn start(receipt: OpenReceipt, body: Driven, passage: Passage, (watch, stop): (Watch, Stop)) -> Body {
        let (state, heard_at) = (State::Flowing(body), Instant::now());
        let relay = Self { receipt, passage: Some(passage), state, heard_at, writer: Writer::current() };
        Watched::new(relay, watch, stop).boxed_unsync()
    }

    /// What the service's body gave becomes what the caller gets.
    fn hear(&mut self, frame: Option<Result<Frame<Bytes>, hyper::Error>>) -> Bytes {
        self.heard_at = Instant::now();
        match frame {
            // Trailers are the service's hop only.
            Some(Ok(frame)) => frame.into_data().map_or_else(|_| Bytes::new(), |chunk| self.pass(&chunk)),
            Some(Err(_)) => {
                self.break_off(Ending::BrokenOff, &failure::broke_off());
                Bytes::new()
            }
            None => {
                self.end();
                Bytes::new()
            }
        }
    }

    fn pass(&mut self, chunk: &Bytes) -> Bytes {
        let Some(passage) = &mut self.passage else { return Bytes::new() };
        passage.meter.feed(chunk);
        match passage.scrub.feed(chunk) {
            // As it came: no copy.
            std::borrow::Cow::Borrowed(clean) if clean.len() == chunk.len() => chunk.clone(),
            clean => Bytes::from(clean.into_owned()),
        }
    }

    fn end(&mut self) {
        let Some(Passage { meter, scrub }) = self.passage.take() else { return };
        let ending = meter.finish().map_or(Ending::Untold, Ending::Told);
        let recorded = self.receipt.close(ending, Outcome::Complete);
        self.state = if recorded.is_ok() { State::Ending(scrub.finish().into()) } else { State::Broken };
    }

    fn break_off(&mut self, ending: Ending, error: &Error) {
        self.receipt.note(|receipt| receipt.error = Some(error.code.as_str().to_owned()));
        self.give_up(ending, Outcome::Failed);
        self.state = State::Broken;
        if let Some(writer) = &self.writer {
            writer.end();
        }
    }

    /// Closes the receipt of an answer that does not come to its end. What it has told by then counts.
    fn give_up(&mut self, ending: Ending, outcome: Outcome) {
        if let Some(passage) = self.passage.take() {
            let ending = passage.meter.finish().map_or(ending, Ending::Told);
            // A failing journal is logged there, and the caller gets no good end in any case.
            let _ = self.receipt.close(ending, outcome);
        }
    }
}

impl Watchable for Relay {
    fn end_early(&mut self, error: &Error) {
        if matches!(self.state, State::Flowing(_)) {
            // What ends here was not broken off by the service.
            let ending = if error.source_of == Source::Ownkey { Ending::Left } else { Ending::BrokenOff };
            self.break_off(ending, error);
        }
    }

    fn heard_at(&self) -> Instant {
        self.heard_at
    }
}

impl HttpBody for Relay {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        loop {
            let bytes = match std::mem::replace(&mut self.state, State::Over) {
                State::Flowing(mut body) => {
                    let frame = Pin::new(&mut body).poll_frame(cx);
                    self.state = State::Flowing(body);
                    self.hear(ready!(frame))
                }
                State::Ending(rest) => rest,
                State::Broken => return Poll::Ready(Some(Err(Box::new(BrokenOff)))),
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
        self.give_up(Ending::Left, Outcome::Cancelled);
    }
}
