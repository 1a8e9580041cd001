//! Links that work once: whoever holds one may do the one thing that it is for.

use ownkey_domain::id::{UserId, WorkspaceId};
use ownkey_domain::person::{Mail, Role};
use ownkey_domain::time::Timestamp;
use serde_json::json;
use sqlx::FromRow;
use uuid::Uuid;

use super::{NewUser, add, members, next_epoch, note};
use crate::db::on;
use crate::mutation::Mutation;
use crate::{By, NewWorkspace, Note, Result, Store, StoreError, workspaces};

/// Invitations of a workspace that nobody has accepted yet, at most.
pub const OPEN_INVITES_MAX: i64 = 100;
/// How long it is still known that a link has been used, or came too late.
const KNOWN_MS: i64 = 30 * 24 * 3_600_000;

/// What a link is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkKind {
    /// To become the first person, who runs this installation.
    Setup,
    /// To become a member of a workspace.
    Invite {
        /// The workspace.
        workspace: WorkspaceId,
        /// Who is invited.
        mail: Mail,
        /// As what.
        role: Role,
    },
    /// To choose another password.
    Reset {
        /// Whose.
        mail: Mail,
    },
}

/// A link to make.
#[derive(Debug, Clone)]
pub struct NewLink {
    /// The keyed hash of its token.
    pub hash: [u8; 32],
    /// What it is for.
    pub kind: LinkKind,
    /// Until when.
    pub expires_at: Timestamp,
}

/// A link as it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// What it is for.
    pub kind: LinkKind,
    /// Until when.
    pub expires_at: Timestamp,
    /// When it was used.
    pub used_at: Option<Timestamp>,
}

/// Whether a link still works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkState {
    /// It does.
    Open,
    /// It has been used.
    Used,
    /// It came too late.
    Expired,
}

/// Who accepts an invitation.
pub enum Joined<'n> {
    /// Somebody new.
    New(&'n NewUser),
    /// Somebody who is known.
    Known(UserId),
}

impl Link {
    /// Whether it still works.
    pub fn state(&self, now: Timestamp) -> LinkState {
        match self.used_at {
            Some(_) => LinkState::Used,
            None if self.expires_at <= now => LinkState::Expired,
            None => LinkState::Open,
        }
    }
}

impl LinkKind {
    const fn as_str(&self) -> &'static str {
        match self {
            Self::Setup => "setup",
            Self::Invite { .. } => "invite",
            Self::Reset { .. } => "reset",
        }
    }

    /// What the audit log calls the making of one. Every start makes one to set up with, until it is used.
    const fn action(&self) -> Option<&'static str> {
        match self {
            Self::Setup => None,
            Self::Invite { .. } => Some("member.invite"),
            Self::Reset { .. } => Some("user.reset_link"),
        }
    }
}

impl Store {
    /// Makes a link; one for the same thing that was not used yet stops working. Whether there is room for it.
    pub async fn create_link(&self, new: &NewLink, by: By) -> Result<bool> {
        const SQL: &str = "INSERT INTO links (hash, kind, workspace, mail, role, created_by, created_at, expires_at) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        const FORGOTTEN: &str = "DELETE FROM links WHERE expires_at <= $1";
        const REPLACED: &str = "DELETE FROM links WHERE kind = $1 AND mail = $2 AND used_at IS NULL \
            AND COALESCE(workspace, $3) = $3";
        const OPEN: &str = "SELECT COUNT(*) FROM links WHERE workspace = $1 AND used_at IS NULL AND expires_at > $2";
        let (workspace, mail, role) = match &new.kind {
            LinkKind::Setup => (None, None, None),
            LinkKind::Invite { workspace, mail, role } => (Some(*workspace), Some(mail), Some(*role)),
            LinkKind::Reset { mail } => (None, Some(mail), None),
        };
        let (at, place) = (by.at.millis(), workspace.map(WorkspaceId::uuid));
        let mut work = self.mutate(by).await?;
        on!(work.tx.on(), c => sqlx::query(FORGOTTEN).bind(at - KNOWN_MS).execute(c).await.map(drop))?;
        if let Some(mail) = mail {
            on!(work.tx.on(), c => sqlx::query(REPLACED)
                .bind(new.kind.as_str()).bind(mail.as_str()).bind(place.unwrap_or_default())
                .execute(c).await.map(drop))?;
        }
        if let Some(place) = place {
            let (open,): (i64,) = on!(work.tx.on(), c => sqlx::query_as(OPEN).bind(place).bind(at).fetch_one(c).await)?;
            if open >= OPEN_INVITES_MAX {
                return Ok(false);
            }
        }
        on!(work.tx.on(), c => sqlx::query(SQL)
            .bind(&new.hash[..]).bind(new.kind.as_str()).bind(place).bind(mail.map(Mail::as_str))
            .bind(role.map(Role::as_str)).bind(by.actor.to_string()).bind(at).bind(new.expires_at.millis())
            .execute(c).await.map(drop))?;
        if let Some(action) = new.kind.action() {
            // Not for whom: addresses are for fewer people than the log is.
            let (object, detail) = (new.kind.as_str().to_owned(), json!({"role": role, "expires_at": new.expires_at}));
            work.note(&Note { workspace, action, object, detail }).await?;
        }
        work.commit().await?;
        Ok(true)
    }

