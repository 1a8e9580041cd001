//! Sessions: that somebody is signed in somewhere.

use ownkey_domain::id::{SessionId, UserId};
use ownkey_domain::time::Timestamp;
use serde_json::json;
use sqlx::FromRow;
use uuid::Uuid;

use super::{Account, User, UserRow, note};
use crate::db::on;
use crate::{By, Result, Store};

/// A session that nobody used for so long has ended.
const IDLE_MS: i64 = 7 * 24 * 3_600_000;
/// How exactly it is known when one was last used: each time costs a write.
const SEEN_EVERY_MS: i64 = 5 * 60_000;
/// Sessions of a person; a new one ends the oldest beyond these.
const EACH_MAX: i64 = 20;

/// A session to begin.
#[derive(Clone)]
pub struct NewSession {
    /// Its id.
    pub id: SessionId,
    /// The keyed hash of its token.
    pub hash: [u8; 32],
    /// Whose.
    pub user: UserId,
    /// The epoch of the person's that it is of.
    pub epoch: i64,
    /// When it ends however much it is used.
    pub expires_at: Timestamp,
    /// By what he came, shortened.
    pub user_agent: String,
}

/// A session that lasts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Whose.
    pub user: User,
    /// By what he came.
    pub user_agent: String,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used, to a few minutes.
    pub seen_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Which sessions of a person to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndedBy {
    /// That one.
    One(SessionId),
    /// All but that one.
    AllBut(SessionId),
}

macro_rules! sessions {
    ($where:literal) => {
        concat!(
            "SELECT s.id AS session, s.user_agent, s.created_at AS begun_at, s.seen_at, s.expires_at, \
             u.id, u.mail, u.name, u.password, u.is_operator, u.session_epoch, u.created_at \
             FROM sessions s JOIN users u ON u.id = s.user_id AND u.session_epoch = s.epoch WHERE ",
            $where
        )
    };
}

impl Store {
    /// Begins a session, and clears away what has ended. `false` if the person's epoch is another by now.
    pub async fn begin_session(&self, new: &NewSession, by: By) -> Result<bool> {
        const SQL: &str = "INSERT INTO sessions (id, hash, user_id, epoch, user_agent, created_at, seen_at, expires_at) \
            SELECT $1, $2, u.id, u.session_epoch, $3, $4, $4, $5 FROM users u WHERE u.id = $6 AND u.session_epoch = $7";
        const ENDED: &str = "DELETE FROM sessions WHERE expires_at <= $1 OR seen_at <= $2";
        const OTHER_EPOCHS: &str = "DELETE FROM sessions WHERE user_id = $1 AND epoch <> $2";
        const OLDEST: &str = "DELETE FROM sessions WHERE id IN \
            (SELECT id FROM sessions WHERE user_id = $1 ORDER BY id DESC LIMIT 1000 OFFSET $2)";
        let at = by.at.millis();
        let mut work = self.mutate(by).await?;
        let made = on!(work.tx.on(), c => sqlx::query(SQL)
            .bind(new.id.uuid()).bind(&new.hash[..]).bind(&new.user_agent).bind(at).bind(new.expires_at.millis())
            .bind(new.user.uuid()).bind(new.epoch)
            .execute(c).await.map(|r| r.rows_affected()))?;
        if made != 1 {
            return Ok(false);
        }
        on!(work.tx.on(), c => sqlx::query(ENDED).bind(at).bind(at - IDLE_MS).execute(c).await.map(drop))?;
        on!(work.tx.on(), c => sqlx::query(OTHER_EPOCHS)
            .bind(new.user.uuid()).bind(new.epoch).execute(c).await.map(drop))?;
        on!(work.tx.on(), c => sqlx::query(OLDEST)
            .bind(new.user.uuid()).bind(EACH_MAX).execute(c).await.map(drop))?;
        note(&mut work, "session.begin", new.user, json!({})).await?;
        work.commit().await?;
        Ok(true)
    }

    /// The session of a token with that hash, if it lasts. That it is used is written down now and then.
    pub async fn session(&self, hash: &[u8; 32], now: Timestamp) -> Result<Option<Session>> {
        const SQL: &str = sessions!("s.hash = $1 AND s.expires_at > $2 AND s.seen_at > $3");
        const SEEN: &str = "UPDATE sessions SET seen_at = $2 WHERE id = $1 AND seen_at < $2";
        let row: Option<SessionRow> = on!(self.inner.db.read(), c => sqlx::query_as(SQL)
            .bind(&hash[..]).bind(now.millis()).bind(now.millis() - IDLE_MS).fetch_optional(c).await)?;
        let Some(session) = row.map(Session::try_from).transpose()? else { return Ok(None) };
        if session.seen_at.plus_millis(SEEN_EVERY_MS) < now {
            let mut tx = self.inner.db.begin().await?;
            on!(tx.on(), c => sqlx::query(SEEN)
                .bind(session.id.uuid()).bind(now.millis()).execute(c).await.map(drop))?;
            tx.commit().await?;
        }
        Ok(Some(session))
    }

    /// A person's sessions that last, newest first.
    pub async fn sessions(&self, user: UserId, now: Timestamp) -> Result<Vec<Session>> {
        const SQL: &str =
            sessions!("s.user_id = $1 AND s.expires_at > $2 AND s.seen_at > $3 ORDER BY s.id DESC LIMIT $4");
        let rows: Vec<SessionRow> = on!(self.inner.db.read(), c => sqlx::query_as(SQL)
            .bind(user.uuid()).bind(now.millis()).bind(now.millis() - IDLE_MS).bind(EACH_MAX).fetch_all(c).await)?;
        rows.into_iter().map(Session::try_from).collect()
    }

    /// Ends sessions of a person. How many.
    pub async fn end_sessions(&self, user: UserId, which: EndedBy, by: By) -> Result<u64> {
        const ONE: &str = "DELETE FROM sessions WHERE user_id = $1 AND id = $2";
        const OTHERS: &str = "DELETE FROM sessions WHERE user_id = $1 AND id <> $2";
        let (sql, id) = match which {
            EndedBy::One(id) => (ONE, id),
            EndedBy::AllBut(id) => (OTHERS, id),
        };
        let mut work = self.mutate(by).await?;
        let ended = on!(work.tx.on(), c => sqlx::query(sql)
            .bind(user.uuid()).bind(id.uuid()).execute(c).await.map(|r| r.rows_affected()))?;
        if ended > 0 {
            note(&mut work, "session.end", user, json!({"sessions": ended})).await?;
            work.commit().await?;
        }
        Ok(ended)
    }
}

#[derive(FromRow)]
struct SessionRow {
    session: Uuid,
    user_agent: String,
    begun_at: i64,
    seen_at: i64,
    expires_at: i64,
    #[sqlx(flatten)]
    user: UserRow,
}

impl TryFrom<SessionRow> for Session {
    type Error = crate::StoreError;

    fn try_from(row: SessionRow) -> Result<Self> {
        Ok(Self {
            id: SessionId::from_uuid(row.session),
            user: Account::try_from(row.user)?.user,
            user_agent: row.user_agent,
            created_at: Timestamp::from_millis(row.begun_at),
            seen_at: Timestamp::from_millis(row.seen_at),
            expires_at: Timestamp::from_millis(row.expires_at),
        })
    }
}
