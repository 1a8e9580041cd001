//! Where a chain begins. Events that are too old are cut off; what is kept of the last of them lets the rest be
//! verified as before, and is sealed by a MAC, so that only whoever has the audit key can cut.

use ownkey_domain::time::Timestamp;
use sqlx::FromRow;
use uuid::Uuid;

use super::chain::{EventRow, GENESIS, Head};
use super::{AuditMac, events};
use crate::db::{Tx, on};
use crate::journal::kill;
use crate::{Result, Store, StoreError, dialect};

/// A beginning as stored.
#[derive(FromRow)]
struct AnchorRow {
    seq: i64,
    mac: Vec<u8>,
    seal: Vec<u8>,
}

const ANCHOR: &str = "SELECT seq, mac, seal FROM audit_anchors WHERE workspace = $1";

/// What comes before the first event that is still there; `None` if its seal is not ours.
fn opened(row: Option<AnchorRow>, chain: Uuid, mac: &AuditMac) -> Option<Head> {
    let Some(AnchorRow { seq, mac: last, seal }) = row else { return Some(Head { seq: 0, mac: GENESIS.to_vec() }) };
    let anchor = Head { seq, mac: last };
    (sealed(&anchor, chain, mac)[..] == seal).then_some(anchor)
}

fn sealed(anchor: &Head, chain: Uuid, mac: &AuditMac) -> [u8; 32] {
    // No event covers a text that begins like this: an event's begins with the length of its first part.
    let parts = [&b"ownkey audit anchor 1"[..], chain.as_bytes(), &anchor.seq.to_be_bytes(), &anchor.mac];
    mac(&parts.concat())
}

impl Store {
    /// Where that chain begins; `None` if what is stored of it can't be trusted.
    pub(super) async fn beginning(&self, chain: Uuid, mac: &AuditMac) -> Result<Option<Head>> {
        let row = on!(self.inner.db.read(), c => sqlx::query_as(ANCHOR).bind(chain).fetch_optional(c).await)?;
        Ok(opened(row, chain, mac))
    }

    /// Cuts at most so many events that are older than that off a chain; how many. What is not as it was written is
    /// left for whoever verifies the chain.
    pub(crate) async fn cut_audit(&self, chain: Uuid, before: Timestamp, events_max: i64) -> Result<u64> {
        let mac = self.inner.audit_mac.get().cloned().ok_or(StoreError::NoAuditKey)?;
        let mut tx = self.inner.db.begin().await?;
        dialect::lock_mutations(&mut tx).await?;
        let row = on!(tx.on(), c => sqlx::query_as(ANCHOR).bind(chain).fetch_optional(c).await)?;
        let mut last = opened(row, chain, &mac).ok_or(StoreError::Corrupt("audit anchor"))?;
        const SQL: &str = events!("seq > $2 ORDER BY seq LIMIT $3");
        let rows: Vec<EventRow> = on!(tx.on(), c => sqlx::query_as(SQL)
            .bind(chain).bind(last.seq).bind(events_max).fetch_all(c).await)?;
        let mut cut = 0;
        for row in rows.into_iter().take_while(|row| row.at < before.millis()) {
            if !row.follows(&last, &mac) {
                return Err(StoreError::Corrupt("audit event"));
            }
            last = Head { seq: row.seq, mac: row.mac };
            cut += 1;
        }
        if cut > 0 {
            move_anchor(&mut tx, chain, &last, &mac).await?;
            kill::point("audit_anchor_moved");
            const CUT: &str = "DELETE FROM audit_events WHERE workspace = $1 AND seq <= $2";
            let gone = on!(tx.on(), c => sqlx::query(CUT)
                .bind(chain).bind(last.seq).execute(c).await.map(|r| r.rows_affected()))?;
            if gone != cut {
                return Err(StoreError::RowCount("audit_events"));
            }
            kill::point("audit_events_cut");
            tx.commit().await?;
        }
        Ok(cut)
    }
}

async fn move_anchor(tx: &mut Tx, chain: Uuid, to: &Head, mac: &AuditMac) -> Result<()> {
    const SQL: &str = "INSERT INTO audit_anchors (workspace, seq, mac, seal) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (workspace) DO UPDATE SET seq = excluded.seq, mac = excluded.mac, seal = excluded.seal";
    on!(tx.on(), c => sqlx::query(SQL)
        .bind(chain).bind(to.seq).bind(&to.mac).bind(&sealed(to, chain, mac)[..])
        .execute(c).await.map(drop))?;
    Ok(())
}
