//! A connection to a provider, driven by whoever waits for what it brings.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::{Connection, SendRequest};

use super::connect::{Ends, Stream};
use super::pool::Shelf;
use super::signal::Signal;
use crate::forward::Outgoing;

/// Turns of a poll in which something came meanwhile, before other tasks have theirs.
const TURNS_MAX: usize = 4;

/// Such a connection.
pub struct Line {
    sender: SendRequest<Box<Outgoing>>,
    /// Absent once it has ended.
    connection: Option<Connection<Stream, Box<Outgoing>>>,
    signal: Arc<Signal>,
    /// The signal, as what is polled wants it.
    waker: Waker,
}

impl Line {
    /// A new connection with these ends.
    pub fn new((sender, connection): Ends, signal: Arc<Signal>) -> Self {
        let waker = Waker::from(Arc::clone(&signal));
        Self { sender, connection: Some(connection), signal, waker }
    }

    /// Sends a request, and waits for the head of its answer. The error has the request if nothing of it was sent.
    ///
    /// hyper looks whether the peer has closed, or said what nobody asked for, before it takes a request.
    pub async fn carry(
        &mut self,
        request: Request<Box<Outgoing>>,
    ) -> Result<Response<Incoming>, TrySendError<Request<Box<Outgoing>>>> {
        let mut response = pin!(self.sender.try_send_request(request));
        poll_fn(|cx| self.poll(cx, |_, cx| response.as_mut().poll(cx))).await
    }

    /// Drives the connection until what is wanted of it is there.
    pub fn poll<T>(
        &mut self,
        cx: &mut Context<'_>,
        mut wanted: impl FnMut(&Self, &mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        self.signal.begin(cx);
        for _ in 0..TURNS_MAX {
            self.drive();
            let wanted = wanted(self, &mut Context::from_waker(&self.waker));
            if wanted.is_ready() || self.signal.rests() {
                return wanted;
            }
            self.signal.again();
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// One turn. A connection that has ended is dropped, which tells all who wait for it.
    fn drive(&mut self) {
        let Some(connection) = &mut self.connection else { return };
        if Pin::new(connection).poll(&mut Context::from_waker(&self.waker)).is_ready() {
            self.connection = None;
        }
    }

    /// Whether it may carry the next request: all of an answer was read, all of its request is on its way, and both
    /// sides want it to last.
    ///
    /// hyper wants the next request when that is so. It also may while one is waiting to be taken, so this says nothing
    /// before there is a head.
    pub fn is_idle(&self) -> bool {
        self.connection.is_some() && self.sender.is_ready()
    }

    /// Whether the provider does not take what is there for it.
    pub fn is_stuck(&self) -> bool {
        self.signal.is_stuck()
    }

    /// Nobody waits for it now.
    pub fn forget(&self) {
        self.signal.forget();
    }

    /// Whether it is still good, if it was idle.
    pub fn is_alive(&mut self) -> bool {
        self.drive();
        self.is_idle()
    }

    /// Drives it by itself until its request is out and its answer read. Then it can carry the next.
    pub async fn finish(mut self: Box<Self>, shelf: Arc<Shelf>) {
        poll_fn(|cx| self.poll(cx, |line, _| line.poll_finished())).await;
        if self.is_idle() {
            shelf.put(self);
        }
    }

    fn poll_finished(&self) -> Poll<()> {
        let is_finished = self.connection.is_none() || self.is_idle() && !self.is_stuck();
        if is_finished { Poll::Ready(()) } else { Poll::Pending }
    }
}
