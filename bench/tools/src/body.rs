//! A stream's body: its events, at once or one at a time.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame};
use tokio::time::{Interval, interval};

use crate::answers::Tokens;
use crate::upstream::Counts;

/// Sends events and counts the call when the last one is taken.
pub struct Events {
    left: std::vec::IntoIter<Bytes>,
    /// Ticks without drift, so that a stream's length does not depend on how busy the machine is.
    pace: Option<Interval>,
    counted: Option<(Arc<Counts>, Tokens)>,
}

impl Events {
    pub fn new(events: Vec<Bytes>, pace: Duration, counts: Arc<Counts>, tokens: Tokens) -> Self {
        let pace = (!pace.is_zero()).then(|| interval(pace));
        Self { left: events.into_iter(), pace, counted: Some((counts, tokens)) }
    }
}

impl Body for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left.len() > 0
            && let Some(pace) = &mut self.pace
        {
            ready!(pace.poll_tick(context));
        }
        let next = self.left.next();
        if self.left.len() == 0
            && let Some((counts, tokens)) = self.counted.take()
        {
            counts.add(tokens);
        }
        Poll::Ready(next.map(|event| Ok(Frame::data(event))))
    }
}
