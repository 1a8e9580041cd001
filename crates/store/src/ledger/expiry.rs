//! Credits that expire while nobody uses them.

use std::collections::BTreeSet;

use ownkey_domain::id::WorkspaceId;
use ownkey_domain::time::Timestamp;
use uuid::Uuid;

use super::book::OpenBook;
use crate::db::on;
use crate::{Result, Store};

impl Store {
    /// Books what has expired by now, of some workspaces. How many; ask again until there are none.
    pub async fn book_expired(&self, now: Timestamp) -> Result<usize> {
        const SQL: &str = "SELECT DISTINCT workspace FROM accounts WHERE closed_at IS NULL AND expires_at <= $1 \
            AND no_overdraft = 1 AND debits_pending = 0 AND debits_posted < credits_posted LIMIT 64";
        let rows: Vec<(Uuid,)> =
            on!(self.inner.db.read(), c => sqlx::query_as(SQL).bind(now.millis()).fetch_all(c).await)?;
        let workspaces: BTreeSet<_> = rows.into_iter().map(|(id,)| WorkspaceId::from_uuid(id)).collect();
        if workspaces.is_empty() {
            return Ok(0);
        }
        let mut tx = self.inner.db.begin().await?;
        let mut open = OpenBook::open(&mut tx, &workspaces, &BTreeSet::new(), now).await?;
        workspaces.iter().for_each(|workspace| open.book.expire(*workspace));
        open.save(&mut tx, None).await?;
        tx.commit().await?;
        Ok(workspaces.len())
    }
}
