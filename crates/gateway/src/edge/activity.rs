//! What a connection is doing, and until when it may go on doing it. hyper bounds the head of HTTP/1.1 only: not the
//! time in which it finds out the protocol, and not an HTTP/2 connection without streams.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::Version;
use http_body::{Frame, SizeHint};
use tokio::time::Instant;

use super::writer::Writer;
use crate::body::{Body, BodyError};
use crate::limits::Limits;

/// What one connection is doing.
pub struct Activity {
    header_read: Duration,
    idle: Duration,
    stalled: Duration,
    writer: Arc<Writer>,
    now: Mutex<State>,
}

struct State {
    /// Requests whose answers are not out.
    open: usize,
    /// The version of the last request; none came yet if absent.
    version: Option<Version>,
    /// Since when no request is open.
    waiting_since: Instant,
    /// When the first byte came after that.
    head_since: Option<Instant>,
    /// When it was told to end.
    closing_since: Option<Instant>,
    /// Whether it ends with a request that was not read whole.
    leaves_unread: bool,
    /// Whether the last answer broke off.
    broke_off: bool,
}

/// How long a connection that was told to end may take for it when no request is open.
const CLOSE_GRACE: Duration = Duration::from_secs(5);

impl Activity {
    /// A connection that was accepted just now.
    pub fn new(limits: &Limits) -> Arc<Self> {
        let state = State {
            open: 0,
            version: None,
            waiting_since: Instant::now(),
            head_since: None,
            closing_since: None,
            leaves_unread: false,
            broke_off: false,
        };
        Arc::new(Self {
            header_read: limits.header_read,
            idle: limits.connection_idle,
            stalled: limits.stream_idle,
            writer: Writer::new(limits.stream_idle),
            now: Mutex::new(state),
        })
    }

    /// Bytes came.
    pub fn received(&self) {
        let mut state = self.state();
        if state.open == 0 && state.head_since.is_none() {
            state.head_since = Some(Instant::now());
        }
    }

    /// Bytes went out. Whoever reads the end of an answer slowly is not idle; over HTTP/2 it may be a mere pong.
    pub fn sent(&self) {
        self.writer.taken();
        let mut state = self.state();
        if state.open == 0 && state.version.is_some_and(|version| version != Version::HTTP_2) {
            state.waiting_since = Instant::now();
        }
    }

    /// The peer takes no more for now.
    pub fn blocked(&self) {
        self.writer.stuck();
    }

    /// What it writes.
    pub fn writer(&self) -> &Arc<Writer> {
        &self.writer
    }

    /// A request came.
    pub fn open(self: &Arc<Self>, version: Version) -> Open {
        let mut state = self.state();
        state.open += 1;
        state.version = Some(version);
        drop(state);
        Open(Arc::clone(self))
    }

    /// The connection was told to end.
    pub fn closing(&self) {
        self.state().closing_since.get_or_insert_with(Instant::now);
    }

    /// The last request is answered, and more of it is to come that nobody reads.
    pub fn leave_unread(&self) {
        self.state().leaves_unread = true;
    }

    /// Whether that is so.
    pub fn leaves_unread(&self) -> bool {
        self.state().leaves_unread
    }

    /// Whether its end could be taken for that of an answer that broke off: before HTTP/1.1 an answer of unknown length
    /// ends with its connection.
    pub fn seems_whole(&self) -> bool {
        let state = self.state();
        state.broke_off && state.version.is_some_and(|version| version < Version::HTTP_11)
    }

    /// When the connection must have come further; never, while a request is open and its answer is taken: calls
    /// have their own bounds. They can't see a peer that stops reading, since their bodies are then not asked.
    pub fn deadline(&self, context: &Context<'_>) -> Option<Instant> {
        if let Some(deadline) = self.writer.deadline(context) {
            return Some(deadline);
        }
        let state = self.state();
        if state.open > 0 {
            return None;
        }
        if let Some(told) = state.closing_since {
            return Some(told.max(state.waiting_since) + CLOSE_GRACE);
        }
        Some(match (state.version, state.head_since) {
            (None, _) => state.waiting_since + self.header_read,
            // Bytes that begin no request (pings, windows) are usual here, so they don't say that one begins.
            (Some(Version::HTTP_2), _) | (Some(_), None) => state.waiting_since + self.idle,
            (Some(_), Some(head)) => head + self.header_read,
        })
    }

    /// Whether telling it to end spares the peer an error: only HTTP/2 has words for it.
    pub fn can_be_told(&self) -> bool {
        let state = self.state();
        state.version == Some(Version::HTTP_2) && state.closing_since.is_none() && !self.writer.is_stuck()
    }

    /// The longest that a deadline is away.
    pub fn longest(&self) -> Duration {
        self.idle.max(self.header_read).min(self.stalled)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that is open until this is dropped.
pub struct Open(Arc<Activity>);

impl Drop for Open {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.open = state.open.saturating_sub(1);
        state.waiting_since = Instant::now();
        state.head_since = None;
    }
}

/// An answer's body; its request is open as long as it is there.
pub struct Answering {
    body: Body,
    /// Is told what the caller takes of a stream of HTTP/2. A connection sees for itself.
    stream: Option<Arc<Writer>>,
    open: Open,
}

impl Answering {
    /// The answer to that request, made by the task that writes it.
    pub fn new(body: Body, open: Open) -> Self {
        let stream = Writer::current().filter(|writer| !Arc::ptr_eq(writer, open.0.writer()));
        Self { body, stream, open }
    }
}

impl http_body::Body for Answering {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        if matches!(frame, Poll::Ready(Some(Err(_)))) {
            self.open.0.state().broke_off = true;
        }
        if let Some(stream) = &self.stream {
            // Whoever asks for more has got rid of what he had.
            if matches!(frame, Poll::Ready(Some(Ok(_)))) { stream.more() } else { stream.taken() }
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
