//! All stored provider keys, one after the other: to look at them, to seal them anew for another destination, and to
//! doubt them after a restore.

use ownkey_domain::id::{CredentialId, WorkspaceId};
use ownkey_domain::time::Timestamp;
use serde_json::json;
use sqlx::FromRow;
use uuid::Uuid;

use super::note;
use crate::change::ChangeKind;
use crate::db::on;
use crate::{By, Note, Result, Store, StoredCredential, WrappedDek};

/// A stored provider key with what it takes to open it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedCredential {
    /// Whose it is.
    pub workspace: WorkspaceId,
    /// The DEK it is sealed under.
    pub dek: WrappedDek,
    /// The key.
    pub stored: StoredCredential,
}

/// The same key, sealed for another destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rebound {
    /// Where it may be sent now.
    pub origin: String,
    /// The sealed key.
    pub sealed: Vec<u8>,
    /// The version of the sealed secret.
    pub secret_version: u32,
}

#[derive(FromRow)]
struct SealedRow {
    workspace: Uuid,
    #[sqlx(flatten)]
    dek: WrappedDek,
    id: Uuid,
    provider: String,
    origin: String,
    sealed: Vec<u8>,
    secret_version: i64,
}

impl Store {
    /// The current provider keys of all workspaces behind that one, in the order of their ids.
    pub async fn sealed_credentials(&self, after: Option<CredentialId>, limit: u32) -> Result<Vec<SealedCredential>> {
        const SQL: &str = "SELECT c.workspace, w.wrapped_dek AS wrapped, w.dek_version AS version, \
            c.id, c.provider, c.origin, c.sealed, c.secret_version \
            FROM credentials c JOIN workspaces w ON w.id = c.workspace \
            WHERE c.id > $1 AND c.ended_at IS NULL ORDER BY c.id LIMIT $2";
        let after = after.map_or(Uuid::nil(), CredentialId::uuid);
        let rows: Vec<SealedRow> = on!(self.inner.db.read(), c => sqlx::query_as(SQL)
            .bind(after).bind(i64::from(limit)).fetch_all(c).await)?;
        Ok(rows.into_iter().map(SealedCredential::from).collect())
    }

    /// Puts the same key, sealed for another destination, in the place of that one. Whether it was still there.
    pub async fn rebind_credential(&self, held: &SealedCredential, rebound: &Rebound, by: By) -> Result<bool> {
        const SQL: &str = "UPDATE credentials SET origin = $3, sealed = $4, secret_version = $5 \
            WHERE id = $1 AND sealed = $2 AND ended_at IS NULL";
        let id = held.stored.id;
        let mut work = self.mutate(by).await?;
        let touched = on!(work.tx.on(), c => sqlx::query(SQL)
            .bind(id.uuid()).bind(&held.stored.sealed)
            .bind(&rebound.origin).bind(&rebound.sealed).bind(i64::from(rebound.secret_version))
            .execute(c).await.map(|r| r.rows_affected()))?;
        if touched == 0 {
            return Ok(false);
        }
        work.erased();
        work.changed(ChangeKind::Credential, held.workspace, id.uuid()).await?;
        let detail = json!({"from": held.stored.origin, "to": rebound.origin});
        note(&mut work, "credential.rebind", (held.workspace, id), detail).await?;
        work.commit().await?;
        Ok(true)
    }

    /// The keys that are shown as invalid by what traffic said, each with since when.
    pub async fn keys_shown_invalid(&self, limit: u32) -> Result<Vec<(CredentialId, Timestamp)>> {
        const SQL: &str = "SELECT id, invalid_since FROM credentials \
            WHERE invalid_since IS NOT NULL AND ended_at IS NULL ORDER BY id LIMIT $1";
        let rows: Vec<(Uuid, i64)> =
            on!(self.inner.db.read(), c => sqlx::query_as(SQL).bind(i64::from(limit)).fetch_all(c).await)?;
        Ok(rows.into_iter().map(|(id, at)| (CredentialId::from_uuid(id), Timestamp::from_millis(at))).collect())
    }

    /// Forgets what tests and traffic said of every key: after a restore nobody knows. How many there are. No server
    /// may run, so nobody is told.
    pub async fn doubt_credentials(&self, by: By) -> Result<u64> {
        const SQL: &str = "UPDATE credentials SET verdict = NULL, last_tested_at = NULL, last_error = NULL, \
            last_error_at = NULL, invalid_since = NULL WHERE ended_at IS NULL";
        let mut work = self.mutate(by).await?;
        let doubted = on!(work.tx.on(), c => sqlx::query(SQL).execute(c).await.map(|r| r.rows_affected()))?;
        let detail = json!({"provider_keys": doubted});
        work.note(&Note { workspace: None, action: "store.restored", object: "store".to_owned(), detail }).await?;
        work.commit().await?;
        Ok(doubted)
    }
}

impl From<SealedRow> for SealedCredential {
    /// What a damaged row no longer tells is absent: it costs that key only.
    fn from(row: SealedRow) -> Self {
        let SealedRow { workspace, dek, id, provider, origin, sealed, secret_version } = row;
        let (provider, secret_version) = (provider.parse().ok(), u32::try_from(secret_version).ok());
        let id = CredentialId::from_uuid(id);
        let stored = StoredCredential { id, provider, origin, sealed, secret_version };
        Self { workspace: WorkspaceId::from_uuid(workspace), dek, stored }
    }
}
