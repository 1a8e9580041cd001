//! What a run of the driver tells.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use crate::client::{Failure, Timed};

/// The times of one caller's answers, and its failures by reason.
#[derive(Default)]
pub struct Report {
    first: Vec<Duration>,
    total: Vec<Duration>,
    gap: Vec<Duration>,
    failures: BTreeMap<String, u64>,
}

impl Report {
    pub fn answered(&mut self, answer: &Timed) {
        self.first.push(answer.first);
        self.total.push(answer.total);
        self.gap.push(answer.gap);
    }

    pub fn failed(&mut self, failure: &Failure) {
        *self.failures.entry(failure.to_string()).or_default() += 1;
    }

    pub fn add(&mut self, other: Self) {
        self.first.extend(other.first);
        self.total.extend(other.total);
        self.gap.extend(other.gap);
        for (reason, count) in other.failures {
            *self.failures.entry(reason).or_default() += count;
        }
    }

    pub fn told(self, took: Duration) -> Value {
        json!({
            "calls": self.total.len(),
            "failures": self.failures,
            "seconds": took.as_secs_f64(),
            "first_us": percentiles(self.first),
            "total_us": percentiles(self.total),
            "gap_us": percentiles(self.gap),
        })
    }
}

fn percentiles(mut times: Vec<Duration>) -> Value {
    times.sort_unstable();
    let at = |percent: usize| {
        let place = times.len().saturating_sub(1) * percent / 100;
        times.get(place).map(|time| time.as_secs_f64() * 1e6)
    };
    json!({"p50": at(50), "p90": at(90), "p99": at(99), "max": at(100)})
}
