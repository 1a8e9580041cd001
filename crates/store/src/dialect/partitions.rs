//! Partitions of `receipts` on PostgreSQL: one for the ids of each month.

use std::collections::BTreeSet;

use ownkey_domain::time::Timestamp;
use sqlx::AssertSqlSafe;
use time::{Date, Month, OffsetDateTime, Time};
use uuid::Uuid;

use crate::db::{Db, On, Tx};
use crate::{Result, StoreError, receipts};

/// The months whose partition is known to exist.
#[derive(Debug, Clone, Default)]
pub(crate) struct Partitions(BTreeSet<(i32, Month)>);

impl Partitions {
    /// Makes the partitions that those ids need. The months are known for sure only after the commit, so they
    /// are kept by [`Partitions::committed`].
    pub async fn ensure(&self, tx: &mut Tx, ids: impl Iterator<Item = Uuid>) -> Result<Self> {
        let On::Postgres(c) = tx.on() else { return Ok(Self::default()) };
        let months = ids.map(month).collect::<Result<BTreeSet<_>>>()?;
        let missing: BTreeSet<_> = months.difference(&self.0).copied().collect();
        for &(year, month) in &missing {
            let (from, to) = bounds(year, month)?;
            let sql = format!(
                "CREATE TABLE IF NOT EXISTS {} PARTITION OF receipts FOR VALUES FROM ('{from}') TO ('{to}')",
                name_of(year, month)
            );
            // Two nodes may see the same month begin.
            sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(PARTITION_LOCK).execute(&mut *c).await?;
            sqlx::query(AssertSqlSafe(sql)).execute(&mut *c).await?;
        }
        Ok(Self(missing))
    }

    /// Remembers months whose partitions are committed.
    pub fn committed(&mut self, mut months: Self) {
        self.0.append(&mut months.0);
        // The newest only: older ones are dropped some day, and are rarely needed by then.
        while self.0.len() > 1 {
            self.0.pop_first();
        }
    }
}

/// Whether the database has no partition for a receipt: another node has dropped the month since it was known to
/// exist. The code is that of any broken CHECK too.
pub(crate) fn lacks_partition(db: &Db, error: &StoreError) -> bool {
    matches!((db, error), (Db::Postgres(_), StoreError::Database(code)) if code == "23514")
}

/// Drops the partitions of months that ended before that; how many. Cheaper than deleting their rows one by one; SQLite
/// has no partitions. That moment is to be far behind now, so that no node has receipts of such a month any more; one
/// that has some all the same makes the partition again.
pub(crate) async fn drop_months(db: &Db, before: Timestamp) -> Result<u64> {
    const MONTHS: &str = "SELECT c.relname::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid \
        WHERE i.inhparent = to_regclass('receipts')";
    let Db::Postgres(pool) = db else { return Ok(0) };
    let mut c = pool.begin().await?;
    // Dropping one waits for whoever reads receipts, and whoever comes then waits for that: not for long.
    sqlx::query("SET LOCAL lock_timeout = '1s'").execute(&mut *c).await?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(PARTITION_LOCK).execute(&mut *c).await?;
    let names: Vec<(String,)> = sqlx::query_as(MONTHS).fetch_all(&mut *c).await?;
    let mut dropped = 0;
    for (year, month) in names.iter().filter_map(|(name,)| month_named(name)) {
        if bounds(year, month)?.1 <= receipts::first_id(before.millis()) {
            let sql = format!("DROP TABLE {}", name_of(year, month));
            sqlx::query(AssertSqlSafe(sql)).execute(&mut *c).await?;
            dropped += 1;
        }
    }
    c.commit().await?;
    Ok(dropped)
}

fn name_of(year: i32, month: Month) -> String {
    format!("receipts_{year:04}_{:02}", u8::from(month))
}

/// The month whose partition has that name.
fn month_named(name: &str) -> Option<(i32, Month)> {
    let (year, month) = name.strip_prefix("receipts_")?.split_once('_')?;
    let (year, month) = (year.parse().ok()?, Month::try_from(month.parse::<u8>().ok()?).ok()?);
    (name_of(year, month) == name).then_some((year, month))
}

/// Any number, as long as nothing else in the database uses it.
const PARTITION_LOCK: i64 = 0x7061_7274_7321;

/// The month in the first 48 bits of a UUIDv7, which count milliseconds.
fn month(id: Uuid) -> Result<(i32, Month)> {
    let millis = i128::try_from(id.as_u128() >> 80).unwrap_or_default();
    let at = OffsetDateTime::from_unix_timestamp_nanos(millis * 1_000_000)
        .map_err(|_| StoreError::Unstorable("receipt id"))?;
    Ok((at.year(), at.month()))
}

/// The first ids of a month and of the next one.
fn bounds(year: i32, month: Month) -> Result<(Uuid, Uuid)> {
    let next_year = if month == Month::December { year + 1 } else { year };
    Ok((first_id(year, month)?, first_id(next_year, month.next())?))
}

fn first_id(year: i32, month: Month) -> Result<Uuid> {
    let date = Date::from_calendar_date(year, month, 1).map_err(|_| StoreError::Unstorable("receipt id"))?;
    let millis = date.with_time(Time::MIDNIGHT).assume_utc().unix_timestamp().saturating_mul(1000);
    let millis = u128::try_from(millis).map_err(|_| StoreError::Unstorable("receipt id"))?;
    Ok(Uuid::from_u128(millis << 80))
}
