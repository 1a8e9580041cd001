//! What is deleted for its age: receipts, the beginnings of audit chains, responses that their providers have forgotten,
//! messages to webhooks, changes that every node has heard of. In small steps, each a transaction of its own, so that nobody waits long and a process that dies loses no more than a
//! step. Totals of usage are kept. How far a sweep goes is in `horizon`.

mod horizon;

use uuid::Uuid;

use crate::db::on;
use crate::receipts::first_id;
use crate::{Result, Store, StoreError, dialect};
use horizon::Upto;
pub use horizon::{Expired, Sweeper};

/// Rows of a step: some milliseconds of the one that writes.
const STEP_ROWS: i64 = 500;

/// What a sweep has deleted so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    /// Whole months of receipts.
    pub months: u64,
    /// Receipts beside those.
    pub receipts: u64,
    /// Audit events.
    pub audit: u64,
    /// Responses.
    pub responses: u64,
    /// Messages to webhooks.
    pub messages: u64,
    /// Changes.
    pub changes: u64,
}

/// A way through all that may go, step by step. Made by [`Sweeper::begin`].
#[derive(Debug)]
pub struct Sweep {
    store: Store,
    upto: Upto,
    at: Place,
    swept: Swept,
}

/// Where a sweep is.
#[derive(Debug, Clone, Copy)]
enum Place {
    Months,
    /// At the first workspace behind that one.
    Receipts(Uuid),
    /// At the first chain from that one on.
    Audit(Uuid),
    Responses,
    Messages,
    Changes,
    End,
}

impl Place {
    const RECEIPTS: Self = Self::Receipts(Uuid::nil());
    const AUDIT: Self = Self::Audit(Uuid::nil());

    /// Where it goes on if nothing more can be done here.
    fn next(self) -> Self {
        match self {
            Self::Months => Self::RECEIPTS,
            Self::Receipts(_) => Self::AUDIT,
            Self::Audit(_) => Self::Responses,
            Self::Responses => Self::Messages,
            Self::Messages => Self::Changes,
            Self::Changes | Self::End => Self::End,
        }
    }
}

impl Sweep {
    fn new(store: Store, upto: Upto) -> Self {
        Self { store, upto, at: Place::Months, swept: Swept::default() }
    }

    /// Takes a step. Whether there are further ones. What can't be deleted now, because somebody holds it or the
    /// database is away, is left to the next sweep and keeps nothing else from going.
    pub async fn step(&mut self) -> bool {
        let done = match self.at {
            Place::Months => self.months().await,
            Place::Receipts(after) => self.receipts(after).await,
            Place::Audit(from) => self.audit(from).await,
            Place::Responses => self.responses().await,
            Place::Messages => self.messages().await,
            Place::Changes => self.changes().await,
            Place::End => return false,
        };
        self.at = done.unwrap_or_else(|error| {
            tracing::warn!(%error, at = ?self.at, "not all that is too old could be deleted; there will be another try");
            self.at.next()
        });
        !matches!(self.at, Place::End)
    }

    /// What is deleted so far.
    pub fn swept(&self) -> Swept {
        self.swept
    }

    async fn months(&mut self) -> Result<Place> {
        if let Some(before) = self.upto.receipts {
            self.swept.months = dialect::drop_months(&self.store.inner.db, before).await?;
        }
        Ok(Place::RECEIPTS)
    }

    /// The oldest receipts of the next workspace that has some; of the same one again, if there may be more.
    async fn receipts(&mut self, after: Uuid) -> Result<Place> {
        const NEXT: &str = "SELECT w.id FROM workspaces w WHERE w.id > $1 AND EXISTS \
            (SELECT 1 FROM receipts r WHERE r.workspace = w.id AND r.id < $2) ORDER BY w.id LIMIT 1";
        const SQL: &str = "DELETE FROM receipts WHERE workspace = $1 AND id IN \
            (SELECT id FROM receipts WHERE workspace = $1 AND id < $2 ORDER BY id LIMIT $3)";
        let Some(before) = self.upto.receipts else { return Ok(Place::AUDIT) };
        let (db, before) = (&self.store.inner.db, first_id(before.millis()));
        let next: Option<(Uuid,)> = on!(db.read(), c => sqlx::query_as(NEXT)
            .bind(after).bind(before).fetch_optional(c).await)?;
        let Some((workspace,)) = next else { return Ok(Place::AUDIT) };
        let mut tx = db.begin().await?;
        let gone = on!(tx.on(), c => sqlx::query(SQL)
            .bind(workspace).bind(before).bind(STEP_ROWS)
            .execute(c).await.map(|r| r.rows_affected()))?;
        tx.commit().await?;
        self.swept.receipts += gone;
        Ok(Place::Receipts(if is_full(gone) { after } else { workspace }))
    }

