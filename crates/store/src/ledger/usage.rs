//! Use of metered services that happened elsewhere, such as minutes of calls: told to us, and booked once.

use std::collections::BTreeSet;

use ownkey_domain::id::WorkspaceId;
use ownkey_domain::ledger::Allowance;
use ownkey_domain::money::MicroCredits;
use ownkey_domain::receipt::Receipt;
use ownkey_domain::time::Timestamp;
use serde_json::Value;

use super::Ordered;
use super::book::OpenBook;
use super::settle::booked_at;
use crate::db::{Tx, on};
use crate::dialect::Partitions;
use crate::receipts::row::{INSERT_RECEIPTS, ReceiptRow};
use crate::usage::totals::{self, ADD_TOTALS};
use crate::{Result, Store, StoreError};

/// Use of a service that happened elsewhere.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceUsage {
    /// The product's own id of it: what is told again under the same one is booked once.
    pub id: String,
    /// Its receipt, with the settlement that charges it.
    pub receipt: Receipt,
    /// What the plan allows in the present period; it is granted first, if it was not.
    pub allowance: Option<Allowance>,
}

impl Store {
    /// Books it: the charge, the receipt and its totals in one transaction. What the workspace can't pay is the
    /// operator's overrun, since it has been used already. `asked` tells it from other usage of the same id, `answer` is
    /// what is answered, now and when it is told again.
    pub async fn book_usage(
        &self,
        usage: &ServiceUsage,
        (asked, answer): (&Value, &Value),
        now: Timestamp,
    ) -> Result<Ordered<()>> {
        let ServiceUsage { id, receipt, allowance } = usage;
        let workspace = receipt.workspace;
        let mut tx = self.inner.db.begin().await?;
        // It keeps others away, so whoever tells the same at the same time finds it below.
        let mut open = OpenBook::open(&mut tx, &BTreeSet::from([workspace]), &BTreeSet::new(), now).await?;
        if let Some(known) = known_before(&mut tx, workspace, id, asked).await? {
            tx.rollback().await?;
            return Ok(known);
        }
        if let Some(allowance) = allowance {
            open.book.allow(workspace, *allowance);
        }
        open.book.expire(workspace);
        let overrun = receipt.settlement.map(|settlement| open.book.settle(receipt.id, workspace, &settlement));
        open.save(&mut tx, None).await?;
        let overrun = overrun.unwrap_or_default();
        let receipt = &Receipt { overrun: MicroCredits::new(overrun.total().get()), ..receipt.clone() };
        let row = ReceiptRow::of(receipt)?;
        Partitions::default().ensure(&mut tx, [row.id].into_iter()).await?;
        if INSERT_RECEIPTS.run(&mut tx, vec![row]).await? != 1 {
            return Err(StoreError::RowCount("receipts"));
        }
        // It is booked now; where it happened in an earlier month, what that month came to is told already.
        let counted = Receipt { at: booked_at(receipt.at, now), ..receipt.clone() };
        ADD_TOTALS.run(&mut tx, totals::of(&[counted])).await?;
        remember(&mut tx, (workspace, id), (asked, answer), now).await?;
        tx.commit().await?;
        self.inner.overrun.add_told(overrun);
        Ok(Ordered::Done(()))
    }
}

/// Its place among the orders, where no idempotency key of an operator's is: those come in a header, which has no line
/// end.
fn key(id: &str) -> String {
    format!("service-usage\n{id}")
}

async fn known_before(tx: &mut Tx, workspace: WorkspaceId, id: &str, asked: &Value) -> Result<Option<Ordered<()>>> {
    const EXISTS: &str = "SELECT COUNT(*) FROM workspaces WHERE id = $1 AND deleted_at IS NULL";
    const SQL: &str = "SELECT asked, answer FROM orders WHERE workspace = $1 AND idempotency_key = $2";
    let (there,): (i64,) = on!(tx.on(), c => sqlx::query_as(EXISTS).bind(workspace.uuid()).fetch_one(c).await)?;
    if there == 0 {
        return Ok(Some(Ordered::NoWorkspace));
    }
    let row: Option<(String, String)> = on!(tx.on(), c => sqlx::query_as(SQL)
        .bind(workspace.uuid()).bind(key(id)).fetch_optional(c).await)?;
    let Some((before, answer)) = row else { return Ok(None) };
    let read = |text: &str| serde_json::from_str::<Value>(text).map_err(|_| StoreError::Corrupt("order"));
    let same = read(&before)? == *asked;
    Ok(Some(if same { Ordered::Repeated(read(&answer)?) } else { Ordered::KeyReused }))
}

async fn remember(
    tx: &mut Tx,
    (workspace, id): (WorkspaceId, &str),
    (asked, answer): (&Value, &Value),
    now: Timestamp,
) -> Result<()> {
    const SQL: &str = "INSERT INTO orders (workspace, idempotency_key, asked, answer, at) VALUES ($1, $2, $3, $4, $5)";
    on!(tx.on(), c => sqlx::query(SQL)
        .bind(workspace.uuid()).bind(key(id)).bind(asked.to_string()).bind(answer.to_string()).bind(now.millis())
        .execute(c).await.map(drop))?;
    Ok(())
}
