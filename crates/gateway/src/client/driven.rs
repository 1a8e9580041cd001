//! The body of an answer. Who reads it drives the connection that it comes over, and no faster than it is read: hyper
//! holds one piece that was not taken, and reads no more meanwhile.

#[cfg(test)]
mod tests;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use super::line::Line;
use super::pool::Shelf;

/// Such a body. One that is dropped before its end closes its connection, unless all of the rest is there already.
pub struct Driven {
    // Dropped before its carrier, which can tell by that that nobody wants more.
    incoming: Incoming,
    /// Absent when all of the body is there, or if it comes by itself.
    carrier: Option<Carrier>,
    /// Whether a piece may be there already, as its head came just now.
    is_fresh: bool,
}

/// What a body comes over, and where that goes when all of it is there.
pub(super) struct Carrier {
    line: Option<Box<Line>>,
    shelf: Arc<Shelf>,
}

impl Carrier {
    /// Such a connection.
    pub fn new(line: Box<Line>, shelf: Arc<Shelf>) -> Self {
        Self { line: Some(line), shelf }
    }
}

impl Drop for Carrier {
    fn drop(&mut self) {
        if let Some(mut line) = self.line.take()
            && (line.is_idle() || line.is_alive())
        {
            self.shelf.put(line);
        }
    }
}

impl Driven {
    /// The body of an answer whose head has come.
    pub(super) fn new(incoming: Incoming, carrier: Option<Carrier>) -> Self {
        Self { incoming, carrier, is_fresh: true }
    }
}

impl Body for Driven {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Self { incoming, carrier, is_fresh } = &mut *self;
        let Some(line) = carrier.as_mut().and_then(|carrier| carrier.line.as_mut()) else {
            return Pin::new(incoming).poll_frame(cx);
        };
        if std::mem::take(is_fresh) {
            // If nothing is there, it is asked again below, by a waker that is one.
            let frame = Pin::new(&mut *incoming).poll_frame(&mut Context::from_waker(Waker::noop()));
            if frame.is_ready() {
                return frame;
            }
        }
        let frame = ready!(line.poll(cx, |_, cx| Pin::new(&mut *incoming).poll_frame(cx)));
        if line.is_idle() || !matches!(frame, Some(Ok(_))) {
            self.carrier = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