    /// The oldest events of the next chain that has some. One that is damaged is left as it is.
    async fn audit(&mut self, from: Uuid) -> Result<Place> {
        const NEXT: &str = "SELECT h.workspace FROM audit_heads h WHERE h.workspace >= $1 AND \
            (SELECT e.at FROM audit_events e WHERE e.workspace = h.workspace ORDER BY e.seq LIMIT 1) < $2 \
            ORDER BY h.workspace LIMIT 1";
        let Some(before) = self.upto.audit else { return Ok(Place::Responses) };
        let db = &self.store.inner.db;
        let next: Option<(Uuid,)> = on!(db.read(), c => sqlx::query_as(NEXT)
            .bind(from).bind(before.millis()).fetch_optional(c).await)?;
        let Some((chain,)) = next else { return Ok(Place::Responses) };
        match self.store.cut_audit(chain, before, STEP_ROWS).await {
            Ok(gone) => {
                self.swept.audit += gone;
                if is_full(gone) {
                    return Ok(Place::Audit(chain));
                }
            }
            Err(error @ StoreError::Corrupt(_)) => {
                tracing::error!(%chain, %error, "an audit log is not as it was written; nothing is deleted of it");
            }
            Err(error) => return Err(error),
        }
        let behind = chain.as_u128().checked_add(1);
        Ok(behind.map_or(Place::Responses, |next| Place::Audit(Uuid::from_u128(next))))
    }

    /// The oldest responses.
    async fn responses(&mut self) -> Result<Place> {
        const SQL: &str = "DELETE FROM responses WHERE (workspace, provider, payer, id) IN \
            (SELECT workspace, provider, payer, id FROM responses WHERE made_at < $1 ORDER BY made_at LIMIT $2)";
        let Some(before) = self.upto.responses else { return Ok(Place::Messages) };
        let mut tx = self.store.inner.db.begin().await?;
        let gone = on!(tx.on(), c => sqlx::query(SQL)
            .bind(before.millis()).bind(STEP_ROWS)
            .execute(c).await.map(|r| r.rows_affected()))?;
        tx.commit().await?;
        self.swept.responses += gone;
        Ok(if is_full(gone) { Place::Responses } else { Place::Messages })
    }

    /// The oldest messages to webhooks, sent or not.
    async fn messages(&mut self) -> Result<Place> {
        const SQL: &str = "DELETE FROM webhook_messages WHERE id IN \
            (SELECT id FROM webhook_messages WHERE created_at < $1 ORDER BY created_at LIMIT $2)";
        let Some(before) = self.upto.messages else { return Ok(Place::Changes) };
        let mut tx = self.store.inner.db.begin().await?;
        let gone = on!(tx.on(), c => sqlx::query(SQL)
            .bind(before.millis()).bind(STEP_ROWS)
            .execute(c).await.map(|r| r.rows_affected()))?;
        tx.commit().await?;
        self.swept.messages += gone;
        Ok(if is_full(gone) { Place::Messages } else { Place::Changes })
    }

    /// The oldest changes. The latest one stays, so that whoever has read as far as there is can tell by it that
    /// nothing was missed.
    async fn changes(&mut self) -> Result<Place> {
        const SQL: &str = "DELETE FROM changes WHERE seq <= $1 AND seq < (SELECT MAX(seq) FROM changes) \
            AND seq IN (SELECT seq FROM changes ORDER BY seq LIMIT $2)";
        let mut tx = self.store.inner.db.begin().await?;
        let gone = on!(tx.on(), c => sqlx::query(SQL)
            .bind(self.upto.change).bind(STEP_ROWS)
            .execute(c).await.map(|r| r.rows_affected()))?;
        tx.commit().await?;
        self.swept.changes += gone;
        Ok(if is_full(gone) { Place::Changes } else { Place::End })
    }
}

/// Whether there may be more of that kind.
fn is_full(gone: u64) -> bool {
    i64::try_from(gone).is_ok_and(|gone| gone >= STEP_ROWS)
}
