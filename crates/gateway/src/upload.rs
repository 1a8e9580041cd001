//! The rest of a form that goes out before all of it has come: it flows from the caller to the provider at the pace of
//! the slower one, and nothing of it is kept. So it goes out once, and only where nobody needs to see it whole.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use ownkey_providers::peek::{PeekError, Remainder};
use tokio::time::{Instant, Sleep, sleep};

use crate::body::BodyError;
use crate::edge::Arriving;
use crate::error::Error;
use crate::limits::Limits;
use crate::read::{broke_off, is_too_slow, too_large, too_slow};

/// The rest of a body, until it is taken: a call may be decided more than once before it goes out.
#[derive(Clone)]
pub struct Upload {
    flow: Arc<Mutex<Option<Flow>>>,
    /// How long it is, as far as its caller has said.
    pub size: SizeHint,
}

impl Upload {
    /// Of what comes behind so many bytes that have come already.
    pub fn new(limits: &Limits, body: Arriving, form: Remainder, came: usize) -> Self {
        let size = body.size_hint();
        let (limits, wait, awaited) = (limits.clone(), None, Duration::ZERO);
        let flow = Flow { body, form, limits, came, wait, awaited };
        Self { flow: Arc::new(Mutex::new(Some(flow))), size }
    }

    /// The rest itself, once.
    pub fn take(&self) -> Option<Flow> {
        self.flow.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// The rest of a body on its way. It fails with the [`Error`] that its caller is to be told.
pub struct Flow {
    body: Arriving,
    form: Remainder,
    limits: Limits,
    came: usize,
    /// The wait for its caller, while it is waited for him, and since when.
    wait: Option<(Pin<Box<Sleep>>, Instant)>,
    awaited: Duration,
}

impl Flow {
    /// The body as its caller sends it.
    pub fn into_body(self) -> Arriving {
        self.body
    }

    /// Looks at what has come.
    fn pass(&mut self, data: &Bytes) -> Result<(), Error> {
        self.came += data.len();
        if self.came > self.limits.body_bytes_max {
            return Err(too_large(&self.limits));
        }
        if is_too_slow(self.awaited, self.came) {
            return Err(too_slow());
        }
        self.form.feed(data).map_err(unfit)?;
        // Who counts the bytes does not ask for the end behind them.
        if self.body.is_end_stream() { self.form.end().map_err(unfit) } else { Ok(()) }
    }
}

impl Body for Flow {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        loop {
            let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) else {
                let idle = self.limits.body_idle;
                let (wait, _) = self.wait.get_or_insert_with(|| (Box::pin(sleep(idle)), Instant::now()));
                ready!(wait.as_mut().poll(cx));
                return Poll::Ready(Some(Err(too_slow().into())));
            };
            if let Some((_, since)) = self.wait.take() {
                self.awaited += since.elapsed();
            }
            let passed = match frame {
                None => return Poll::Ready(self.form.end().err().map(|error| Err(unfit(error).into()))),
                Some(Err(_)) => Err(broke_off()),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.pass(&data).map(|()| data),
                    // Trailers are of the caller's hop.
                    Err(_) => continue,
                },
            };
            return Poll::Ready(Some(passed.map(Frame::data).map_err(Into::into)));
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

fn unfit(error: PeekError) -> Error {
    Error::bad_request(format!("Bad request: {error}."))
}
