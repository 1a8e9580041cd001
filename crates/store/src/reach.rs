//! Whether the database is there, as those find who use it all the time: what moves money asks before it starts.

use std::sync::atomic::{AtomicBool, Ordering};

/// Who could not reach the database when they last tried.
#[derive(Debug, Default)]
pub(crate) struct Reach {
    takeover_fails: AtomicBool,
    feed_fails: AtomicBool,
}

impl Reach {
    /// The takeover of receipts could, or could not, commit.
    pub fn takeover(&self, committed: bool) {
        self.takeover_fails.store(!committed, Ordering::Relaxed);
    }

    /// Whether the database took what it was last given.
    pub fn answers(&self) -> bool {
        !self.takeover_fails.load(Ordering::Relaxed) && !self.feed_fails.load(Ordering::Relaxed)
    }

    /// The feed is lost. Whether that is new.
    pub fn feed_failed(&self) -> bool {
        !self.feed_fails.swap(true, Ordering::Relaxed)
    }

    /// The feed is followed. Whether it was lost before.
    pub fn feed_works(&self) -> bool {
        self.feed_fails.swap(false, Ordering::Relaxed)
    }
}
