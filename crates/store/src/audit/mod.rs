//! The audit log: one chain of events for each workspace and one for the operator, each event sealed by a MAC
//! over itself and the MAC before it.

mod anchor;
pub(crate) mod chain;
mod verify;

use std::sync::Arc;

use ownkey_domain::id::{AuditId, WorkspaceId};
use ownkey_domain::time::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use crate::db::on;
use crate::{By, Page, Result, Store, StoreError, page};
use chain::EventRow;
pub use verify::{AuditCheck, AuditPart};

/// The MAC of the audit chains, under a key that the store never sees.
pub type AuditMac = Arc<dyn Fn(&[u8]) -> [u8; 32] + Send + Sync>;

/// Something to note in the audit log. Never a secret.
#[derive(Debug, Clone)]
pub struct Note {
    /// In whose log; `None` is the operator's own.
    pub workspace: Option<WorkspaceId>,
    /// What was done, such as `credential.rotate`.
    pub action: &'static str,
    /// To what: an id, or a name.
    pub object: String,
    /// What else people should know.
    pub detail: Value,
}

/// An event of the audit log.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEvent {
    /// Its id.
    pub id: AuditId,
    /// In whose log; `None` is the operator's own.
    pub workspace: Option<WorkspaceId>,
    /// Its place in that log, from 1, without gaps.
    pub seq: u64,
    /// When it happened.
    pub at: Timestamp,
    /// Who did it: `operator`, `system`, or the id of a platform key or of a person.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// To what.
    pub object: String,
    /// What else people should know.
    pub detail: Value,
}

/// Which events of an audit log to show; what is absent does not matter.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// Who did it.
    pub actor: Option<String>,
    /// What was done: an action, or a kind of them, such as `credential`.
    pub action: Option<String>,
    /// To what.
    pub object: Option<String>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub to: Option<Timestamp>,
}

macro_rules! events {
    ($where:literal) => {
        concat!(
            "SELECT workspace, seq, id, at, actor, action, object, detail, prev_mac, mac FROM audit_events \
             WHERE workspace = $1 AND ",
            $where
        )
    };
}
use events;

impl Store {
    /// Notes something that is no mutation of the store.
    pub async fn note(&self, note: &Note, by: By) -> Result<()> {
        let mut work = self.mutate(by).await?;
        work.note(note).await?;
        work.commit().await
    }

    /// An audit log (`None`: the operator's own), events before number `before` if given.
    pub async fn audit(
        &self,
        workspace: Option<WorkspaceId>,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Page<AuditEvent>> {
        self.audit_of(workspace, &AuditFilter::default(), before, limit).await
    }

    /// The same, of the events that a filter lets through.
    pub async fn audit_of(
        &self,
        workspace: Option<WorkspaceId>,
        filter: &AuditFilter,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Page<AuditEvent>> {
        const SQL: &str = events!(
            "seq < $2 AND at >= $3 AND at < $4 AND ($5 IS NULL OR actor = $5) AND ($6 IS NULL OR object = $6) \
             AND ($7 IS NULL OR action = $7 OR substr(action, 1, length($7) + 1) = $7 || '.') \
             ORDER BY seq DESC LIMIT $8"
        );
        let before = before.and_then(|seq| i64::try_from(seq).ok()).unwrap_or(i64::MAX);
        let from = filter.from.map_or(i64::MIN, Timestamp::millis);
        let to = filter.to.map_or(i64::MAX, Timestamp::millis);
        let rows: Vec<EventRow> = on!(self.inner.db.read(), c => sqlx::query_as(SQL)
            .bind(chain::chain_id(workspace)).bind(before).bind(from).bind(to)
            .bind(&filter.actor).bind(&filter.object).bind(&filter.action).bind(page::rows(limit))
            .fetch_all(c).await)?;
        let events = rows.into_iter().map(AuditEvent::try_from).collect::<Result<_>>()?;
        Ok(Page::of(events, limit))
    }

    /// When the first event happened that an audit log still has.
    pub async fn audit_begins(&self, workspace: Option<WorkspaceId>) -> Result<Option<Timestamp>> {
        const SQL: &str = events!("seq > $2 ORDER BY seq LIMIT $3");
        let rows = self.events(SQL, workspace, 0, 1).await?;
        Ok(rows.first().map(|row| Timestamp::from_millis(row.at)))
    }

    /// The workspaces that have an audit chain, deleted ones too, in order, behind that one.
    pub async fn audited(&self, after: Option<WorkspaceId>, limit: u32) -> Result<Vec<WorkspaceId>> {
        const SQL: &str = "SELECT id FROM (SELECT id FROM workspaces UNION SELECT workspace FROM audit_heads) chains \
            WHERE id > $1 ORDER BY id LIMIT $2";
        let after = after.map_or(Uuid::nil(), WorkspaceId::uuid);
        let rows: Vec<(Uuid,)> = on!(self.inner.db.read(), c => sqlx::query_as(SQL)
            .bind(after).bind(i64::from(limit)).fetch_all(c).await)?;
        Ok(rows.into_iter().map(|(id,)| WorkspaceId::from_uuid(id)).collect())
    }

    async fn events(
        &self,
        sql: &'static str,
        workspace: Option<WorkspaceId>,
        seq: i64,
        rows: i64,
    ) -> Result<Vec<EventRow>> {
        Ok(on!(self.inner.db.read(), c => sqlx::query_as(sql)
            .bind(chain::chain_id(workspace)).bind(seq).bind(rows)
            .fetch_all(c).await)?)
    }
}

impl TryFrom<EventRow> for AuditEvent {
    type Error = StoreError;

    fn try_from(row: EventRow) -> Result<Self> {
        Ok(Self {
            id: AuditId::from_uuid(row.id),
            workspace: (!row.workspace.is_nil()).then(|| WorkspaceId::from_uuid(row.workspace)),
            seq: number(row.seq)?,
            at: Timestamp::from_millis(row.at),
            actor: row.actor,
            action: row.action,
            object: row.object,
            detail: serde_json::from_str(&row.detail).map_err(|_| StoreError::Corrupt("audit event"))?,
        })
    }
}

fn number(seq: i64) -> Result<u64> {
    u64::try_from(seq).map_err(|_| StoreError::Corrupt("audit event"))
}
