//! The chain itself: how an event is appended, and what its MAC covers.

use ownkey_domain::id::WorkspaceId;
use sqlx::FromRow;
use uuid::Uuid;

use super::{AuditMac, Note};
use crate::db::{Tx, on};
use crate::fresh::fresh_id;
use crate::{By, Result, StoreError};

/// What the first event of a chain has in the place of a MAC before it.
pub(super) const GENESIS: [u8; 32] = [0; 32];

/// The `workspace` of the operator's own chain.
pub(super) fn chain_id(workspace: Option<WorkspaceId>) -> Uuid {
    workspace.map_or(Uuid::nil(), WorkspaceId::uuid)
}

/// The end of a chain.
#[derive(Debug, Clone, FromRow)]
pub(super) struct Head {
    pub seq: i64,
    pub mac: Vec<u8>,
}

/// An event as stored.
#[derive(Debug, Clone, FromRow)]
pub(super) struct EventRow {
    pub workspace: Uuid,
    pub seq: i64,
    pub id: Uuid,
    pub at: i64,
    pub actor: String,
    pub action: String,
    pub object: String,
    pub detail: String,
    pub prev_mac: Vec<u8>,
    pub mac: Vec<u8>,
}

impl EventRow {
    /// What the MAC covers: everything but itself, each part behind its length, so that nothing can move from one
    /// part into the next.
    pub fn covered(&self) -> Vec<u8> {
        let (seq, at) = (self.seq.to_be_bytes(), self.at.to_be_bytes());
        let parts: [&[u8]; 10] = [
            b"ownkey audit 1",
            self.workspace.as_bytes(),
            &seq,
            self.id.as_bytes(),
            &at,
            self.actor.as_bytes(),
            self.action.as_bytes(),
            self.object.as_bytes(),
            self.detail.as_bytes(),
            &self.prev_mac,
        ];
        let mut covered = Vec::new();
        for part in parts {
            // A part has never more than 2⁶⁴ bytes.
            covered.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            covered.extend_from_slice(part);
        }
        covered
    }
}

impl EventRow {
    /// Whether it is as it was written, and next in its chain.
    pub fn follows(&self, last: &Head, mac: &AuditMac) -> bool {
        self.seq == last.seq + 1 && self.prev_mac == last.mac && mac(&self.covered())[..] == self.mac
    }
}

/// Appends an event. Mutations go one at a time, so nobody else appends to the chain meanwhile.
pub(crate) async fn append(tx: &mut Tx, note: &Note, by: By, mac: &AuditMac) -> Result<()> {
    let chain = chain_id(note.workspace);
    const HEAD: &str = "SELECT seq, mac FROM audit_heads WHERE workspace = $1";
    let head: Option<Head> = on!(tx.on(), c => sqlx::query_as(HEAD).bind(chain).fetch_optional(c).await)?;
    let head = head.unwrap_or_else(|| Head { seq: 0, mac: GENESIS.to_vec() });
    let mut event = EventRow {
        workspace: chain,
        seq: head.seq + 1,
        id: fresh_id(by.at)?,
        at: by.at.millis(),
        actor: by.actor.to_string(),
        action: note.action.to_owned(),
        object: note.object.replace('\0', "\u{fffd}"),
        detail: note.detail.to_string(),
        prev_mac: head.mac,
        mac: Vec::new(),
    };
    event.mac = mac(&event.covered()).to_vec();
    insert(tx, &event).await?;
    const MOVE: &str = "INSERT INTO audit_heads (workspace, seq, mac) VALUES ($1, $2, $3) \
        ON CONFLICT (workspace) DO UPDATE SET seq = excluded.seq, mac = excluded.mac \
        WHERE audit_heads.seq = excluded.seq - 1";
    let moved = on!(tx.on(), c => sqlx::query(MOVE)
        .bind(chain).bind(event.seq).bind(&event.mac)
        .execute(c).await.map(|r| r.rows_affected()))?;
    if moved == 1 { Ok(()) } else { Err(StoreError::RowCount("audit_heads")) }
}

async fn insert(tx: &mut Tx, event: &EventRow) -> Result<()> {
    const SQL: &str = "INSERT INTO audit_events \
        (workspace, seq, id, at, actor, action, object, detail, prev_mac, mac) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    on!(tx.on(), c => sqlx::query(SQL)
        .bind(event.workspace).bind(event.seq).bind(event.id).bind(event.at)
        .bind(&event.actor).bind(&event.action).bind(&event.object).bind(&event.detail)
        .bind(&event.prev_mac).bind(&event.mac)
        .execute(c).await.map(drop))?;
    Ok(())
}
