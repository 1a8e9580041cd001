//! Receipts that were completed for processes that died. The process may have written the true one all the same, into a
//! journal that was not read yet.

use ownkey_domain::receipt::Receipt;

use super::ONE;
use super::row::ReceiptRow;
use crate::Result;
use crate::db::{Tx, on};

/// Takes away those of these calls, to make room for the true ones. One statement each: this happens only when a node
/// was taken for dead. Returns them.
pub(crate) async fn withdraw(tx: &mut Tx, receipts: &[Receipt]) -> Result<Vec<Receipt>> {
    const SQL: &str = "DELETE FROM receipts WHERE workspace = $1 AND id = $2";
    let mut withdrawn = Vec::new();
    for receipt in receipts {
        let (workspace, id) = (receipt.workspace.uuid(), receipt.id.uuid());
        let row: Option<ReceiptRow> =
            on!(tx.on(), c => sqlx::query_as(ONE).bind(workspace).bind(id).fetch_optional(c).await)?;
        let known = row.map(Receipt::try_from).transpose()?;
        let Some(known) = known.filter(|known| known.is_interrupted() && !receipt.is_interrupted()) else { continue };
        on!(tx.on(), c => sqlx::query(SQL).bind(workspace).bind(id).execute(c).await.map(drop))?;
        withdrawn.push(known);
    }
    Ok(withdrawn)
}
