//! Who is away at a provider to agree.

use ownkey_domain::id::{ConnectionId, SessionId, WorkspaceId};
use ownkey_domain::time::Timestamp;
use sqlx::FromRow;
use uuid::Uuid;

use crate::db::on;
use crate::{Result, Store};

/// Somebody who left for a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionStart {
    /// The session that he left from: for no other one does it count.
    pub session: SessionId,
    /// The workspace that he connects.
    pub workspace: WorkspaceId,
    /// The provider.
    pub provider: String,
    /// The connection to set right again; absent for a new one.
    pub connection: Option<ConnectionId>,
    /// How long he may take.
    pub expires_at: Timestamp,
}

/// How many may be away from one session; the oldest are forgotten.
const EACH_MAX: i64 = 20;

impl Store {
    /// Remembers who left, under the hash of the state that he comes back with. Clears away who came back too late.
    pub async fn leave_for_provider(&self, hash: &[u8; 32], start: &ConnectionStart, now: Timestamp) -> Result<()> {
        const ENDED: &str = "DELETE FROM connection_starts WHERE expires_at <= $1";
        const SQL: &str = "INSERT INTO connection_starts (hash, session, workspace, provider, connection, expires_at) \
            VALUES ($1, $2, $3, $4, $5, $6)";
        const OLDEST: &str = "DELETE FROM connection_starts WHERE hash IN (SELECT hash FROM connection_starts \
            WHERE session = $1 ORDER BY expires_at DESC LIMIT 1000 OFFSET $2)";
        let mut tx = self.inner.db.begin().await?;
        on!(tx.on(), c => sqlx::query(ENDED).bind(now.millis()).execute(c).await.map(drop))?;
        on!(tx.on(), c => sqlx::query(SQL)
            .bind(&hash[..]).bind(start.session.uuid()).bind(start.workspace.uuid()).bind(&start.provider)
            .bind(start.connection.map(ConnectionId::uuid)).bind(start.expires_at.millis())
            .execute(c).await.map(drop))?;
        on!(tx.on(), c => sqlx::query(OLDEST)
            .bind(start.session.uuid()).bind(EACH_MAX).execute(c).await.map(drop))?;
        tx.commit().await
    }

    /// Who comes back with the state of that hash to the session that he left from: once, and in time.
    pub async fn back_from_provider(
        &self,
        hash: &[u8; 32],
        session: SessionId,
        now: Timestamp,
    ) -> Result<Option<ConnectionStart>> {
        const SQL: &str = "DELETE FROM connection_starts WHERE hash = $1 AND session = $2 AND expires_at > $3 \
            RETURNING workspace, provider, connection, expires_at";
        let mut tx = self.inner.db.begin().await?;
        let row: Option<StartRow> = on!(tx.on(), c => sqlx::query_as(SQL)
            .bind(&hash[..]).bind(session.uuid()).bind(now.millis()).fetch_optional(c).await)?;
        tx.commit().await?;
        Ok(row.map(|row| ConnectionStart {
            session,
            workspace: WorkspaceId::from_uuid(row.workspace),
            provider: row.provider,
            connection: row.connection.map(ConnectionId::from_uuid),
            expires_at: Timestamp::from_millis(row.expires_at),
        }))
    }
}

#[derive(FromRow)]
struct StartRow {
    workspace: Uuid,
    provider: String,
    connection: Option<Uuid>,
    expires_at: i64,
}
