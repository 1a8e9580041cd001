//! The data keys of all workspaces, for whoever wraps them anew under another KEK.

use ownkey_domain::id::WorkspaceId;
use serde_json::json;
use sqlx::FromRow;
use uuid::Uuid;

use crate::db::on;
use crate::{By, Note, Result, Store, StoreError, WrappedDek};

/// A workspace's DEK.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkspaceDek {
    /// Whose.
    pub workspace: WorkspaceId,
    /// The wrapped key.
    pub dek: WrappedDek,
}

/// The same data key wrapped anew: what is stored, and what takes its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewrap {
    /// Whose; `None` is the system's.
    pub workspace: Option<WorkspaceId>,
    /// The stored bytes. Where others stand by now, nothing happens.
    pub from: Vec<u8>,
    /// The new ones.
    pub to: Vec<u8>,
}

#[derive(FromRow)]
struct DekRow {
    id: Uuid,
    #[sqlx(flatten)]
    dek: WrappedDek,
}

impl Store {
    /// How many workspaces have a DEK.
    pub async fn workspace_dek_count(&self) -> Result<u64> {
        const SQL: &str = "SELECT COUNT(*) FROM workspaces WHERE deleted_at IS NULL";
        let (count,): (i64,) = on!(self.inner.db.read(), c => sqlx::query_as(SQL).fetch_one(c).await)?;
        u64::try_from(count).map_err(|_| StoreError::Corrupt("workspace"))
    }

    /// The DEKs of the workspaces behind that one, in the order of their ids.
    pub async fn workspace_deks(&self, after: Option<WorkspaceId>, limit: u32) -> Result<Vec<WorkspaceDek>> {
        const SQL: &str = "SELECT id, wrapped_dek AS wrapped, dek_version AS version FROM workspaces \
            WHERE id > $1 AND deleted_at IS NULL ORDER BY id LIMIT $2";
        let after = after.map_or(Uuid::nil(), WorkspaceId::uuid);
        let rows: Vec<DekRow> = on!(self.inner.db.read(), c => sqlx::query_as(SQL)
            .bind(after).bind(i64::from(limit)).fetch_all(c).await)?;
        let dek = |row: DekRow| WorkspaceDek { workspace: WorkspaceId::from_uuid(row.id), dek: row.dek };
        Ok(rows.into_iter().map(dek).collect())
    }

    /// Puts rewrapped DEKs in the place of the old ones, all or none of them; how many there were to replace. `kek`
    /// is the one they are wrapped under now.
    ///
    /// It is the same key in another wrapping: nothing that a cache holds becomes wrong by it, so there is no row in
    /// `changes`. Caches are emptied when the old KEK is taken away.
    pub async fn rewrap(&self, kek: &str, rewraps: &[Rewrap], by: By) -> Result<u64> {
        const SYSTEM: &str = "UPDATE system_dek SET wrapped = $2 WHERE wrapped = $1";
        const WORKSPACE: &str = "UPDATE workspaces SET wrapped_dek = $2 WHERE wrapped_dek = $1 AND id = $3";
        let mut work = self.mutate(by).await?;
        let mut replaced = 0;
        for Rewrap { workspace, from, to } in rewraps {
            replaced += match workspace {
                None => on!(work.tx.on(), c => sqlx::query(SYSTEM)
                    .bind(from).bind(to).execute(c).await.map(|r| r.rows_affected()))?,
                Some(id) => on!(work.tx.on(), c => sqlx::query(WORKSPACE)
                    .bind(from).bind(to).bind(id.uuid()).execute(c).await.map(|r| r.rows_affected()))?,
            };
        }
        if replaced == 0 {
            return Ok(0);
        }
        let detail = json!({"data_keys": replaced});
        work.note(&Note { workspace: None, action: "vault.rotate", object: kek.to_owned(), detail }).await?;
        work.erased();
        work.commit().await?;
        Ok(replaced)
    }
}
