//! What truly differs between the two databases, each with its reason.

mod listen;
mod partitions;
mod wide;

use std::collections::BTreeSet;
use std::path::Path;

use ownkey_domain::id::WorkspaceId;

use crate::db::{Db, On, Tx, on};
use crate::open::private_file;
use crate::{Result, StoreError};
pub(crate) use listen::{Listening, has_other_nodes, notify};
pub(crate) use partitions::{Partitions, drop_months, lacks_partition};
pub(crate) use wide::{PgQuery, SqliteQuery, Wide, WideStatement, wide_rows};

/// Any number, as long as nothing else in the database uses it.
const MUTATION_LOCK: i64 = 0x6f77_6e6b_6579;

/// Lets mutations go one at a time, so that numbers in `changes` and in audit chains grow in the order of
/// commits. SQLite has one writer anyway; PostgreSQL needs to be told.
pub(crate) async fn lock_mutations(tx: &mut Tx) -> Result<()> {
    if let On::Postgres(c) = tx.on() {
        sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(MUTATION_LOCK).execute(c).await?;
    }
    Ok(())
}

/// Lets ledger operations of a workspace go one at a time until the transaction ends. Locks are taken in the same order
/// everywhere. SQLite has one writer anyway.
pub(crate) async fn lock_workspaces(tx: &mut Tx, workspaces: &BTreeSet<WorkspaceId>) -> Result<()> {
    const SQL: &str =
        "SELECT pg_advisory_xact_lock(key) FROM (SELECT key FROM UNNEST($1::bigint[]) AS key ORDER BY key) k";
    let On::Postgres(c) = tx.on() else { return Ok(()) };
    // The last half of an id is its random one. Should two share a lock, they wait for each other, no more.
    let key = |workspace: &WorkspaceId| {
        let (_, low) = workspace.uuid().as_u64_pair();
        i64::from_ne_bytes(low.to_ne_bytes())
    };
    let keys: Vec<i64> = workspaces.iter().map(key).collect();
    sqlx::query(SQL).bind(keys).execute(c).await?;
    Ok(())
}

/// Lets all reads of a transaction see one moment. SQLite's do anyway.
pub(crate) async fn one_moment(tx: &mut Tx) -> Result<()> {
    if let On::Postgres(c) = tx.on() {
        sqlx::query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ").execute(c).await?;
    }
    Ok(())
}

/// What people call it.
pub(crate) fn kind(db: &Db) -> &'static str {
    match db {
        Db::Sqlite(_) => "sqlite",
        Db::Postgres(_) => "postgres",
    }
}

/// The database's own time, in milliseconds: leases are compared by one clock.
pub(crate) async fn now(tx: &mut Tx) -> Result<i64> {
    let on = tx.on();
    let sql = time_sql(&on);
    let (now,): (i64,) = on!(on, c => sqlx::query_as(sql).fetch_one(c).await)?;
    Ok(now)
}

/// The same where nothing is written.
pub(crate) async fn time(db: &Db) -> Result<i64> {
    let on = db.read();
    let sql = time_sql(&on);
    let (now,): (i64,) = on!(on, c => sqlx::query_as(sql).fetch_one(c).await)?;
    Ok(now)
}

const fn time_sql<S, P>(on: &On<S, P>) -> &'static str {
    match on {
        On::Sqlite(_) => "SELECT CAST(unixepoch('subsec') * 1000 AS INTEGER)",
        On::Postgres(_) => "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)",
    }
}

/// Whether there are tables yet. The catalogues have nothing in common.
pub(crate) async fn has_settings(db: &Db) -> Result<bool> {
    let sql = match db {
        Db::Sqlite(_) => "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'settings'",
        Db::Postgres(_) => "SELECT COUNT(*) FROM pg_class WHERE oid = to_regclass('settings')",
    };
    let (tables,): (i64,) = on!(db.read(), c => sqlx::query_as(sql).fetch_one(c).await)?;
    Ok(tables > 0)
}

/// Empties SQLite's write-ahead log, which keeps copies of pages from before a key was overwritten. Whether
/// nothing of it is left; a reader in the way is not waited for, as the writer would wait with it.
/// (PostgreSQL's log is recycled by the server alone.)
pub(crate) async fn empty_log(db: &Db) -> Result<bool> {
    let Db::Sqlite(pools) = db else { return Ok(true) };
    let mut c = pools.write.acquire().await?;
    let (timeout,): (i64,) = sqlx::query_as("PRAGMA busy_timeout").fetch_one(&mut *c).await?;
    sqlx::query("PRAGMA busy_timeout = 0").execute(&mut *c).await?;
    let emptied = sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut *c).await;
    let restore = format!("PRAGMA busy_timeout = {timeout}");
    sqlx::query(sqlx::AssertSqlSafe(restore)).execute(&mut *c).await?;
    let (busy, _, _): (i64, i64, i64) = emptied?;
    Ok(busy == 0)
}

/// Writes a consistent copy to a new file. PostgreSQL has `pg_dump` for that.
pub(crate) async fn backup(db: &Db, path: &Path) -> Result<()> {
    let Db::Sqlite(pools) = db else { return Err(StoreError::Unsupported("backup of PostgreSQL")) };
    let path = path.to_str().ok_or(StoreError::Unstorable("path"))?;
    // Made here, since SQLite would let everyone read it. It takes an empty file for a new one.
    let made = private_file(Path::new(path)).and_then(|file| file.metadata());
    if !made.is_ok_and(|meta| meta.len() == 0) {
        return Err(StoreError::BackupFile);
    }
    // A connection of the write pool would hold up everyone; one that reads may not vacuum, even into a file.
    let mut c = pools.read.acquire().await?;
    sqlx::query("PRAGMA query_only = OFF").execute(&mut *c).await?;
    let copied = sqlx::query("VACUUM INTO $1").bind(path).execute(&mut *c).await;
    sqlx::query("PRAGMA query_only = ON").execute(&mut *c).await?;
    copied?;
    Ok(())
}

/// Whether the database refused rows for what they hold, so that trying again is no use. Codes are the only sign, and
/// nothing is blamed on the rows that may as well be the schema, the disk or the connection.
pub(crate) fn blames_data(db: &Db, error: &StoreError) -> bool {
    match (db, error) {
        (_, StoreError::Unstorable(_)) => true,
        // TOOBIG, CONSTRAINT, MISMATCH, RANGE; an extended code has its family in the low byte.
        (Db::Sqlite(_), StoreError::Database(code)) => {
            code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 18 | 19 | 20 | 25))
        }
        // Data exception, integrity constraint violation, program limit exceeded (a row or key too large).
        (Db::Postgres(_), StoreError::Database(code)) => {
            ["22", "23", "54"].iter().any(|class| code.starts_with(class)) && code.len() == 5
        }
        _ => false,
    }
}

/// Proves that the database can be written, without writing. A statement that merely reads answers from the
/// cache on SQLite even when the disk is gone.
pub(crate) async fn writable(db: &Db) -> Result<()> {
    let mut tx = db.begin().await?;
    const SQL: &str = "UPDATE settings SET value = value WHERE name = 'schema_version'";
    let touched = on!(tx.on(), c => sqlx::query(SQL).execute(c).await.map(|r| r.rows_affected()))?;
    tx.rollback().await?;
    if touched == 1 { Ok(()) } else { Err(StoreError::RowCount("settings")) }
}
