//! What people are to workspaces. A workspace that has an owner keeps one.

use ownkey_domain::id::{UserId, WorkspaceId};
use ownkey_domain::person::Role;
use ownkey_domain::time::Timestamp;
use serde_json::json;
use sqlx::FromRow;
use uuid::Uuid;

use super::{Account, User, UserRow, next_epoch};
use crate::change::ChangeKind;
use crate::db::on;
use crate::mutation::Mutation;
use crate::{Actor, By, Note, Result, Store, StoreError};

/// Members of a workspace, and workspaces of a person, at most.
pub(super) const MEMBERS_MAX: i64 = 500;

/// A person as a member of a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The person.
    pub user: User,
    /// What he is there.
    pub role: Role,
    /// Since when.
    pub since: Timestamp,
    /// When he was last signed in, to a few minutes, if that is still known.
    pub seen_at: Option<Timestamp>,
}

/// A workspace that a person is a member of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// Its name.
    pub name: String,
    /// The id of its plan.
    pub plan: String,
    /// What he is there.
    pub role: Role,
}

/// What came of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberChange {
    /// It is done.
    Done,
    /// He is no member.
    NoMember,
    /// He is the last owner.
    LastOwner,
}

macro_rules! members {
    ($rest:literal) => {
        concat!(
            "SELECT m.role, m.created_at AS since, \
             (SELECT MAX(s.seen_at) FROM sessions s WHERE s.user_id = m.user_id) AS last_seen_at, \
             u.id, u.mail, u.name, u.password, u.is_operator, u.session_epoch, u.created_at \
             FROM memberships m JOIN users u ON u.id = m.user_id WHERE m.workspace = $1",
            $rest
        )
    };
}

impl Store {
    /// The members of a workspace, first those who came first.
    pub async fn members(&self, workspace: WorkspaceId) -> Result<Vec<Member>> {
        const SQL: &str = members!(" ORDER BY m.created_at, m.user_id LIMIT $2");
        let rows: Vec<MemberRow> = on!(self.inner.db.read(), c => sqlx::query_as(SQL)
            .bind(workspace.uuid()).bind(MEMBERS_MAX).fetch_all(c).await)?;
        rows.into_iter().map(Member::try_from).collect()
    }

    /// A member of a workspace.
    pub async fn member(&self, workspace: WorkspaceId, user: UserId) -> Result<Option<Member>> {
        const SQL: &str = members!(" AND m.user_id = $2");
        let row: Option<MemberRow> = on!(self.inner.db.read(), c => sqlx::query_as(SQL)
            .bind(workspace.uuid()).bind(user.uuid()).fetch_optional(c).await)?;
        row.map(Member::try_from).transpose()
    }

    /// What a person is to a workspace.
    pub async fn role(&self, workspace: WorkspaceId, user: UserId) -> Result<Option<Role>> {
        let row: Option<(String,)> = on!(self.inner.db.read(), c => sqlx::query_as(ROLE)
            .bind(workspace.uuid()).bind(user.uuid()).fetch_optional(c).await)?;
        row.map(|(role,)| parse(&role)).transpose()
    }

    /// The workspaces that a person is a member of, by name.
    pub async fn memberships(&self, user: UserId) -> Result<Vec<Membership>> {
        const SQL: &str = "SELECT w.id, w.name, w.plan, m.role FROM memberships m \
            JOIN workspaces w ON w.id = m.workspace WHERE m.user_id = $1 AND w.deleted_at IS NULL \
            ORDER BY w.name, w.id LIMIT $2";
        let rows: Vec<(Uuid, String, String, String)> = on!(self.inner.db.read(), c => sqlx::query_as(SQL)
            .bind(user.uuid()).bind(MEMBERS_MAX).fetch_all(c).await)?;
        let membership = |(id, name, plan, role): (Uuid, String, String, String)| {
            Ok(Membership { workspace: WorkspaceId::from_uuid(id), name, plan, role: parse(&role)? })
        };
        rows.into_iter().map(membership).collect()
    }

    /// Gives a member another role, and ends his sessions: he signs in anew with what he is now.
    pub async fn set_role(&self, workspace: WorkspaceId, user: UserId, role: Role, by: By) -> Result<MemberChange> {
        const SQL: &str = "UPDATE memberships SET role = $3 WHERE workspace = $1 AND user_id = $2";
        let mut work = self.mutate(by).await?;
        let Some(before) = role_of(&mut work, workspace, user).await? else { return Ok(MemberChange::NoMember) };
        if before == role {
            return Ok(MemberChange::Done);
        }
        if before == Role::Owner && is_last_owner(&mut work, workspace, user).await? {
            return Ok(MemberChange::LastOwner);
        }
        on!(work.tx.on(), c => sqlx::query(SQL)
            .bind(workspace.uuid()).bind(user.uuid()).bind(role.as_str()).execute(c).await.map(drop))?;
        if role < before {
            revoke_keys(&mut work, (workspace, user), false).await?;
        }
        next_epoch(&mut work, user.uuid()).await?;
        let detail = json!({"from": before, "to": role});
        note(&mut work, (workspace, user), "member.role", detail).await?;
        work.commit().await?;
        Ok(MemberChange::Done)
    }

