//! Holds that are open: money that calls under way have set aside.

use ownkey_domain::id::{RequestId, WorkspaceId};
use ownkey_domain::time::Timestamp;
use uuid::Uuid;

use crate::db::on;
use crate::{Result, Store};

/// An open hold, for people to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenHold {
    /// Whose money.
    pub workspace: WorkspaceId,
    /// For which call.
    pub request: RequestId,
    /// What the amount counts.
    pub asset: String,
    /// How much, in the smallest unit.
    pub amount: i64,
    /// Since when.
    pub since: Timestamp,
}

impl Store {
    /// The open holds, oldest first.
    pub async fn open_holds(&self, limit: u32) -> Result<Vec<OpenHold>> {
        const SQL: &str = "SELECT workspace, request, asset, amount, created_at FROM holds \
            WHERE state = 'pending' ORDER BY created_at, id LIMIT $1";
        let rows: Vec<(Uuid, Uuid, String, i64, i64)> =
            on!(self.inner.db.read(), c => sqlx::query_as(SQL).bind(i64::from(limit)).fetch_all(c).await)?;
        let hold = |(workspace, request, asset, amount, since)| OpenHold {
            workspace: WorkspaceId::from_uuid(workspace),
            request: RequestId::from_uuid(request),
            asset,
            amount,
            since: Timestamp::from_millis(since),
        };
        Ok(rows.into_iter().map(hold).collect())
    }
}
