//! Holds that are open: money that calls under way have set aside.

use ownkey_domain::id::{NodeId, RequestId, WorkspaceId};
use ownkey_domain::ledger::Leg;
use ownkey_domain::time::Timestamp;
use uuid::Uuid;

use super::rows::read_legs;
use crate::db::on;
use crate::{Result, Store};

/// An open hold, for people to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenHold {
    /// Whose money.
    pub workspace: WorkspaceId,
    /// For which call.
    pub request: RequestId,
    /// The node that makes the call.
    pub node: NodeId,
    /// How much, and where.
    pub legs: Vec<Leg>,
    /// Since when.
    pub since: Timestamp,
}

impl Store {
    /// The open holds, oldest first.
    pub async fn open_holds(&self, limit: u32) -> Result<Vec<OpenHold>> {
        const SQL: &str = "SELECT workspace, request, node, legs, at FROM holds ORDER BY at, request LIMIT $1";
        let rows: Vec<(Uuid, Uuid, Uuid, String, i64)> =
            on!(self.inner.db.read(), c => sqlx::query_as(SQL).bind(i64::from(limit)).fetch_all(c).await)?;
        let hold = |(workspace, request, node, legs, since): (Uuid, Uuid, Uuid, String, i64)| {
            Ok(OpenHold {
                workspace: WorkspaceId::from_uuid(workspace),
                request: RequestId::from_uuid(request),
                node: NodeId::from_uuid(node),
                legs: read_legs(&legs)?,
                since: Timestamp::from_millis(since),
            })
        };
        rows.into_iter().map(hold).collect()
    }
}