    /// Removes a member; the platform keys that he made stay or are revoked. Those of his playground end in any case.
    pub async fn remove_member(
        &self,
        workspace: WorkspaceId,
        user: UserId,
        keys_too: bool,
        by: By,
    ) -> Result<MemberChange> {
        const SQL: &str = "DELETE FROM memberships WHERE workspace = $1 AND user_id = $2";
        let mut work = self.mutate(by).await?;
        let Some(before) = role_of(&mut work, workspace, user).await? else { return Ok(MemberChange::NoMember) };
        if before == Role::Owner && is_last_owner(&mut work, workspace, user).await? {
            return Ok(MemberChange::LastOwner);
        }
        on!(work.tx.on(), c => sqlx::query(SQL)
            .bind(workspace.uuid()).bind(user.uuid()).execute(c).await.map(drop))?;
        let revoked = revoke_keys(&mut work, (workspace, user), keys_too).await?;
        note(&mut work, (workspace, user), "member.remove", json!({"role": before, "api_keys": revoked})).await?;
        work.commit().await?;
        Ok(MemberChange::Done)
    }
}

const ROLE: &str = "SELECT role FROM memberships WHERE workspace = $1 AND user_id = $2";

pub(super) fn parse(role: &str) -> Result<Role> {
    role.parse().map_err(|_| StoreError::Corrupt("role"))
}

async fn role_of(work: &mut Mutation<'_>, workspace: WorkspaceId, user: UserId) -> Result<Option<Role>> {
    let row: Option<(String,)> = on!(work.tx.on(), c => sqlx::query_as(ROLE)
        .bind(workspace.uuid()).bind(user.uuid()).fetch_optional(c).await)?;
    row.map(|(role,)| parse(&role)).transpose()
}

async fn is_last_owner(work: &mut Mutation<'_>, workspace: WorkspaceId, user: UserId) -> Result<bool> {
    const SQL: &str = "SELECT COUNT(*) FROM memberships WHERE workspace = $1 AND user_id <> $2 AND role = 'owner'";
    let (others,): (i64,) = on!(work.tx.on(), c => sqlx::query_as(SQL)
        .bind(workspace.uuid()).bind(user.uuid()).fetch_one(c).await)?;
    Ok(others == 0)
}

/// Makes a person a member, or more than he was. Whether there was room.
pub(super) async fn join(work: &mut Mutation<'_>, workspace: WorkspaceId, user: UserId, role: Role) -> Result<bool> {
    const COUNT: &str = "SELECT COUNT(*) FROM memberships WHERE workspace = $1 OR user_id = $2";
    const ADD: &str = "INSERT INTO memberships (workspace, user_id, role, created_at) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (workspace, user_id) DO UPDATE SET role = EXCLUDED.role";
    let before = role_of(work, workspace, user).await?;
    if before.is_some_and(|before| before >= role) {
        return Ok(true);
    }
    let (count,): (i64,) = on!(work.tx.on(), c => sqlx::query_as(COUNT)
        .bind(workspace.uuid()).bind(user.uuid()).fetch_one(c).await)?;
    if before.is_none() && count >= MEMBERS_MAX {
        return Ok(false);
    }
    let at = work.by.at.millis();
    on!(work.tx.on(), c => sqlx::query(ADD)
        .bind(workspace.uuid()).bind(user.uuid()).bind(role.as_str()).bind(at).execute(c).await.map(drop))?;
    note(work, (workspace, user), "member.join", json!({"role": role})).await?;
    Ok(true)
}

/// Revokes platform keys that a person made there: those of his playground, or all.
async fn revoke_keys(work: &mut Mutation<'_>, (workspace, user): (WorkspaceId, UserId), all: bool) -> Result<u64> {
    const SQL: &str = "UPDATE api_keys SET revoked_at = $3 WHERE workspace = $1 AND created_by = $2 \
        AND revoked_at IS NULL AND (purpose IS NOT NULL OR CAST($4 AS BIGINT) = 1) RETURNING id";
    let (at, by) = (work.by.at.millis(), Actor::User(user).to_string());
    let revoked: Vec<(Uuid,)> = on!(work.tx.on(), c => sqlx::query_as(SQL)
        .bind(workspace.uuid()).bind(by).bind(at).bind(i64::from(all)).fetch_all(c).await)?;
    let count = u64::try_from(revoked.len()).unwrap_or(u64::MAX);
    for (key,) in revoked {
        work.changed(ChangeKind::ApiKey, workspace, key).await?;
    }
    Ok(count)
}

async fn note(
    work: &mut Mutation<'_>,
    (workspace, user): (WorkspaceId, UserId),
    action: &'static str,
    detail: serde_json::Value,
) -> Result<()> {
    work.note(&Note { workspace: Some(workspace), action, object: user.to_string(), detail }).await
}

#[derive(FromRow)]
struct MemberRow {
    role: String,
    since: i64,
    last_seen_at: Option<i64>,
    #[sqlx(flatten)]
    user: UserRow,
}

impl TryFrom<MemberRow> for Member {
    type Error = StoreError;

    fn try_from(row: MemberRow) -> Result<Self> {
        Ok(Self {
            role: parse(&row.role)?,
            since: Timestamp::from_millis(row.since),
            seen_at: row.last_seen_at.map(Timestamp::from_millis),
            user: Account::try_from(row.user)?.user,
        })
    }
}
