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
    /// Whether a receipt is among those that wait whose effect somebody may wait for: it waits no longer than need be.
    due: AtomicBool,
    committed: watch::Sender<Position>,
}

impl Default for Progress {
    fn default() -> Self {
        Self {
            appended: AtomicU64::new(0),
            wake_at: AtomicU64::new(u64::MAX),
            wake: Notify::new(),
            hurry: AtomicBool::new(false),
            due: AtomicBool::new(false),
            committed: watch::Sender::new(Position::default()),
        }
    }
}

impl Progress {
    /// So many more receipts are appended, perhaps one that is due.
    pub fn appended(&self, count: u64, due: bool) {
        if due && !self.due.swap(true, Ordering::SeqCst) {
            self.wake.notify_one();
        }
        let appended = self.appended.fetch_add(count, Ordering::SeqCst) + count;
        let wish = self.wake_at.load(Ordering::SeqCst);
        if appended >= wish {
            self.fulfil(wish);
        }
    }

    /// Wakes the takeover. If it was woken meanwhile, what it wants by now stays: it would wait for that in vain.
    fn fulfil(&self, wish: u64) {
        if self.wake_at.compare_exchange(wish, u64::MAX, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
            self.wake.notify_one();
        }
    }

    /// How many are appended.
    pub fn count(&self) -> u64 {
        self.appended.load(Ordering::SeqCst)
    }

    /// How many are appended, as the takeover starts to read. What readers wait for now is read next, and so is what is
    /// due, so their hurry is over; a reader who comes later hurries anew.
    pub fn reading(&self) -> u64 {
        self.hurry.store(false, Ordering::SeqCst);
        self.due.store(false, Ordering::SeqCst);
        self.count()
    }

    /// Waits until so many receipts are appended, or a reader is in a hurry.
    pub async fn until(&self, count: u64) {
        self.wake_at.store(count, Ordering::SeqCst);
        // Looked at after the wish is known: a receipt in between is seen here or wakes.
        while !self.hurry.load(Ordering::SeqCst) && self.count() < count {
            self.wake.notified().await;
        }
    }

    /// The same, or until one that waits is due.
    pub async fn until_due(&self, count: u64) {
        self.wake_at.store(count, Ordering::SeqCst);
        while !self.due.load(Ordering::SeqCst) && !self.hurry.load(Ordering::SeqCst) && self.count() < count {
            self.wake.notified().await;
        }
    }

    /// A reader waits for what is appended by now.
    fn hurry(&self) {
        self.hurry.store(true, Ordering::SeqCst);
        self.wake.notify_one();
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
        self.progress.hurry();
        let reached = committed.wait_for(|at| *at >= end);
        matches!(tokio::time::timeout(timeout, reached).await, Ok(Ok(_)))
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn a_batch_that_is_full_and_a_reader_end_every_wait_and_what_is_due_the_long_one() {
        let progress = Progress::default();
        let wait = async |count| (progress.until(count).now_or_never(), progress.until_due(count).now_or_never());
        progress.appended(1, false);
        assert_eq!(wait(2).await, (None, None));
        assert_eq!(wait(1).await, (Some(()), Some(())));
        progress.appended(1, true);
        assert_eq!(wait(3).await, (None, Some(())));
        assert_eq!(progress.reading(), 2);
        assert_eq!(wait(3).await, (None, None));
        progress.hurry();
        assert_eq!(wait(3).await, (Some(()), Some(())));
        progress.reading();
        assert_eq!(wait(3).await, (None, None));
    }

    #[tokio::test]
    async fn whoever_fulfils_a_wish_late_takes_no_other_one_away() {
        let progress = Progress::default();
        let mut waiting = Box::pin(progress.until(9));
        assert_eq!((&mut waiting).now_or_never(), None);
        progress.fulfil(1);
        assert_eq!((&mut waiting).now_or_never(), None);
        (0..9).for_each(|_| progress.appended(1, false));
        assert_eq!(waiting.now_or_never(), Some(()));
    }

    #[tokio::test]
    async fn whoever_waits_is_woken() {
        let wakers: [fn(&Progress); 3] = [
            |progress| progress.appended(1, true),
            Progress::hurry,
            |progress| (0..9).for_each(|_| progress.appended(1, false)),
        ];
        for wake in wakers {
            let progress = Progress::default();
            let mut waiting = Box::pin(progress.until_due(9));
            assert_eq!((&mut waiting).now_or_never(), None);
            wake(&progress);
            waiting.await;
        }
    }
}
