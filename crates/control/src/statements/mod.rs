//! The statement of a month: what there was, what changed it, what was left; and what the month's calls cost, whoever
//! paid. A month may have millions of entries, so every form is written as they are read.

#![deny(clippy::as_conversions, clippy::float_arithmetic)]

mod csv;
pub(crate) mod get;
mod json;
mod jsonl;
mod pages;

use std::collections::BTreeMap;

use ownkey_domain::money::{CreditRate, MicroCredits, PicoUsd};
use ownkey_domain::period::Period;
use ownkey_domain::time::Timestamp;
use ownkey_store::{Entry, UsageKey, UsageRow};
use serde::Serialize;

/// A calendar month, in UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Month {
    /// As it is written: `2026-11`.
    name: String,
    start: Timestamp,
    end: Timestamp,
}

impl Month {
    /// Reads `2026-11`.
    fn parse(text: &str) -> Option<Self> {
        let start = Timestamp::parse_rfc3339(&format!("{text}-01T00:00:00Z")).filter(|_| text.len() == 7)?;
        let period = Period::month(start, None);
        Some(Self { name: text.to_owned(), start: period.start, end: period.end? })
    }
}

/// What the calls add up to that one of the two paid for.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub(crate) struct PayerTotals {
    /// `byok` or `managed`.
    payer: String,
    /// Calls.
    calls: u64,
    /// What they cost at list price, as far as that is known.
    #[schema(value_type = String)]
    cost_usd: PicoUsd,
    /// Calls whose cost is not known.
    unpriced: u64,
    /// What the workspace paid of `credits`, as its ledger has it.
    #[schema(value_type = String)]
    credits_paid: MicroCredits,
    /// What they cost in credits. The workspace paid that less `overrun_credits`.
    #[schema(value_type = String)]
    credits: MicroCredits,
    /// What of `credits` the operator paid: what the workspace did not have, and what its provider told beyond what a
    /// managed call can have used.
    #[schema(value_type = String)]
    overrun_credits: MicroCredits,
    /// What the same would have cost in credits, at the present rate: the list price times the markup. Null where no
    /// credit has a worth.
    #[schema(value_type = Option<String>)]
    credits_at_rate: Option<MicroCredits>,
}

impl PayerTotals {
    /// Of a row of usage by payer; calls that nobody paid for have none.
    fn of(row: UsageRow, rate: Option<&CreditRate>) -> Option<Self> {
        let UsageKey::Name(payer) = row.key else { return None };
        let totals = row.totals;
        Some(Self {
            payer,
            calls: totals.calls,
            cost_usd: totals.cost_usd,
            unpriced: totals.unpriced,
            credits_paid: totals.credits_paid(),
            credits: totals.credits,
            overrun_credits: totals.overrun,
            credits_at_rate: rate.and_then(|rate| rate.credits(totals.cost_usd)),
        })
    }
}

/// Sums up the entries that have gone by.
#[derive(Debug)]
struct Tally {
    balance: MicroCredits,
    by_kind: BTreeMap<String, MicroCredits>,
}

impl Tally {
    fn new(opening: MicroCredits) -> Self {
        Self { balance: opening, by_kind: BTreeMap::new() }
    }

    /// Counts an entry in, and tells the balance after it. What a process that died left may be entered late; each
    /// statement adds up all the same.
    fn count(&mut self, entry: &Entry) -> MicroCredits {
        self.balance = plus(self.balance, entry.change);
        let of_kind = self.by_kind.entry(entry.kind.clone()).or_default();
        *of_kind = plus(*of_kind, entry.change);
        self.balance
    }
}

fn plus(sum: MicroCredits, more: MicroCredits) -> MicroCredits {
    MicroCredits::new(sum.get().saturating_add(more.get()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_the_calendars() {
        let month = Month::parse("2026-12").unwrap();
        assert_eq!(month.start.to_string(), "2026-12-01T00:00:00.000Z");
        assert_eq!(month.end.to_string(), "2027-01-01T00:00:00.000Z");
        for text in ["", "2026", "2026-13", "2026-00", "2026-1", "26-01", "2026-011", "+026-01", "2026-11-01"] {
            assert_eq!(Month::parse(text), None, "{text}");
        }
    }
}
