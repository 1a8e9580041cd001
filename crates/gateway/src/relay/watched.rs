//! An answer ends when it must, whether or not anybody asks for more of it. hyper asks while the caller takes what is
//! there, and a body that is not asked sees no time pass. So a relay is kept in a cell that its body shares with a
//! task, which waits for what may end it from outside.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep_until, timeout};

use super::Watch;
use crate::body::BodyError;
use crate::error::{Code, Error};
use crate::failure;
use crate::rest::{Ongoing, REST_MAX};
use crate::stop::Stop;

/// Pieces of a rest that are read at a time, before others have their turn.
const PIECES_AT_ONCE: usize = 32;

/// What can be watched: a body that can be told to end, and knows when its provider last said something.
pub trait Watchable: HttpBody<Data = Bytes, Error = BodyError> + Unpin + Send + 'static {
    /// Something outside ends it, if it has not ended by itself.
    fn end_early(&mut self, error: &Error);

    /// When the provider last sent something.
    fn heard_at(&self) -> Instant;

    /// Its caller has left. What says that work goes on, if the rest of it is to be read; else it ends here.
    fn leave(&mut self) -> Option<Ongoing> {
        None
    }

    /// Whether nothing is to be learnt from the rest of it.
    fn has_learnt_all(&self) -> bool {
        true
    }
}

/// A relay and the task that watches over it.
pub struct Watched<R: Watchable> {
    cell: Cell<R>,
    watcher: AbortHandle,
}

/// Empty once the body is gone.
type Cell<R> = Arc<Mutex<Option<Held<R>>>>;

struct Held<R> {
    relay: R,
    /// Since when the caller waits for the provider; absent while there is something for him to take.
    waits_since: Option<Instant>,
    waker: Option<Waker>,
}

impl<R: Watchable> Watched<R> {
    /// Begins to watch.
    pub fn new(relay: R, watch: Watch, stop: Stop) -> Self {
        let cell = Arc::new(Mutex::new(Some(Held { relay, waits_since: None, waker: None })));
        let watcher = tokio::spawn(end_in_time(Arc::clone(&cell), watch, stop)).abort_handle();
        Self { cell, watcher }
    }
}

impl<R: Watchable> HttpBody for Watched<R> {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        locked(&self.cell).as_mut().map_or(Poll::Ready(None), |held| held.poll_frame(cx))
    }
}

impl<R: Watchable> Drop for Watched<R> {
    fn drop(&mut self) {
        // Here and now, whenever the task lets go of the cell: the receipt is closed with it.
        let held = locked(&self.cell).take();
        let in_runtime = tokio::runtime::Handle::try_current().is_ok();
        let rest = held.and_then(|mut held| Some((held.relay.leave().filter(|_| in_runtime)?, held)));
        let Some((ongoing, held)) = rest else { return self.watcher.abort() };
        *locked(&self.cell) = Some(held);
        tokio::spawn(read_the_rest(Arc::clone(&self.cell), self.watcher.clone(), ongoing));
    }
}

impl<R: Watchable> Held<R> {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let frame = Pin::new(&mut self.relay).poll_frame(cx);
        if frame.is_pending() {
            self.waits_since.get_or_insert_with(Instant::now);
            self.waker = Some(cx.waker().clone());
        } else {
            // Whoever waits now waits for the caller, and is woken by the edge.
            self.waits_since = None;
        }
        frame
    }

    /// When the provider has been silent for that long while the caller waited.
    fn silent_at(&self, idle: Duration) -> Option<Instant> {
        self.waits_since.map(|since| since.max(self.relay.heard_at()) + idle)
    }
}

/// Ends the answer when its call must end. Who waits for more of it is woken to say so.
async fn end_in_time<R: Watchable>(cell: Cell<R>, watch: Watch, mut stop: Stop) {
    let error = tokio::select! {
        biased;
        error = stop.called() => error,
        error = overdue(&cell, watch) => error,
    };
    let waker = locked(&cell).as_mut().and_then(|held| {
        held.relay.end_early(&error);
        held.waker.take()
    });
    waker.into_iter().for_each(Waker::wake);
}

/// Resolves when the call takes too long, or the provider between two pieces. A caller who takes nothing is the
/// edge's business.
async fn overdue<R: Watchable>(cell: &Cell<R>, Watch { idle, deadline }: Watch) -> Error {
    let mut next = Instant::now() + idle;
    loop {
        sleep_until(next.min(deadline)).await;
        let now = Instant::now();
        if deadline <= now {
            let error = Error::new(Code::ProviderUnavailable, "The call took too long.");
            return error.with_status(http::StatusCode::GATEWAY_TIMEOUT);
        }
        next = locked(cell).as_ref().and_then(|held| held.silent_at(idle)).unwrap_or(now + idle);
        if next <= now {
            return failure::too_slow();
        }
    }
}

/// Reads on, though nobody takes it, until there is nothing more to learn; then what is still open is closed.
async fn read_the_rest<R: Watchable>(cell: Cell<R>, watcher: AbortHandle, ongoing: Ongoing) {
    let _ = timeout(REST_MAX, poll_fn(|cx| poll_rest(&cell, cx))).await;
    watcher.abort();
    let held = locked(&cell).take();
    drop(held);
    drop(ongoing);
}

fn poll_rest<R: Watchable>(cell: &Cell<R>, cx: &mut Context<'_>) -> Poll<()> {
    let mut cell = locked(cell);
    let Some(held) = cell.as_mut() else { return Poll::Ready(()) };
    for _ in 0..PIECES_AT_ONCE {
        let frame = ready!(held.poll_frame(cx));
        if !matches!(frame, Some(Ok(_))) || held.relay.has_learnt_all() {
            return Poll::Ready(());
        }
    }
    cx.waker().wake_by_ref();
    Poll::Pending
}

fn locked<R>(cell: &Cell<R>) -> MutexGuard<'_, Option<Held<R>>> {
    cell.lock().unwrap_or_else(PoisonError::into_inner)
}
