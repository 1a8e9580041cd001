//! As one JSON object.

use std::collections::BTreeMap;

use ownkey_domain::money::MicroCredits;
use ownkey_domain::time::Timestamp;
use ownkey_store::Entry;
use serde_json::json;

use super::pages::Form;
use super::{Month, PayerTotals, Tally};
use crate::ledger::EntryView;

/// The statement of a month.
#[expect(dead_code, reason = "says in OpenAPI what is written piece by piece")]
#[derive(utoipa::ToSchema)]
pub(crate) struct Statement {
    /// The month: `2026-11`.
    month: String,
    /// Its first moment.
    #[schema(value_type = String)]
    from: Timestamp,
    /// The first moment of the next one.
    #[schema(value_type = String)]
    to: Timestamp,
    /// What the calls add up to that came in in the month, and the use of services that was told in it, by who paid.
    usage: Vec<PayerTotals>,
    /// What there was at its start.
    #[schema(value_type = String)]
    opening_balance: MicroCredits,
    /// Each change, oldest first, with the balance after it.
    entries: Vec<EntryView>,
    /// What the changes of each kind add up to.
    #[schema(value_type = BTreeMap<String, String>)]
    totals: BTreeMap<String, MicroCredits>,
    /// What there was at its end, or is by now.
    #[schema(value_type = String)]
    closing_balance: MicroCredits,
}

/// Writes one.
pub(super) struct Json {
    pub month: Month,
    pub usage: Vec<PayerTotals>,
    pub opening: MicroCredits,
    pub is_first: bool,
}

impl Form for Json {
    fn head(&mut self) -> String {
        let Month { name, start, end } = &self.month;
        let head = json!({
            "month": name, "from": start, "to": end, "usage": self.usage, "opening_balance": self.opening,
        });
        let head = head.to_string();
        format!("{},\"entries\":[", head.strip_suffix('}').unwrap_or(&head))
    }

    fn entry(&mut self, entry: &Entry, balance: MicroCredits) -> String {
        let view = EntryView::from(Entry { balance, ..entry.clone() });
        let comma = if std::mem::take(&mut self.is_first) { "" } else { "," };
        format!("{comma}{}", json!(view))
    }

    fn tail(&mut self, tally: &Tally) -> String {
        format!("],\"totals\":{},\"closing_balance\":{}}}", json!(tally.by_kind), json!(tally.balance))
    }
}
