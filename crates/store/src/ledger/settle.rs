//! Settlement of calls that have ended: part of the transaction that takes their receipts over.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicI64, Ordering};

use ownkey_domain::id::RequestId;
use ownkey_domain::ledger::{Amount, Charge};
use ownkey_domain::money::MicroCredits;
use ownkey_domain::receipt::Receipt;
use ownkey_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::book::{OpenBook, without_hold};
use super::rows::{EvidenceRow, NOTE_EVIDENCE};
use crate::Result;
use crate::db::Tx;

/// What a call under way is known to cost by now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Evidence {
    /// The call.
    pub request: RequestId,
    /// What it would be charged.
    pub so_far: Charge,
}

/// Sums up what was overrun since the start.
#[derive(Debug, Default)]
pub(crate) struct Overrun(AtomicI64);

impl Overrun {
    /// So much more, once it is committed.
    pub fn add(&self, more: Amount) {
        if !more.is_zero() {
            tracing::warn!(micro_credits = more.get(), "calls cost more than their workspaces have: the operator pays");
            self.0.fetch_add(more.get(), Ordering::Relaxed);
        }
    }

    pub fn so_far(&self) -> MicroCredits {
        MicroCredits::new(self.0.load(Ordering::Relaxed))
    }
}

/// Settles the calls of those receipts. What was overrun, in micro-credits.
pub(crate) async fn settle(tx: &mut Tx, receipts: &[Receipt]) -> Result<Amount> {
    let due = || receipts.iter().filter_map(|receipt| Some((receipt, receipt.settlement?)));
    let Some(now) = due().map(|(receipt, _)| ended_at(receipt)).max() else { return Ok(Amount::ZERO) };
    let requests: BTreeSet<_> = due().map(|(receipt, _)| receipt.id).collect();
    let workspaces = due().map(|(receipt, _)| receipt.workspace).collect();
    let mut open = OpenBook::open(tx, &workspaces, &requests, now).await?;
    let late = without_hold(&open.book, requests);
    open.read_charges(tx, late).await?;
    let overruns = due().map(|(receipt, settlement)| open.book.settle(receipt.id, receipt.workspace, &settlement));
    let overrun = overruns.fold(Amount::ZERO, |sum, more| sum.plus(more).unwrap_or(sum));
    open.save(tx, None).await?;
    Ok(overrun)
}

/// When a call ended.
fn ended_at(receipt: &Receipt) -> Timestamp {
    receipt.at.plus_millis(i64::try_from(receipt.timing.total_ms).unwrap_or(i64::MAX))
}

/// Notes what calls under way cost by now, the latest word last.
pub(crate) async fn note_evidence(tx: &mut Tx, evidence: &[Evidence], ended: &BTreeSet<RequestId>) -> Result<()> {
    let mut latest = BTreeMap::new();
    for seen in evidence.iter().filter(|seen| !ended.contains(&seen.request)) {
        let (credits, usd) = (seen.so_far.credit_amount().get(), seen.so_far.usd_amount().get());
        latest.insert(seen.request, EvidenceRow { request: seen.request.uuid(), credits, usd });
    }
    let rows: Vec<_> = latest.into_values().collect();
    NOTE_EVIDENCE.run(tx, &rows).await.map(drop)
}
