//! Invitations that nobody has accepted yet, for those who made them. A link itself is shown once and never again.

use ownkey_domain::id::{InviteId, WorkspaceId};
use ownkey_domain::person::{Mail, Role};
use ownkey_domain::time::Timestamp;
use serde_json::json;
use sqlx::FromRow;
use uuid::Uuid;

use super::members;
use crate::db::on;
use crate::{By, Note, Result, Store, StoreError};

/// An invitation that still works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// What it is called by: a part of the keyed hash of its token, which opens nothing.
    pub id: InviteId,
    /// Who is invited.
    pub mail: Mail,
    /// As what.
    pub role: Role,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// Until when it works.
    pub expires_at: Timestamp,
}

#[derive(FromRow)]
struct InvitationRow {
    hash: Vec<u8>,
    mail: String,
    role: String,
    created_by: String,
    created_at: i64,
    expires_at: i64,
}

impl Store {
    /// The invitations of a workspace that still work, the newest first.
    pub async fn invitations(&self, workspace: WorkspaceId, now: Timestamp) -> Result<Vec<Invitation>> {
        const SQL: &str = "SELECT hash, mail, role, created_by, created_at, expires_at FROM links \
            WHERE kind = 'invite' AND workspace = $1 AND used_at IS NULL AND expires_at > $2 \
            ORDER BY created_at DESC, hash";
        let rows: Vec<InvitationRow> = on!(self.inner.db.read(), c => sqlx::query_as(SQL)
            .bind(workspace.uuid()).bind(now.millis()).fetch_all(c).await)?;
        rows.into_iter().map(Invitation::try_from).collect()
    }

    /// Takes an invitation back: its link works no more. Whether there was one.
    pub async fn cancel_invitation(&self, workspace: WorkspaceId, id: InviteId, by: By) -> Result<bool> {
        const SQL: &str = "DELETE FROM links WHERE kind = 'invite' AND workspace = $1 AND used_at IS NULL \
            AND expires_at > $2 AND SUBSTR(hash, 1, 16) = $3";
        let mut work = self.mutate(by).await?;
        let gone = on!(work.tx.on(), c => sqlx::query(SQL)
            .bind(workspace.uuid()).bind(by.at.millis()).bind(&id.uuid().as_bytes()[..])
            .execute(c).await.map(|done| done.rows_affected()))?;
        if gone == 0 {
            return Ok(false);
        }
        let (action, object) = ("member.invite_cancel", id.to_string());
        work.note(&Note { workspace: Some(workspace), action, object, detail: json!({}) }).await?;
        work.commit().await?;
        Ok(true)
    }
}

impl TryFrom<InvitationRow> for Invitation {
    type Error = StoreError;

    fn try_from(row: InvitationRow) -> Result<Self> {
        let corrupt = || StoreError::Corrupt("link");
        let id = row.hash.first_chunk().map(|part| Uuid::from_bytes(*part)).ok_or_else(corrupt)?;
        Ok(Self {
            id: InviteId::from_uuid(id),
            mail: row.mail.parse().map_err(|_| corrupt())?,
            role: members::parse(&row.role)?,
            created_by: row.created_by,
            created_at: Timestamp::from_millis(row.created_at),
            expires_at: Timestamp::from_millis(row.expires_at),
        })
    }
}
