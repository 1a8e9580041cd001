//! People: who they are, what they are to workspaces, their sessions, and links that work once. No token and no
//! password is known here: tokens come as keyed hashes, passwords as the text of their slow hash.

mod invitations;
mod links;
mod members;
mod sessions;

use std::fmt;

use ownkey_domain::id::UserId;
use ownkey_domain::person::Mail;
use ownkey_domain::time::Timestamp;
use serde_json::json;
use sqlx::FromRow;
use uuid::Uuid;

use crate::db::on;
use crate::mutation::Mutation;
use crate::{By, Note, Result, Store, StoreError};
pub use invitations::Invitation;
pub use links::{Joined, Link, LinkKind, LinkState, NewLink, OPEN_INVITES_MAX};
pub use members::{Member, MemberChange, Membership};
pub use sessions::{EndedBy, NewSession, Session};

/// Someone who can sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Whose id.
    pub id: UserId,
    /// What he signs in with.
    pub mail: Mail,
    /// What others call him.
    pub name: String,
    /// Whether he runs this installation.
    pub is_operator: bool,
    /// When he first signed in.
    pub created_at: Timestamp,
}

/// A person with what it takes to check who he says he is.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// The person.
    pub user: User,
    /// The slow hash of his password, with its salt and cost.
    pub password: String,
    /// What his sessions must be of.
    pub epoch: i64,
}

/// Someone to add.
#[derive(Clone)]
pub struct NewUser {
    /// Whose id.
    pub id: UserId,
    /// What he signs in with.
    pub mail: Mail,
    /// What others call him.
    pub name: String,
    /// The slow hash of his password.
    pub password: String,
}

const BY_MAIL: &str =
    "SELECT id, mail, name, password, is_operator, session_epoch, created_at FROM users WHERE mail = $1";
const BY_ID: &str = "SELECT id, mail, name, password, is_operator, session_epoch, created_at FROM users WHERE id = $1";

impl Store {
    /// Whether there is a person who runs this installation.
    pub async fn has_operator(&self) -> Result<bool> {
        const SQL: &str = "SELECT COUNT(*) FROM (SELECT id FROM users WHERE is_operator = 1 LIMIT 1) u";
        let (count,): (i64,) = on!(self.inner.db.read(), c => sqlx::query_as(SQL).fetch_one(c).await)?;
        Ok(count > 0)
    }

    /// The account of that address.
    pub async fn account(&self, mail: &Mail) -> Result<Option<Account>> {
        let row: Option<UserRow> =
            on!(self.inner.db.read(), c => sqlx::query_as(BY_MAIL).bind(mail.as_str()).fetch_optional(c).await)?;
        row.map(Account::try_from).transpose()
    }

    /// The account of that person.
    pub async fn account_of(&self, id: UserId) -> Result<Option<Account>> {
        let row: Option<UserRow> =
            on!(self.inner.db.read(), c => sqlx::query_as(BY_ID).bind(id.uuid()).fetch_optional(c).await)?;
        row.map(Account::try_from).transpose()
    }

    /// Changes a password that is still `from`, and ends every session. The epoch of those to come, unless another
    /// change came first.
    pub async fn change_password(&self, id: UserId, (from, to): (&str, &str), by: By) -> Result<Option<i64>> {
        const SQL: &str = "UPDATE users SET password = $3, session_epoch = session_epoch + 1 \
            WHERE id = $1 AND password = $2 RETURNING session_epoch";
        let mut work = self.mutate(by).await?;
        let epoch: Option<(i64,)> = on!(work.tx.on(), c => sqlx::query_as(SQL)
            .bind(id.uuid()).bind(from).bind(to).fetch_optional(c).await)?;
        let Some((epoch,)) = epoch else { return Ok(None) };
        note(&mut work, "user.password", id, json!({})).await?;
        work.commit().await?;
        Ok(Some(epoch))
    }

    /// Keeps the same password at another cost. Nothing if it was changed meanwhile.
    pub async fn rehash_password(&self, id: UserId, (from, to): (&str, &str)) -> Result<()> {
        const SQL: &str = "UPDATE users SET password = $3 WHERE id = $1 AND password = $2";
        let mut tx = self.inner.db.begin().await?;
        on!(tx.on(), c => sqlx::query(SQL).bind(id.uuid()).bind(from).bind(to).execute(c).await.map(drop))?;
        tx.commit().await
    }
}

/// Adds a person; `Duplicate` if the address is taken.
async fn add(work: &mut Mutation<'_>, new: &NewUser, is_operator: bool) -> Result<()> {
    const SQL: &str = "INSERT INTO users (id, mail, name, password, is_operator, session_epoch, created_at) \
        VALUES ($1, $2, $3, $4, $5, 1, $6) ON CONFLICT DO NOTHING";
    let at = work.by.at.millis();
    let made = on!(work.tx.on(), c => sqlx::query(SQL)
        .bind(new.id.uuid()).bind(new.mail.as_str()).bind(&new.name).bind(&new.password)
        .bind(i64::from(is_operator)).bind(at)
        .execute(c).await.map(|r| r.rows_affected()))?;
    if made != 1 {
        return Err(StoreError::Duplicate("person"));
    }
    note(work, "user.create", new.id, json!({"name": new.name, "is_operator": is_operator})).await
}

/// Ends every session of a person.
async fn next_epoch(work: &mut Mutation<'_>, id: Uuid) -> Result<()> {
    const SQL: &str = "UPDATE users SET session_epoch = session_epoch + 1 WHERE id = $1";
    Ok(on!(work.tx.on(), c => sqlx::query(SQL).bind(id).execute(c).await.map(drop))?)
}

async fn note(work: &mut Mutation<'_>, action: &'static str, user: UserId, detail: serde_json::Value) -> Result<()> {
    work.note(&Note { workspace: None, action, object: user.to_string(), detail }).await
}

#[derive(FromRow)]
struct UserRow {
    id: Uuid,
    mail: String,
    name: String,
    password: String,
    is_operator: i64,
    session_epoch: i64,
    created_at: i64,
}

impl TryFrom<UserRow> for Account {
    type Error = StoreError;

    fn try_from(row: UserRow) -> Result<Self> {
        let user = User {
            id: UserId::from_uuid(row.id),
            mail: row.mail.parse().map_err(|_| StoreError::Corrupt("person"))?,
            name: row.name,
            is_operator: row.is_operator != 0,
            created_at: Timestamp::from_millis(row.created_at),
        };
        Ok(Self { user, password: row.password, epoch: row.session_epoch })
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("user", &self.user).finish_non_exhaustive()
    }
}
