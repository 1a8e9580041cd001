//! An answer's body as a script: what to send, when to pause, where to break.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::iter::Peekable;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame};
use tokio::time::{Sleep, sleep};

use crate::log::{Mark, Outcome, Recorder};

/// One step of the script.
#[derive(Clone, Debug)]
pub enum Step {
    /// Bytes to write.
    Send(Bytes, Mark),
    /// Wait.
    Pause(Duration),
    /// Let what was sent go out as a write of its own.
    Flush,
    /// Whatever is still sent, the call counts as failed.
    Fail,
    /// Break the connection.
    Cut,
    /// Send nothing more and keep the connection.
    Hang,
}

/// A script, possibly without an end.
pub type Script = Box<dyn Iterator<Item = Step> + Send>;

/// A script of one write.
pub fn once(bytes: impl Into<Bytes>, mark: Mark) -> Script {
    Box::new(std::iter::once(Step::Send(bytes.into(), mark)))
}

/// The connection is broken on purpose.
#[derive(Debug)]
pub struct Broken;

impl fmt::Display for Broken {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("broken off on purpose")
    }
}

impl std::error::Error for Broken {}

impl From<Infallible> for Broken {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// Plays a script and tells the log. Dropped before its end, by the
/// connection that is gone, it records a cancelled call.
pub struct Played {
    script: Peekable<Script>,
    pause: Option<Pin<Box<Sleep>>>,
    hanging: bool,
    empty: bool,
    recorder: Recorder,
    outcome: Outcome,
}

impl Played {
    /// A body; `outcome` is how the call ends when the script does.
    pub fn new(script: Script, mut recorder: Recorder, outcome: Outcome) -> Self {
        let mut script = script.peekable();
        let empty = script.peek().is_none();
        if empty {
            // Nobody asks for the frames of a body there is none of.
            recorder.end(outcome);
        }
        Self { script, pause: None, hanging: false, empty, recorder, outcome }
    }
}

impl Body for Played {
    type Data = Bytes;
    type Error = Broken;

    fn is_end_stream(&self) -> bool {
        self.empty
    }

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let this = self.get_mut();
        loop {
            if this.hanging {
                return Poll::Pending;
            }
            if let Some(pause) = &mut this.pause {
                ready!(pause.as_mut().poll(cx));
                this.pause = None;
            }
            match this.script.next() {
                Some(Step::Send(bytes, mark)) => {
                    this.recorder.sent(bytes.len(), mark);
                    // Ended here and not at the next poll: a caller that has
                    // the last byte must find the call ended in the log.
                    if this.script.peek().is_none() {
                        this.recorder.end(this.outcome);
                    }
                    return Poll::Ready(Some(Ok(Frame::data(bytes))));
                }
                Some(Step::Pause(pause)) => this.pause = Some(Box::pin(sleep(pause))),
                Some(Step::Flush) => {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Some(Step::Fail) => this.outcome = Outcome::Failed,
                Some(Step::Cut) => {
                    this.recorder.end(Outcome::Failed);
                    return Poll::Ready(Some(Err(Broken)));
                }
                Some(Step::Hang) => this.hanging = true,
                None => {
                    this.recorder.end(this.outcome);
                    return Poll::Ready(None);
                }
            }
        }
    }
}
