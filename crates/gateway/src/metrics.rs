//! Counters of the data plane, in the Prometheus text format. Labels come from closed sets only: never an id, a
//! model name or anything a caller wrote.

use std::fmt::Write;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use ownkey_domain::ledger::Shortage;
use ownkey_domain::payer::PayerKind;
use ownkey_domain::provider::Provider;
use ownkey_domain::receipt::{Outcome, Receipt};

use crate::ledger::HoldRefused;

const PAYERS: [Option<PayerKind>; 3] = [Some(PayerKind::Byok), Some(PayerKind::Managed), None];
const OUTCOMES: [Outcome; 4] = [Outcome::Complete, Outcome::Failed, Outcome::Cancelled, Outcome::Refused];

const REFUSALS: [&str; 3] = ["insufficient_credits", "budget_exceeded", "away"];

/// What the data plane counts.
#[derive(Debug, Default)]
pub struct Metrics {
    calls: [[AtomicU64; OUTCOMES.len()]; PAYERS.len()],
    open: AtomicI64,
    unrecorded: AtomicU64,
    managed_unpriced: AtomicU64,
    holds_refused: [AtomicU64; REFUSALS.len()],
    holds_extended: AtomicU64,
    streams_cut: AtomicU64,
    answers_drained: AtomicU64,
    costs_estimated: AtomicU64,
    services_untold: AtomicU64,
    /// By provider.
    usage_unheard: [AtomicU64; Provider::ALL.len()],
    /// By outcome.
    managed_unfinished: [AtomicU64; OUTCOMES.len()],
}

impl Metrics {
    /// A call began.
    pub fn opened(&self) {
        self.open.fetch_add(1, Ordering::Relaxed);
    }

    /// A call ended with this receipt.
    pub fn closed(&self, receipt: &Receipt) {
        self.open.fetch_sub(1, Ordering::Relaxed);
        let payer = PAYERS.iter().position(|p| *p == receipt.payer);
        let outcome = OUTCOMES.iter().position(|o| *o == receipt.outcome);
        if let (Some(payer), Some(outcome)) = (payer, outcome) {
            self.calls[payer][outcome].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A managed call ended without a measured cost, and may be on the provider's bill all the same.
    pub fn unpriced(&self, outcome: Outcome) {
        if outcome == Outcome::Complete {
            self.managed_unpriced.fetch_add(1, Ordering::Relaxed);
        } else if let Some(outcome) = OUTCOMES.iter().position(|o| *o == outcome) {
            self.managed_unfinished[outcome].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A hold was refused, or a longer one.
    pub fn hold_refused(&self, refused: HoldRefused) {
        let reason = match refused {
            HoldRefused::Short(Shortage::Credits { .. }) => "insufficient_credits",
            HoldRefused::Short(Shortage::Budget { .. }) => "budget_exceeded",
            HoldRefused::Away => "away",
        };
        if let Some(reason) = REFUSALS.iter().position(|known| *known == reason) {
            self.holds_refused[reason].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The hold of a stream was extended.
    pub fn extended(&self) {
        self.holds_extended.fetch_add(1, Ordering::Relaxed);
    }

    /// A stream was cut where its hold ended.
    pub fn cut(&self) {
        self.streams_cut.fetch_add(1, Ordering::Relaxed);
    }

    /// The rest of an answer was read whose caller had left.
    pub fn drained(&self) {
        self.answers_drained.fetch_add(1, Ordering::Relaxed);
    }

    /// The cost of a call was estimated.
    pub fn estimated(&self) {
        self.costs_estimated.fetch_add(1, Ordering::Relaxed);
    }

    /// A metered service did not tell how much was used.
    pub fn untold(&self) {
        self.services_untold.fetch_add(1, Ordering::Relaxed);
    }

    /// An answer of that provider told of something it used that nobody here knows.
    pub fn unheard(&self, provider: Provider) {
        if let Some(provider) = Provider::ALL.iter().position(|known| *known == provider) {
            self.usage_unheard[provider].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A receipt could not be written down.
    pub fn unrecorded(&self) {
        self.unrecorded.fetch_add(1, Ordering::Relaxed);
    }

    /// Calls that are open now.
    pub fn open_calls(&self) -> i64 {
        self.open.load(Ordering::Relaxed)
    }

    /// Appends the text form.
    pub fn render(&self, out: &mut String) {
        out.push_str("# HELP ownkey_calls_total Calls by payer and outcome.\n# TYPE ownkey_calls_total counter\n");
        for (payer, row) in PAYERS.iter().zip(&self.calls) {
            let payer = payer.map_or("none", PayerKind::as_str);
            for (outcome, count) in OUTCOMES.iter().zip(row) {
                let count = count.load(Ordering::Relaxed);
                let outcome = outcome.as_str();
                let _ = writeln!(out, "ownkey_calls_total{{payer=\"{payer}\",outcome=\"{outcome}\"}} {count}");
            }
        }
        gauge(out, "ownkey_calls_open", "Calls that are open now.", self.open_calls());
        counter(out, "ownkey_receipts_unrecorded_total", "Receipts the journal refused.", &self.unrecorded);
        let (name, help) = ("ownkey_holds_refused_total", "Holds that were refused, or not extended.");
        let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} counter");
        for (reason, count) in REFUSALS.iter().zip(&self.holds_refused) {
            let _ = writeln!(out, "{name}{{reason=\"{reason}\"}} {}", count.load(Ordering::Relaxed));
        }
        counter(out, "ownkey_holds_extended_total", "Holds of streams that were extended.", &self.holds_extended);
        counter(out, "ownkey_streams_cut_total", "Streams that were cut where their hold ended.", &self.streams_cut);
        let help = "Answers whose rest was read for what they cost when their callers had left.";
        counter(out, "ownkey_answers_drained_total", help, &self.answers_drained);
        counter(out, "ownkey_costs_estimated_total", "Calls whose cost is an estimate.", &self.costs_estimated);
        let help = "Managed calls that were answered in whole and have no measured cost.";
        counter(out, "ownkey_managed_unpriced_total", help, &self.managed_unpriced);
        let help = "Calls of metered services whose answers did not tell how much was used.";
        counter(out, "ownkey_services_untold_total", help, &self.services_untold);
        let name = "ownkey_usage_unknown_members_total";
        let help = "Answers whose usage has numbers that nobody here knows, so that their cost may not be all.";
        let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} counter");
        for (provider, count) in Provider::ALL.iter().zip(&self.usage_unheard) {
            let _ = writeln!(out, "{name}{{provider=\"{provider}\"}} {}", count.load(Ordering::Relaxed));
        }
        let (name, help) =
            ("ownkey_managed_unfinished_total", "Managed calls that ended early and have no measured cost.");
        let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} counter");
        for (outcome, count) in OUTCOMES.iter().zip(&self.managed_unfinished) {
            if matches!(outcome, Outcome::Cancelled | Outcome::Failed) {
                let (outcome, count) = (outcome.as_str(), count.load(Ordering::Relaxed));
                let _ = writeln!(out, "{name}{{outcome=\"{outcome}\"}} {count}");
            }
        }
    }
}

fn counter(out: &mut String, name: &str, help: &str, value: &AtomicU64) {
    let value = value.load(Ordering::Relaxed);
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} counter\n{name} {value}");
}

fn gauge(out: &mut String, name: &str, help: &str, value: i64) {
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}");
}