    /// The link of a token with that hash.
    pub async fn link(&self, hash: &[u8; 32]) -> Result<Option<Link>> {
        let row: Option<LinkRow> =
            on!(self.inner.db.read(), c => sqlx::query_as(LINK).bind(&hash[..]).fetch_optional(c).await)?;
        row.map(Link::try_from).transpose()
    }

    /// Adds the first person, with a workspace of his own if he wants one. `None` if there is somebody already; else
    /// whether the link worked.
    pub async fn set_up(
        &self,
        hash: &[u8; 32],
        (first, workspace): (&NewUser, Option<&NewWorkspace>),
        by: By,
    ) -> Result<Option<bool>> {
        const SQL: &str = "SELECT COUNT(*) FROM users";
        let mut work = self.mutate(by).await?;
        let (users,): (i64,) = on!(work.tx.on(), c => sqlx::query_as(SQL).fetch_one(c).await)?;
        if users > 0 {
            return Ok(None);
        }
        let Some(LinkKind::Setup) = take(&mut work, hash).await? else { return Ok(Some(false)) };
        add(&mut work, first, true).await?;
        if let Some(workspace) = workspace {
            workspaces::insert(&mut work, workspace).await?;
            members::join(&mut work, workspace.id, first.id, Role::Owner).await?;
        }
        work.commit().await?;
        Ok(Some(true))
    }

    /// Makes the invited a member, and ends the sessions he had. The workspace, if the link worked and the workspace
    /// is there and has room.
    pub async fn accept_invite(&self, hash: &[u8; 32], who: Joined<'_>, by: By) -> Result<Option<WorkspaceId>> {
        let mut work = self.mutate(by).await?;
        let Some(LinkKind::Invite { workspace, role, .. }) = take(&mut work, hash).await? else { return Ok(None) };
        if !workspaces::is_live(&mut work.tx, workspace).await? {
            return Ok(None);
        }
        let user = match who {
            Joined::New(new) => {
                add(&mut work, new, false).await?;
                new.id
            }
            Joined::Known(id) => {
                next_epoch(&mut work, id.uuid()).await?;
                id
            }
        };
        if !members::join(&mut work, workspace, user, role).await? {
            return Ok(None);
        }
        work.commit().await?;
        Ok(Some(workspace))
    }

    /// Sets another password, and ends every session. Whether the link worked.
    pub async fn reset_password(&self, hash: &[u8; 32], password: &str, by: By) -> Result<bool> {
        const SQL: &str = "UPDATE users SET password = $2, session_epoch = session_epoch + 1 \
            WHERE mail = $1 RETURNING id";
        let mut work = self.mutate(by).await?;
        let Some(LinkKind::Reset { mail }) = take(&mut work, hash).await? else { return Ok(false) };
        let user: Option<(Uuid,)> = on!(work.tx.on(), c => sqlx::query_as(SQL)
            .bind(mail.as_str()).bind(password).fetch_optional(c).await)?;
        let Some((user,)) = user else { return Ok(false) };
        note(&mut work, "user.reset", UserId::from_uuid(user), json!({})).await?;
        work.commit().await?;
        Ok(true)
    }
}

const LINK: &str = "SELECT kind, workspace, mail, role, expires_at, used_at FROM links WHERE hash = $1";

/// Uses a link up, if it works. What it is for.
async fn take(work: &mut Mutation<'_>, hash: &[u8; 32]) -> Result<Option<LinkKind>> {
    const SQL: &str = "UPDATE links SET used_at = $2 WHERE hash = $1 AND used_at IS NULL AND expires_at > $2 \
        RETURNING kind, workspace, mail, role, expires_at, used_at";
    let at = work.by.at.millis();
    let row: Option<LinkRow> =
        on!(work.tx.on(), c => sqlx::query_as(SQL).bind(&hash[..]).bind(at).fetch_optional(c).await)?;
    Ok(row.map(Link::try_from).transpose()?.map(|link| link.kind))
}

#[derive(FromRow)]
struct LinkRow {
    kind: String,
    workspace: Option<Uuid>,
    mail: Option<String>,
    role: Option<String>,
    expires_at: i64,
    used_at: Option<i64>,
}

impl TryFrom<LinkRow> for Link {
    type Error = StoreError;

    fn try_from(row: LinkRow) -> Result<Self> {
        let corrupt = || StoreError::Corrupt("link");
        let mail = row.mail.as_deref().map(str::parse).transpose().map_err(|_| corrupt())?;
        let kind = match (row.kind.as_str(), row.workspace, mail, row.role) {
            ("setup", None, None, None) => LinkKind::Setup,
            ("invite", Some(workspace), Some(mail), Some(role)) => {
                LinkKind::Invite { workspace: WorkspaceId::from_uuid(workspace), mail, role: members::parse(&role)? }
            }
            ("reset", None, Some(mail), None) => LinkKind::Reset { mail },
            _ => return Err(corrupt()),
        };
        let (expires_at, used_at) = (row.expires_at, row.used_at.map(Timestamp::from_millis));
        Ok(Self { kind, expires_at: Timestamp::from_millis(expires_at), used_at })
    }
}
