//! Who waits for whom: the takeover for receipts, readers for the takeover. A call that appends wakes nobody unless
//! the takeover asked for it, so appending stays one write.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, watch};

use super::{Journal, Position};

pub(super) struct Progress {
    /// Receipts appended by this process.
    appended: AtomicU64,
    /// At how many the takeover wants to be woken.
    wake_at: AtomicU64,
    wake: Notify,
    /// Whether a reader waits: the takeover then does not wait for a fuller batch.
    hurry: AtomicBool,
    committed: watch::Sender<Position>,
}

impl Default for Progress {
    fn default() -> Self {
        Self {
            appended: AtomicU64::new(0),
            wake_at: AtomicU64::new(u64::MAX),
            wake: Notify::new(),
            hurry: AtomicBool::new(false),
            committed: watch::Sender::new(Position::default()),
        }
    }
}

impl Progress {
    /// One more receipt is appended.
    pub fn appended(&self) {
        let appended = self.appended.fetch_add(1, Ordering::SeqCst) + 1;
        if appended >= self.wake_at.load(Ordering::SeqCst) {
            self.wake_at.store(u64::MAX, Ordering::SeqCst);
            self.wake.notify_one();
        }
    }

    /// How many are appended.
    pub fn count(&self) -> u64 {
        self.appended.load(Ordering::SeqCst)
    }

    /// How many are appended, as the takeover starts to read. What readers wait for now is read next, so their
    /// hurry is over; a reader who comes later hurries anew.
    pub fn reading(&self) -> u64 {
        self.hurry.store(false, Ordering::SeqCst);
        self.count()
    }

    /// Waits until so many receipts are appended, or a reader is in a hurry. May return early.
    pub async fn until(&self, count: u64) {
        self.wake_at.store(count, Ordering::SeqCst);
        // Looked at after the wish is known: a receipt in between is seen here or wakes.
        if self.hurry.load(Ordering::SeqCst) || self.count() >= count {
            return;
        }
        self.wake.notified().await;
    }

    /// Up to where everything is committed.
    pub fn so_far(&self) -> Position {
        *self.committed.borrow()
    }

    /// Everything before that place is committed.
    pub fn committed(&self, at: Position) {
        self.committed.send_if_modified(|committed| {
            let further = *committed < at;
            *committed = at.max(*committed);
            further
        });
    }
}

impl Journal {
    /// Waits until everything appended before this call is committed. Whether it was, in that time.
    pub(crate) async fn taken_over(&self, timeout: Duration) -> bool {
        let end = self.end();
        let mut committed = self.progress.committed.subscribe();
        if *committed.borrow() >= end {
            return true;
        }
        self.progress.hurry.store(true, Ordering::SeqCst);
        self.progress.wake.notify_one();
        let reached = committed.wait_for(|at| *at >= end);
        matches!(tokio::time::timeout(timeout, reached).await, Ok(Ok(_)))
    }
}
