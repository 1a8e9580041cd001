//! What wakes whoever drives a connection.
//!
//! A connection and those who wait for what it brings wake each other through hyper's channels. Where one task polls
//! both, such a wake comes while that task is at it, and would have it polled once more for nothing. So all of them are
//! polled with this waker, which passes on only what comes while nobody is at it. It also is the same from call to
//! call: what keeps a waker need not change it, and an idle connection keeps no task that has ended in memory.
//!
//! No wake-up is lost. One that comes during a poll is found at its end ([`Signal::rests`]), and then there is another
//! turn. One that comes after that wakes the task. In between there is nothing, as both are a change of one atomic
//! value. A poll that gave something does not rest: whoever got it asks again, or lets go of the connection. (A waker
//! that does nothing would not do where the tasks polled have tokio's budget: when it is used up, they wake what polled
//! them.)

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::task::{Context, Wake};

use futures_util::task::AtomicWaker;

/// Nobody is at it: a wake is passed on.
const RESTING: u8 = 0;
/// Somebody is at it, or nobody wants to know.
const BUSY: u8 = 1;
/// There was a wake.
const WOKEN: u8 = 2;

/// Such a waker, and what else is known of a connection without asking it.
pub struct Signal {
    state: AtomicU8,
    task: AtomicWaker,
    is_stuck: AtomicBool,
}

impl Default for Signal {
    fn default() -> Self {
        Self { state: AtomicU8::new(BUSY), task: AtomicWaker::new(), is_stuck: AtomicBool::new(false) }
    }
}

impl Signal {
    /// The task is about to poll.
    pub fn begin(&self, cx: &Context<'_>) {
        self.task.register(cx.waker());
        self.again();
    }

    /// It is about to poll once more.
    pub fn again(&self) {
        self.state.swap(BUSY, Ordering::AcqRel);
    }

    /// Whether it may rest, as nothing came meanwhile. From here on it is woken.
    pub fn rests(&self) -> bool {
        self.state.compare_exchange(BUSY, RESTING, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// Nobody is to be woken until the next poll.
    pub fn forget(&self) {
        self.again();
        self.task.take();
    }

    /// Whether the peer does not take what is there for it.
    pub fn is_stuck(&self) -> bool {
        self.is_stuck.load(Ordering::Relaxed)
    }

    /// What was written last was taken, or was not.
    pub fn stuck(&self, is_stuck: bool) {
        self.is_stuck.store(is_stuck, Ordering::Relaxed);
    }
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.state.swap(WOKEN, Ordering::AcqRel) == RESTING {
            self.task.wake();
        }
    }
}
