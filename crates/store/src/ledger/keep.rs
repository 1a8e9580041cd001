//! Holds of processes that died. A node says now and then that it lives; when it has not for a while, whoever finds its
//! holds ends them by the rule: what the call was known to cost when it was last written down, or nothing if its
//! request never went out. The receipt of each is completed from what was written of it, so that the book of charges and
//! the receipts agree; should the true one come after all, it takes that one's place.

use std::collections::BTreeSet;
use std::time::Duration;

use ownkey_domain::id::{NodeId, RequestId, WorkspaceId};
use ownkey_domain::ledger::{Charge, Funds, Overrun, Settlement};
use ownkey_domain::money::{MicroCredits, NanoUsd};
use ownkey_domain::payer::PayerKind;
use ownkey_domain::receipt::Receipt;
use ownkey_domain::time::Timestamp;
use sqlx::FromRow;
use uuid::Uuid;

use super::book::OpenBook;
use super::writer::funds_named;
use crate::db::{Tx, on};
use crate::dialect::Partitions;
use crate::receipts::row::{INSERT_RECEIPTS, ReceiptRow};
use crate::usage::totals::{self, ADD_TOTALS};
use crate::{Result, Store, StoreError, dialect, json};

/// How long a node counts as alive after it last said so.
pub const NODE_LEASE: Duration = Duration::from_secs(30);
/// Holds ended in one transaction.
const BATCH: i64 = 256;
/// Most drafts fit into that many bytes.
const USUAL_DRAFT: usize = 1 << 10;

/// A process that serves calls over this database, or did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeRecord {
    /// The journal that it writes.
    pub id: NodeId,
    /// Whether it has said of late that it lives.
    pub alive: bool,
    /// When it last said so, by the clock of the database.
    pub seen_at: Timestamp,
}

#[derive(FromRow)]
struct DeadRow {
    request: Uuid,
    workspace: Uuid,
    funds: String,
    evidence_credits: Option<i64>,
    evidence_usd: Option<i64>,
    draft: Option<String>,
    at: i64,
}

macro_rules! held {
    ($where:literal) => {
        concat!("SELECT request, workspace, funds, evidence_credits, evidence_usd, draft, at FROM holds WHERE ", $where)
    };
}

impl Store {
    /// Says that a node lives.
    pub async fn node_lives(&self, node: NodeId) -> Result<()> {
        const SQL: &str = "INSERT INTO nodes (id, lease_until) VALUES ($1, $2) \
            ON CONFLICT (id) DO UPDATE SET lease_until = excluded.lease_until";
        let mut tx = self.inner.db.begin().await?;
        let lease = i64::try_from(NODE_LEASE.as_millis()).unwrap_or(i64::MAX);
        let until = dialect::now(&mut tx).await?.saturating_add(lease);
        on!(tx.on(), c => sqlx::query(SQL).bind(node.uuid()).bind(until).execute(c).await.map(drop))?;
        tx.commit().await
    }

    /// The nodes that live or lived, those that were seen last first.
    pub async fn nodes(&self, limit: u32) -> Result<Vec<NodeRecord>> {
        const SQL: &str = "SELECT id, lease_until FROM nodes ORDER BY lease_until DESC, id LIMIT $1";
        let mut tx = self.inner.db.begin().await?;
        let now = dialect::now(&mut tx).await?;
        let rows: Vec<(Uuid, i64)> = on!(tx.on(), c => sqlx::query_as(SQL).bind(i64::from(limit)).fetch_all(c).await)?;
        tx.rollback().await?;
        let lease = i64::try_from(NODE_LEASE.as_millis()).unwrap_or(i64::MAX);
        let node = |(id, until): (Uuid, i64)| NodeRecord {
            id: NodeId::from_uuid(id),
            alive: until >= now,
            seen_at: Timestamp::from_millis(until.saturating_sub(lease)),
        };
        Ok(rows.into_iter().map(node).collect())
    }

    /// The calls that a node holds something for. Asked at its start, before it takes calls, it tells what an earlier
    /// process of the same node left.
    pub async fn held_by(&self, node: NodeId) -> Result<Vec<RequestId>> {
        const SQL: &str = "SELECT request FROM holds WHERE node = $1";
        let rows: Vec<(Uuid,)> =
            on!(self.inner.db.read(), c => sqlx::query_as(SQL).bind(node.uuid()).fetch_all(c).await)?;
        Ok(rows.into_iter().map(|(request,)| RequestId::from_uuid(request)).collect())
    }

