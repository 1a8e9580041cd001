//! Whether what the directory gave out still stands, for calls that hold it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use quick_cache::sync::Cache;
use quick_cache::{DefaultHashBuilder, Lifecycle, UnitWeighter};
use tokio::sync::Notify;

/// Whether something that the directory gave out is still what it knows. Belongs to the thing itself, so that a call
/// that holds it needs nothing else to find out, or to be told.
#[derive(Debug, Default)]
pub struct Known {
    is_over: AtomicBool,
    told: Notify,
}

impl Known {
    /// Whether it still is.
    pub fn holds(&self) -> bool {
        !self.is_over.load(Ordering::SeqCst)
    }

    /// Resolves when it no longer is. The thing itself need not be gone: it has to be looked up again.
    pub async fn over(&self) {
        // Made before the look, so that what happens in between is not missed.
        let told = self.told.notified();
        if self.holds() {
            told.await;
        }
    }

    pub(super) fn end(&self) {
        self.is_over.store(true, Ordering::SeqCst);
        self.told.notify_waiters();
    }
}

/// A cache of things that calls hold.
pub(super) type Held<K, T> = Cache<K, Arc<T>, UnitWeighter, DefaultHashBuilder, InUse>;

/// An empty one, for so many.
pub(super) fn held<K: Eq + std::hash::Hash, T>(entries_max: usize) -> Held<K, T> {
    let weight_max = u64::try_from(entries_max).unwrap_or(u64::MAX);
    Cache::with(entries_max, weight_max, UnitWeighter, DefaultHashBuilder::default(), InUse)
}

/// Keeps what a call holds: one that goes on for long is told through it, and from where else would the directory
/// know whom to tell?
#[derive(Debug, Clone, Copy)]
pub(super) struct InUse;

impl<K, T> Lifecycle<K, Arc<T>> for InUse {
    type RequestState = ();

    fn is_pinned(&self, _: &K, value: &Arc<T>) -> bool {
        Arc::strong_count(value) > 1
    }
}

#[cfg(test)]
mod tests;
