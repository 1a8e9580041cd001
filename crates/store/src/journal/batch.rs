//! A batch of receipts in one transaction: responses, rows, totals, last uses, and the position, which guards against
//! doing it twice.

use std::collections::HashSet;

use ownkey_domain::receipt::Receipt;
use ownkey_domain::time::Timestamp;
use tokio::task::yield_now;
use uuid::Uuid;

use super::last_use::{LastUses, Written};
use super::{Position, kill};
use crate::db::{Tx, on};
use crate::dialect::Partitions;
use crate::ledger::{self, Evidence, Settling};
use crate::receipts::interrupted;
use crate::receipts::row::{INSERT_RECEIPTS, ReceiptRow};
use crate::usage::totals::{ADD_TOTALS, Totals, TotalsRow};
use crate::{Result, Store, StoreError, responses};

/// Rows that are made and inserted together.
const PART: usize = 128;

/// From where to where a batch takes a journal.
#[derive(Clone, Copy)]
pub(super) struct Step<'b> {
    pub journal: Uuid,
    /// What calls under way cost by then.
    pub evidence: &'b [Evidence],
    pub from: Position,
    pub upto: Position,
    /// When.
    pub now: Timestamp,
}

/// What the database need not be asked again.
#[derive(Default)]
pub(super) struct Known {
    pub partitions: Partitions,
    pub last_uses: LastUses,
}

/// Commits those receipts; `Duplicate` if one of them is there already, and then nothing is changed. Returns what is known
/// by that: the partitions that were made for them, and last uses.
pub(super) async fn commit(
    store: &Store,
    receipts: &[Receipt],
    step: &Step<'_>,
    known: &Known,
) -> Result<(Partitions, Written)> {
    let mut tx = store.inner.db.begin().await?;
    // First, since it locks workspaces, as whatever touches the ledger does.
    let settling = Settling::begin(&mut tx, receipts, step.now).await?;
    let (mut receipts, late) = responses::take_over(&mut tx, receipts).await?;
    kill::point("takeover_responses");
    let settled = settling.end(&mut tx, &receipts, &late).await?;
    kill::point("takeover_settled");
    ledger::note_evidence(&mut tx, step.evidence, &receipts).await?;
    if !settled.of_calls.is_empty() {
        for receipt in receipts.to_mut() {
            receipt.overrun = settled.of_calls.get(&receipt.id).copied().unwrap_or_default();
        }
    }
    let receipts = &*receipts;
    let made = known.partitions.ensure(&mut tx, receipts.iter().map(|receipt| receipt.id.uuid())).await?;
    let mut inserted = insert(&mut tx, receipts).await?;
    let is_all = |inserted: u64| usize::try_from(inserted).ok() == Some(receipts.len());
    let withdrawn = if is_all(inserted) { Vec::new() } else { interrupted::withdraw(&mut tx, receipts).await? };
    if !withdrawn.is_empty() {
        inserted = inserted.saturating_add(insert(&mut tx, receipts).await?);
    }
    if !is_all(inserted) {
        tx.rollback().await?;
        return Err(StoreError::Duplicate("receipt"));
    }
    kill::point("takeover_rows");
    ADD_TOTALS.run(&mut tx, totals(receipts, &withdrawn).await).await?;
    kill::point("takeover_totals");
    let used = known.last_uses.write(&mut tx, receipts).await?;
    move_position(&mut tx, step).await?;
    kill::point("takeover_before_commit");
    tx.commit().await?;
    store.inner.overrun.add(settled.overrun);
    Ok((made, used))
}

/// Inserts those that are not there yet; how many. Part by part: rows are made where calls are answered, and those would
/// wait for milliseconds while all of a batch are made.
async fn insert(tx: &mut Tx, receipts: &[Receipt]) -> Result<u64> {
    let mut inserted = 0;
    for part in receipts.chunks(PART) {
        let rows = part.iter().map(ReceiptRow::of).collect::<Result<Vec<_>>>()?;
        inserted += INSERT_RECEIPTS.run(tx, rows).await?;
    }
    Ok(inserted)
}

/// What they add up to, less those that were withdrawn. Part by part as well.
async fn totals(receipts: &[Receipt], withdrawn: &[Receipt]) -> Vec<TotalsRow> {
    let mut totals = Totals::default();
    for part in receipts.chunks(PART) {
        totals.add(part);
        yield_now().await;
    }
    totals.take_away(withdrawn);
    totals.into_rows()
}

/// The receipts that are not in the database yet. One statement each: this happens only when a journal is read
/// again, after the database was restored from an older copy.
pub(super) async fn without_known(store: &Store, receipts: &[Receipt]) -> Result<Vec<Receipt>> {
    let mut seen = HashSet::new();
    let mut fresh = Vec::new();
    for receipt in receipts {
        let key = (receipt.workspace, receipt.id);
        let known = store.find_receipt(key).await?;
        if known.is_none_or(|known| known.is_interrupted()) && seen.insert(key) {
            fresh.push(receipt.clone());
        }
    }
    Ok(fresh)
}

/// Gives a journal its position, the very start, unless it has one.
pub(super) async fn insert_position(store: &Store, journal: Uuid) -> Result<()> {
    const SQL: &str =
        "INSERT INTO journal_position (journal, segment, byte_offset) VALUES ($1, 0, 0) ON CONFLICT DO NOTHING";
    let mut tx = store.inner.db.begin().await?;
    on!(tx.on(), c => sqlx::query(SQL).bind(journal).execute(c).await.map(drop))?;
    tx.commit().await
}

/// How far a journal is taken over.
pub(super) async fn read_position(store: &Store, journal: Uuid) -> Result<Position> {
    const SQL: &str = "SELECT segment, byte_offset FROM journal_position WHERE journal = $1";
    let (segment, offset): (i64, i64) =
        on!(store.inner.db.read(), c => sqlx::query_as(SQL).bind(journal).fetch_one(c).await)?;
    let corrupt = |_| StoreError::Corrupt("journal position");
    Ok(Position { segment: segment.try_into().map_err(corrupt)?, offset: offset.try_into().map_err(corrupt)? })
}

/// Moves a position on, only from where this takeover knows it: a batch that is committed already can't be
/// committed again.
async fn move_position(tx: &mut Tx, step: &Step<'_>) -> Result<()> {
    const SQL: &str = "UPDATE journal_position SET segment = $2, byte_offset = $3 \
        WHERE journal = $1 AND segment = $4 AND byte_offset = $5";
    let Step { journal, from, upto, .. } = step;
    let moved = on!(tx.on(), c => sqlx::query(SQL)
        .bind(journal).bind(i64::from(upto.segment)).bind(i64::from(upto.offset))
        .bind(i64::from(from.segment)).bind(i64::from(from.offset))
        .execute(c).await.map(|r| r.rows_affected()))?;
    if moved == 1 { Ok(()) } else { Err(StoreError::RowCount("journal_position")) }
}