    /// Ends what an earlier process of this node left open, once all its receipts are taken over: those that have one
    /// are settled by it. How many there were.
    pub async fn end_left(&self, left: &[RequestId], now: Timestamp) -> Result<usize> {
        const SQL: &str = held!("request = $1");
        let mut ended = 0;
        for request in left {
            let mut tx = self.inner.db.begin().await?;
            let row: Option<DeadRow> =
                on!(tx.on(), c => sqlx::query_as(SQL).bind(request.uuid()).fetch_optional(c).await)?;
            let (count, overrun) = end(&mut tx, row.into_iter().collect(), now).await?;
            tx.commit().await?;
            self.inner.overrun.add(overrun);
            ended += count;
        }
        Ok(ended)
    }

    /// Ends what nodes hold that are dead. How many there were.
    pub async fn end_dead(&self, now: Timestamp) -> Result<usize> {
        const SQL: &str =
            held!("NOT EXISTS (SELECT 1 FROM nodes WHERE nodes.id = holds.node AND nodes.lease_until >= $1) LIMIT $2");
        let mut tx = self.inner.db.begin().await?;
        let at = dialect::now(&mut tx).await?;
        let rows: Vec<DeadRow> = on!(tx.on(), c => sqlx::query_as(SQL).bind(at).bind(BATCH).fetch_all(c).await)?;
        let (ended, overrun) = end(&mut tx, rows, now).await?;
        tx.commit().await?;
        self.inner.overrun.add(overrun);
        Ok(ended)
    }
}

/// Ends those holds. How many there were, and what was overrun by that.
async fn end(tx: &mut Tx, rows: Vec<DeadRow>, now: Timestamp) -> Result<(usize, Overrun)> {
    let mut all_overrun = Overrun::default();
    if rows.is_empty() {
        return Ok((0, all_overrun));
    }
    let requests = rows.iter().map(|row| RequestId::from_uuid(row.request)).collect();
    let workspaces: BTreeSet<_> = rows.iter().map(|row| WorkspaceId::from_uuid(row.workspace)).collect();
    let mut open = OpenBook::open(tx, &workspaces, &requests, now).await?;
    let mut receipts = Vec::new();
    for row in rows {
        let request = RequestId::from_uuid(row.request);
        // Read again under the lock: its receipt may have come meanwhile.
        if !open.book.holds().any(|(held, ..)| held == request) {
            continue;
        }
        let noted = row.noted();
        let draft = row.draft()?;
        let funds = funds_named(&row.funds)?;
        // Managed access on which no credits are drawn is what the plan includes.
        let included = funds == Funds::None && draft.payer == Some(PayerKind::Managed);
        let settlement = Settlement { charge: noted.unwrap_or_default(), funds, included, ..Settlement::NOTHING };
        all_overrun = all_overrun.and(open.book.settle(request, draft.workspace, &settlement));
        let overrun = MicroCredits::new(open.book.overrun_of(request, draft.workspace).get());
        receipts.push(Receipt { overrun, ..draft.interrupted(noted) });
    }
    open.save(tx, None).await?;
    record(tx, &receipts).await?;
    Ok((receipts.len(), all_overrun))
}

/// Writes them down, with their totals. A call whose caller left before its hold was committed may have one already.
async fn record(tx: &mut Tx, receipts: &[Receipt]) -> Result<()> {
    Partitions::default().ensure(tx, receipts.iter().map(|receipt| receipt.id.uuid())).await?;
    let mut new = Vec::new();
    for receipt in receipts {
        if INSERT_RECEIPTS.run(tx, vec![ReceiptRow::of(receipt)?]).await? == 1 {
            new.push(receipt.clone());
        }
    }
    ADD_TOTALS.run(tx, totals::of(&new)).await.map(drop)
}

impl DeadRow {
    /// What was last written down of it.
    fn noted(&self) -> Option<Charge> {
        let (credits, usd) = (self.evidence_credits?, self.evidence_usd?);
        Some(Charge { credits: MicroCredits::new(credits), usd: NanoUsd::new(usd) })
    }

    /// Its receipt, as far as it was written. Holds of older versions have none.
    fn draft(&self) -> Result<Receipt> {
        let (id, workspace) = (RequestId::from_uuid(self.request), WorkspaceId::from_uuid(self.workspace));
        match &self.draft {
            Some(text) => serde_json::from_str(text).map_err(|_| StoreError::Corrupt("hold")),
            None => Ok(Receipt::draft(id, Timestamp::from_millis(self.at), workspace, String::new())),
        }
    }
}

/// The draft of a receipt, as the column of its hold keeps it.
pub(super) fn write_draft(draft: &Receipt) -> Result<String> {
    json::text(draft, USUAL_DRAFT).map_err(|_| StoreError::Unstorable("hold"))
}
