//! Settlement of calls that have ended: part of the transaction that takes their receipts over.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicI64, Ordering};

use ownkey_domain::id::{RequestId, WorkspaceId};
use ownkey_domain::ledger::{Amount, Charge, Overrun, Settlement};
use ownkey_domain::money::{MicroCredits, NanoUsd};
use ownkey_domain::period::Period;
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

/// Why the operator pays for a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OverrunReason {
    /// It cost more than was held, and its workspace had no more.
    BeyondCredits,
    /// Its provider told more than it can have used.
    Disbelieved,
    /// It had happened elsewhere when it was told.
    ServiceUsage,
}

impl OverrunReason {
    /// Every reason.
    pub const ALL: [Self; 3] = [Self::BeyondCredits, Self::Disbelieved, Self::ServiceUsage];

    /// Its name in metrics and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BeyondCredits => "beyond_credits",
            Self::Disbelieved => "disbelieved",
            Self::ServiceUsage => "service_usage",
        }
    }
}

/// Sums up what was overrun since the start, by reason.
#[derive(Debug, Default)]
pub(crate) struct Overruns([AtomicI64; OverrunReason::ALL.len()]);

impl Overruns {
    /// So much more of calls that were made here, once it is committed.
    pub fn add(&self, more: Overrun) {
        self.count(OverrunReason::BeyondCredits, more.unfunded);
        self.count(OverrunReason::Disbelieved, more.disbelieved);
    }

    /// So much more of use that was told afterwards.
    pub fn add_told(&self, more: Overrun) {
        self.count(OverrunReason::ServiceUsage, more.total());
    }

    fn count(&self, reason: OverrunReason, more: Amount) {
        if more.is_zero() {
            return;
        }
        tracing::warn!(
            micro_credits = more.get(),
            reason = reason.as_str(),
            "calls cost more than their workspaces are charged: the operator pays the rest"
        );
        let places = OverrunReason::ALL.iter().zip(&self.0);
        places.filter(|(of, _)| **of == reason).for_each(|(_, sum)| {
            sum.fetch_add(more.get(), Ordering::Relaxed);
        });
    }

    pub fn so_far(&self) -> impl Iterator<Item = (OverrunReason, MicroCredits)> + '_ {
        let amount = |sum: &AtomicI64| MicroCredits::new(sum.load(Ordering::Relaxed));
        OverrunReason::ALL.into_iter().zip(self.0.iter().map(amount))
    }
}

/// A call that counted in budgets with what it could cost at most, and of which it is known by now what it cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KnownLate {
    pub request: RequestId,
    pub workspace: WorkspaceId,
    pub usd: NanoUsd,
}

/// What has come of settling calls.
#[derive(Debug, Default)]
pub(crate) struct Settled {
    /// What was overrun by that.
    pub overrun: Overrun,
    /// What of each call's charge was overrun, if any.
    pub of_calls: BTreeMap<RequestId, MicroCredits>,
}

/// The book that is open for the calls of some receipts.
pub(crate) struct Settling(Option<OpenBook>);

impl Settling {
    /// Opens it: workspaces are locked before anything else is. It waits for receipts too that may tell what an earlier
    /// call cost.
    pub async fn begin(tx: &mut Tx, receipts: &[Receipt], now: Timestamp) -> Result<Self> {
        let touching = || receipts.iter().filter(|receipt| moves_books(receipt));
        let Some(ended) = touching().map(ended_at).max() else { return Ok(Self(None)) };
        let workspaces = touching().map(|receipt| receipt.workspace).collect();
        let requests = due(receipts).map(|(receipt, _)| receipt.id).collect();
        let open = OpenBook::open(tx, &workspaces, &requests, ended).await?;
        Ok(Self(Some(open.booked_at(booked_at(ended, now)))))
    }

    /// Settles the calls of those receipts, and brings to their cost those of which it is known late.
    pub async fn end(self, tx: &mut Tx, receipts: &[Receipt], late: &[KnownLate]) -> Result<Settled> {
        let Self(Some(mut open)) = self else { return Ok(Settled::default()) };
        let requests = due(receipts).map(|(receipt, _)| receipt.id).chain(late.iter().map(|known| known.request));
        let before = without_hold(&open.book, requests);
        open.read_charges(tx, before).await?;
        let mut settled = Settled::default();
        for (receipt, settlement) in due(receipts) {
            let more = open.book.settle(receipt.id, receipt.workspace, &settlement);
            settled.overrun = settled.overrun.and(more);
            let of_call = open.book.overrun_of(receipt.id, receipt.workspace);
            if !of_call.is_zero() {
                settled.of_calls.insert(receipt.id, MicroCredits::new(of_call.get()));
            }
        }
        for known in late {
            let charge = Charge { usd: known.usd, ..Charge::default() };
            open.book.settle(known.request, known.workspace, &Settlement { charge, ..Settlement::NOTHING });
        }
        open.save(tx, None).await?;
        Ok(settled)
    }
}

/// Whether to take a receipt over may move more than its own row and totals: it settles its call, or tells what an earlier
/// one cost.
pub(crate) const fn moves_books(receipt: &Receipt) -> bool {
    receipt.settlement.is_some() || receipt.response.is_some()
}

/// When that is booked which happened then: at that time, or now if its month (UTC) is over. The statement of a month
/// that has ended stays as it is.
pub(super) fn booked_at(happened: Timestamp, now: Timestamp) -> Timestamp {
    if happened < Period::month(now, None).start { now } else { happened }
}

fn due(receipts: &[Receipt]) -> impl Iterator<Item = (&Receipt, Settlement)> {
    receipts.iter().filter_map(|receipt| Some((receipt, receipt.settlement?)))
}

/// When a call ended.
fn ended_at(receipt: &Receipt) -> Timestamp {
    receipt.at.plus_millis(i64::try_from(receipt.timing.total_ms).unwrap_or(i64::MAX))
}

/// Notes what calls under way cost by now, the latest word last, but not of those that have ended.
pub(crate) async fn note_evidence(tx: &mut Tx, evidence: &[Evidence], ended: &[Receipt]) -> Result<()> {
    if evidence.is_empty() {
        return Ok(());
    }
    let ended: BTreeSet<_> = ended.iter().map(|receipt| receipt.id).collect();
    let mut latest = BTreeMap::new();
    for seen in evidence.iter().filter(|seen| !ended.contains(&seen.request)) {
        let (credits, usd) = (seen.so_far.credit_amount().get(), seen.so_far.usd_amount().get());
        latest.insert(seen.request, EvidenceRow { request: seen.request.uuid(), credits, usd });
    }
    NOTE_EVIDENCE.run(tx, latest.into_values().collect()).await.map(drop)
}
