//! As CSV (RFC 4180), for spreadsheets.

use ownkey_domain::id::RequestId;
use ownkey_domain::money::MicroCredits;
use ownkey_domain::time::Timestamp;
use ownkey_store::Entry;

use super::pages::Form;
use super::{Month, Tally};
use crate::credits::purse_name;
use crate::download::field;

const HEADER: &str = "seq,at,kind,change,balance,grant,request,request_at,reason\r\n";

/// Writes one: a line for what there was, one for each change, one for what is left.
pub(super) struct Csv {
    pub month: Month,
    pub opening: MicroCredits,
}

impl Form for Csv {
    fn head(&mut self) -> String {
        format!("{HEADER}{}", balance(self.month.start, "opening", self.opening))
    }

    fn entry(&mut self, entry: &Entry, balance: MicroCredits) -> String {
        let Entry { seq, at, kind, change, purse, .. } = entry;
        let request = entry.request.map(|request| request.to_string()).unwrap_or_default();
        let request_at = entry.request.and_then(RequestId::made_at).map(|at| at.to_string()).unwrap_or_default();
        let reason = field(entry.reason.as_deref().unwrap_or_default());
        format!("{seq},{at},{kind},{change},{balance},{},{request},{request_at},{reason}\r\n", purse_name(*purse))
    }

    fn tail(&mut self, tally: &Tally) -> String {
        balance(self.month.end, "closing", tally.balance)
    }
}

fn balance(at: Timestamp, kind: &str, balance: MicroCredits) -> String {
    format!(",{at},{kind},,{balance},,,,\r\n")
}
