//! What sending counts, in the Prometheus text format.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use ownkey_domain::webhook::Sent;

const OUTCOMES: [&str; 6] = ["delivered", "refused", "timed_out", "unreachable", "address_refused", "sealed"];

/// What is counted.
#[derive(Debug, Default)]
pub struct Metrics {
    attempts: [AtomicU64; OUTCOMES.len()],
    waiting: AtomicU64,
}

impl Metrics {
    pub(crate) fn sent(&self, sent: Sent) {
        let at = match sent {
            Sent::Delivered { .. } => 0,
            Sent::Refused { .. } => 1,
            Sent::TimedOut => 2,
            Sent::Unreachable => 3,
            Sent::AddressRefused => 4,
            Sent::Sealed => 5,
        };
        self.attempts[at].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn waiting(&self, messages: u64) {
        self.waiting.store(messages, Ordering::Relaxed);
    }

    /// Appends all of it.
    pub fn render(&self, text: &mut String) {
        // Writing to a string does not fail.
        let _ = self.write(text);
    }

    fn write(&self, text: &mut String) -> std::fmt::Result {
        writeln!(text, "# TYPE ownkey_webhook_attempts_total counter")?;
        for (outcome, count) in OUTCOMES.iter().zip(&self.attempts) {
            let count = count.load(Ordering::Relaxed);
            writeln!(text, "ownkey_webhook_attempts_total{{outcome=\"{outcome}\"}} {count}")?;
        }
        writeln!(text, "# TYPE ownkey_webhook_messages_waiting gauge")?;
        writeln!(text, "ownkey_webhook_messages_waiting {}", self.waiting.load(Ordering::Relaxed))
    }
}
