//! Partitions of `receipts` on PostgreSQL: one for the ids of each month.

use std::collections::BTreeSet;

use sqlx::AssertSqlSafe;
use time::{Date, Month, OffsetDateTime, Time};
use uuid::Uuid;

use crate::db::On;
use crate::db::Tx;
use crate::{Result, StoreError};

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
            let month = u8::from(month);
            let sql = format!(
                "CREATE TABLE IF NOT EXISTS receipts_{year:04}_{month:02} PARTITION OF receipts \
                 FOR VALUES FROM ('{from}') TO ('{to}')"
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
    }
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
