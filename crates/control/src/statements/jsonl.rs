//! As lines of JSON: what the CSV has, for programs that read line by line.

use ownkey_domain::money::MicroCredits;
use ownkey_domain::time::Timestamp;
use ownkey_store::Entry;
use serde_json::json;

use super::pages::Form;
use super::{Month, Tally};
use crate::ledger::EntryView;

/// Writes one: a line for what there was, one for each change, one for what is left.
pub(super) struct JsonLines {
    pub month: Month,
    pub opening: MicroCredits,
}

impl Form for JsonLines {
    fn head(&mut self) -> String {
        balance(self.month.start, "opening", self.opening)
    }

    fn entry(&mut self, entry: &Entry, balance: MicroCredits) -> String {
        let view = EntryView::from(Entry { balance, ..entry.clone() });
        format!("{}\n", json!(view))
    }

    fn tail(&mut self, tally: &Tally) -> String {
        balance(self.month.end, "closing", tally.balance)
    }
}

fn balance(at: Timestamp, kind: &str, balance: MicroCredits) -> String {
    format!("{}\n", json!({"at": at, "kind": kind, "balance": balance}))
}
