//! How far a sweep may go. A clock that is wrong once must not delete what can't be had back, so no clock is taken at
//! its word: up to where receipts and audit events are gone, the horizon, is kept in the store, and a sweep moves it by
//! no more than [`PACE`] beyond where the sweep before left it. What a wrong clock costs is then the oldest of what
//! there is, bit by bit and with a warning each time. Changes are deleted by no clock at all.

use std::time::Duration;

use ownkey_domain::time::Timestamp;
use uuid::Uuid;

use super::Sweep;
use crate::db::on;
use crate::{Result, Store, StoreError};

/// What a sweep may delete beyond what the one before could: enough to catch up after a long rest, little to lose.
const PACE: Duration = Duration::from_secs(2 * 24 * 3_600);
/// Behind the clock by more than that, somebody should look at it.
const FAR: Duration = Duration::from_secs(7 * 24 * 3_600);

/// Up to when what is kept may go, by somebody's clock; absent stays for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expired {
    /// Receipts of calls before that.
    pub receipts: Option<Timestamp>,
    /// Audit events before that.
    pub audit: Option<Timestamp>,
    /// Responses that were made before that.
    pub responses: Option<Timestamp>,
    /// Messages to webhooks that were written before that.
    pub messages: Option<Timestamp>,
}

/// Sweeps now and then: once in an hour or so, by a clock that nobody sets. Made by [`Store::sweeper`].
#[derive(Debug)]
pub struct Sweeper {
    store: Store,
    /// What the sweep before left; the first one only looks.
    found: Option<Found>,
}

/// What there is to be swept.
#[derive(Debug, Clone, Copy)]
struct Found {
    receipts: Option<Timestamp>,
    audit: Option<Timestamp>,
    responses: Option<Timestamp>,
    messages: Option<Timestamp>,
    change: i64,
}

/// Up to where a sweep goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Upto {
    pub receipts: Option<Timestamp>,
    pub audit: Option<Timestamp>,
    pub responses: Option<Timestamp>,
    pub messages: Option<Timestamp>,
    /// Changes up to that number, which every node has read since, or has begun anew.
    pub change: i64,
}

impl Store {
    /// A sweeper that has not looked yet.
    pub fn sweeper(&self) -> Sweeper {
        Sweeper { store: self.clone(), found: None }
    }
}

impl Sweeper {
    /// Begins a sweep. It deletes nothing that was not there at the one before, so the first one after a start deletes
    /// nothing at all.
    pub async fn begin(&mut self, expired: Expired) -> Result<Sweep> {
        let upto = match self.found {
            None => Upto { receipts: None, audit: None, responses: None, messages: None, change: 0 },
            // Other nodes sweep too. Since each goes by what it found one pause ago, all together keep the pace.
            Some(before) => Upto {
                receipts: self.store.move_horizon(Horizon::Receipts, before.receipts, expired.receipts).await?,
                audit: self.store.move_horizon(Horizon::Audit, before.audit, expired.audit).await?,
                responses: self.store.move_horizon(Horizon::Responses, before.responses, expired.responses).await?,
                messages: self.store.move_horizon(Horizon::Messages, before.messages, expired.messages).await?,
                change: before.change,
            },
        };
        self.found = Some(Found {
            receipts: self.store.horizon(Horizon::Receipts).await?,
            audit: self.store.horizon(Horizon::Audit).await?,
            responses: self.store.horizon(Horizon::Responses).await?,
            messages: self.store.horizon(Horizon::Messages).await?,
            change: self.store.latest_change().await?,
        });
        Ok(Sweep::new(self.store.clone(), upto))
    }
}

/// What has a horizon.
#[derive(Debug, Clone, Copy)]
enum Horizon {
    Receipts,
    Audit,
    Responses,
    Messages,
}

impl Horizon {
    /// The setting that keeps it.
    const fn setting(self) -> &'static str {
        match self {
            Self::Receipts => "receipts_horizon",
            Self::Audit => "audit_horizon",
            Self::Responses => "responses_horizon",
            Self::Messages => "messages_horizon",
        }
    }
}

