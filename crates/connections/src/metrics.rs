//! What refreshing counts, in the Prometheus text format.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use ownkey_domain::connection::Asked;
use ownkey_domain::time::Timestamp;

const OUTCOMES: [&str; 7] = ["refreshed", "refused", "unserved", "misconfigured", "unanswered", "lost", "superseded"];

/// How a refresh ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Refreshed,
    Failed(Asked),
    /// The claim was somebody else's when the answer came.
    Superseded,
}

/// What is counted. Names of providers are the configuration's.
#[derive(Debug, Default)]
pub struct Metrics {
    refreshes: [AtomicU64; OUTCOMES.len()],
    needing_reauth: AtomicU64,
    under_way: AtomicI64,
    /// When the earliest refresh is due, by provider.
    next: Mutex<BTreeMap<String, Option<Timestamp>>>,
}

impl Metrics {
    pub(crate) fn began(&self) {
        self.under_way.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn ended(&self, outcome: Outcome) {
        self.under_way.fetch_sub(1, Ordering::Relaxed);
        let at = match outcome {
            Outcome::Refreshed => 0,
            Outcome::Failed(Asked::Refused) => 1,
            Outcome::Failed(Asked::Unserved) => 2,
            Outcome::Failed(Asked::Misconfigured) => 3,
            Outcome::Failed(Asked::Unanswered) => 4,
            Outcome::Failed(Asked::Lost) => 5,
            Outcome::Superseded => 6,
        };
        self.refreshes[at].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn needs_reauth(&self) {
        self.needing_reauth.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn next_due(&self, provider: &str, at: Option<Timestamp>) {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        next.insert(provider.to_owned(), at);
    }

    /// Appends all of it.
    pub fn render(&self, text: &mut String) {
        // Writing to a string does not fail.
        let _ = self.write(text);
    }

    fn write(&self, text: &mut String) -> std::fmt::Result {
        writeln!(text, "# TYPE ownkey_connection_refreshes_total counter")?;
        for (outcome, count) in OUTCOMES.iter().zip(&self.refreshes) {
            let count = count.load(Ordering::Relaxed);
            writeln!(text, "ownkey_connection_refreshes_total{{outcome=\"{outcome}\"}} {count}")?;
        }
        let needing = self.needing_reauth.load(Ordering::Relaxed);
        writeln!(text, "# TYPE ownkey_connections_needing_reauth_total counter")?;
        writeln!(text, "ownkey_connections_needing_reauth_total {needing}")?;
        writeln!(text, "# TYPE ownkey_connection_refreshes_under_way gauge")?;
        writeln!(text, "ownkey_connection_refreshes_under_way {}", self.under_way.load(Ordering::Relaxed))?;
        writeln!(text, "# TYPE ownkey_connection_next_refresh_seconds gauge")?;
        let next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        for (provider, at) in next.iter() {
            let Some(at) = at else { continue };
            let (seconds, millis) = (at.millis().div_euclid(1_000), at.millis().rem_euclid(1_000));
            writeln!(text, "ownkey_connection_next_refresh_seconds{{provider=\"{provider}\"}} {seconds}.{millis:03}")?;
        }
        Ok(())
    }
}
