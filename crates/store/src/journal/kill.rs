//! Named points of the journal and the ledger at which tests let the process die, with the feature `kill-points` only:
//! `OWNKEY_TEST_KILL_AT=<point>[:count]` aborts at the count-th time that the point is reached.

/// Dies here, if a test wants that.
#[cfg(not(feature = "kill-points"))]
pub(crate) const fn point(_name: &'static str) {}

/// Dies here, if a test wants that.
#[cfg(feature = "kill-points")]
pub(crate) fn point(name: &'static str) {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    static WANTED: LazyLock<Option<(String, AtomicU64)>> = LazyLock::new(|| {
        let wanted = std::env::var("OWNKEY_TEST_KILL_AT").ok()?;
        let (point, count) = wanted.split_once(':').unwrap_or((&wanted, "1"));
        Some((point.to_owned(), AtomicU64::new(count.parse().ok()?)))
    });
    if let Some((wanted, left)) = &*WANTED
        && wanted == name
        && left.fetch_sub(1, Ordering::SeqCst) == 1
    {
        std::process::abort();
    }
}