/// The next horizon: where the clock wants it, but no further than the pace allows. `None` if the clock is behind it:
/// then nothing is too old that is not gone.
fn next(before: Timestamp, wanted: Timestamp) -> Option<Timestamp> {
    (wanted > before).then(|| wanted.min(before.plus_millis(millis(PACE))))
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

impl Store {
    /// Up to where that is gone; if nothing ever went, where it begins, if there is any.
    async fn horizon(&self, of: Horizon) -> Result<Option<Timestamp>> {
        const SQL: &str = "SELECT value FROM settings WHERE name = $1";
        let kept: Option<(String,)> =
            on!(self.inner.db.read(), c => sqlx::query_as(SQL).bind(of.setting()).fetch_optional(c).await)?;
        let Some((kept,)) = kept else { return self.oldest(of).await };
        let millis = kept.parse().map_err(|_| StoreError::Corrupt("setting"))?;
        Ok(Some(Timestamp::from_millis(millis)))
    }

    /// The time of the oldest one. By workspace, as the indexes are.
    async fn oldest(&self, of: Horizon) -> Result<Option<Timestamp>> {
        const RECEIPT: &str = "SELECT id FROM (SELECT (SELECT r.id FROM receipts r WHERE r.workspace = w.id \
            ORDER BY r.id LIMIT 1) AS id FROM workspaces w) f WHERE id IS NOT NULL ORDER BY id LIMIT 1";
        const EVENT: &str = "SELECT at FROM (SELECT (SELECT e.at FROM audit_events e WHERE e.workspace = h.workspace \
            ORDER BY e.seq LIMIT 1) AS at FROM audit_heads h) f WHERE at IS NOT NULL ORDER BY at LIMIT 1";
        const RESPONSE: &str = "SELECT made_at FROM responses ORDER BY made_at LIMIT 1";
        const MESSAGE: &str = "SELECT created_at FROM webhook_messages ORDER BY created_at LIMIT 1";
        let db = self.inner.db.read();
        let millis = match of {
            Horizon::Receipts => {
                let first: Option<(Uuid,)> = on!(db, c => sqlx::query_as(RECEIPT).fetch_optional(c).await)?;
                first.map(|(id,)| i64::try_from(id.as_u128() >> 80).unwrap_or(i64::MAX))
            }
            Horizon::Audit => {
                let first: Option<(i64,)> = on!(db, c => sqlx::query_as(EVENT).fetch_optional(c).await)?;
                first.map(|(at,)| at)
            }
            Horizon::Responses => {
                let first: Option<(i64,)> = on!(db, c => sqlx::query_as(RESPONSE).fetch_optional(c).await)?;
                first.map(|(at,)| at)
            }
            Horizon::Messages => {
                let first: Option<(i64,)> = on!(db, c => sqlx::query_as(MESSAGE).fetch_optional(c).await)?;
                first.map(|(at,)| at)
            }
        };
        Ok(millis.map(Timestamp::from_millis))
    }

    /// Moves the horizon from where it was towards where the clock wants it. Up to where that may go now.
    async fn move_horizon(
        &self,
        of: Horizon,
        before: Option<Timestamp>,
        wanted: Option<Timestamp>,
    ) -> Result<Option<Timestamp>> {
        // Forward only: another node may have moved it further.
        const SQL: &str = "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE \
            SET value = excluded.value WHERE CAST(settings.value AS BIGINT) < CAST(excluded.value AS BIGINT)";
        let (Some(before), Some(wanted)) = (before, wanted) else { return Ok(None) };
        let Some(next) = next(before, wanted) else { return Ok(None) };
        let behind = wanted.millis().saturating_sub(next.millis());
        if behind > millis(FAR) {
            let days = behind / millis(Duration::from_secs(24 * 3_600));
            tracing::warn!(
                what = ?of, days,
                "by the clock much more is too old than went so far; it goes by two days of it an hour: if the clock is \
                 wrong, set it right before it is gone"
            );
        }
        let mut tx = self.inner.db.begin().await?;
        on!(tx.on(), c => sqlx::query(SQL).bind(of.setting()).bind(next.millis().to_string())
            .execute(c).await.map(drop))?;
        tx.commit().await?;
        Ok(Some(next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_horizon_keeps_its_pace_and_never_goes_back() {
        let day = |day: i64| Timestamp::from_millis(day * 24 * 3_600_000);
        assert_eq!(next(day(10), day(11)), Some(day(11)));
        assert_eq!(next(day(10), day(12)), Some(day(12)));
        assert_eq!(next(day(10), day(500)), Some(day(12)));
        assert_eq!(next(day(10), day(10)), None);
        assert_eq!(next(day(10), day(-500)), None);
    }
}
