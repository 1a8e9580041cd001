//! The rest of an answer whose caller has left. Its provider goes on and bills what it makes, so it is read for what it
//! costs, within a bound of time, and of money: no more is held for it.

use std::future::poll_fn;
use std::task::{Context, Poll, ready};

use tokio::task::AbortHandle;
use tokio::time::timeout;

use super::watched::{Cell, locked};
use super::{Relay, State};
use crate::rest::{Ongoing, REST_MAX};

/// Pieces that are read at a time, before others have their turn.
const PIECES_AT_ONCE: usize = 32;

impl Relay {
    /// Its caller has left. Whether the rest of it is to be read.
    pub(super) fn leave(&mut self) -> bool {
        self.is_left = true;
        self.writer = None;
        if let Some(slices) = &mut self.slices {
            slices.hold_no_more();
        }
        let is_open = self.meter.is_some() && matches!(self.state, State::Flowing(_) | State::Waiting(..));
        is_open && self.call.receipt.is_paid_in_credits() && !self.is_used_up()
    }

    /// Whether more was produced than is held.
    pub(super) fn is_used_up(&self) -> bool {
        self.slices.as_ref().is_some_and(|slices| slices.is_used_up())
    }

    /// Whether its receipt is closed.
    pub(super) const fn is_settled(&self) -> bool {
        self.meter.is_none()
    }
}

/// Reads on until the receipt can be closed, and closes it in any case.
pub async fn read_the_rest(cell: Cell, watcher: AbortHandle, ongoing: Ongoing) {
    let _ = timeout(REST_MAX, poll_fn(|cx| poll_end(&cell, cx))).await;
    watcher.abort();
    let held = locked(&cell).take();
    if let Some(held) = &held {
        let receipt = &held.relay.call.receipt;
        if held.relay.is_settled() && !receipt.has_left() {
            receipt.metrics().drained();
        }
    }
    // Dropping it closes what is still open.
    drop(held);
    drop(ongoing);
}

fn poll_end(cell: &Cell, cx: &mut Context<'_>) -> Poll<()> {
    let mut cell = locked(cell);
    let Some(held) = cell.as_mut() else { return Poll::Ready(()) };
    for _ in 0..PIECES_AT_ONCE {
        let frame = ready!(held.poll_frame(cx));
        if !matches!(frame, Some(Ok(_))) || held.relay.is_settled() || held.relay.is_used_up() {
            return Poll::Ready(());
        }
    }
    cx.waker().wake_by_ref();
    Poll::Pending
}
