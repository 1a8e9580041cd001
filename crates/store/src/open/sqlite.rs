//! Opening SQLite.

use std::path::{Path, PathBuf};

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqlitePool};

use super::files::{private_dir, private_file};
use super::{LockFile, Opened, lock_file};
use crate::db::{Db, SqlitePools};
use crate::{Result, StoreConfig, StoreError};

/// What the connection that writes keeps of the file, in KiB as SQLite wants it told. Receipts of many workspaces change pages
/// all over it, and with SQLite's own two MiB each of them is read again; more than this gains little.
const WRITER_CACHE: &str = "-8192";

/// Rows that the connection that writes finds ahead of whoever asked for them: as many as a batch has. With sqlx's own 50 two
/// threads wait for each other in turn.
const WRITER_ROWS: usize = 1024;

pub(super) async fn open(path: &str, config: &StoreConfig) -> Result<Opened> {
    let path = file(path)?;
    let lock = prepare(path)?;
    let options = options(path, config);
    let write = SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(config.busy_timeout)
        .idle_timeout(None)
        .max_lifetime(None)
        // It is in this process, and was pinged when it came back to the pool.
        .test_before_acquire(false)
        // SQLite itself takes a transaction back when the disk is full. sqlx then counts one as open for ever, and
        // no other would begin on this only connection; so it is replaced. (By that ping all that was asked of it before is
        // done.)
        .before_acquire(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }))
        .connect_with(options.clone().row_buffer_size(WRITER_ROWS).pragma("cache_size", WRITER_CACHE))
        .await?;
    let read = SqlitePoolOptions::new()
        .max_connections(config.connections.max(1))
        .acquire_timeout(config.busy_timeout)
        .connect_with(options.pragma("query_only", "ON"))
        .await?;
    check(&write).await?;
    check(&read).await?;
    Ok(Opened { db: Db::Sqlite(SqlitePools { read, write }), lock: Some(lock) })
}

/// Opens the file as it is, to read only; `None` if there is none. It takes no lock, so that a look is possible while
/// another process serves.
pub(super) async fn look(path: &str, config: &StoreConfig) -> Result<Option<Db>> {
    let path = file(path)?;
    if !path.exists() {
        return Ok(None);
    }
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let logged = std::fs::metadata(&log).is_ok_and(|log| log.len() > 0);
    let options = SqliteConnectOptions::new()
        .filename(path)
        // The last connection to close would else write a killed process's log into the database.
        .read_only(true)
        // Without a log the file is all there is, and SQLite need not make the files that go with one.
        .immutable(!logged)
        .busy_timeout(config.busy_timeout)
        .disable_statement_logging();
    let pool = SqlitePoolOptions::new().max_connections(1).acquire_timeout(config.busy_timeout);
    let pool = pool.connect_with(options).await?;
    Ok(Some(Db::Sqlite(SqlitePools { read: pool.clone(), write: pool })))
}

fn file(path: &str) -> Result<&Path> {
    if path.is_empty() || path.contains([':', '?']) { Err(StoreError::BadUrl) } else { Ok(Path::new(path)) }
}

/// Makes the folder and the file, both private to this user (SQLite gives its other files the same rights), and
/// takes the lock: caches and rate limits are this process's own, so a second one would not see its changes.
fn prepare(path: &Path) -> Result<LockFile> {
    let files = |path: &Path, source| StoreError::Files { path: path.to_owned(), source };
    if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        private_dir(folder).map_err(|e| files(folder, e))?;
    }
    let mut lock_path = path.as_os_str().to_owned();
    lock_path.push(".lock");
    let lock_path = PathBuf::from(lock_path);
    let lock = lock_file(&lock_path).map_err(|e| files(&lock_path, e))?;
    let lock = lock.ok_or(StoreError::AlreadyOpen(lock_path))?;
    private_file(path).map_err(|e| files(path, e))?;
    Ok(lock)
}

fn options(path: &Path, config: &StoreConfig) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(config.busy_timeout)
        // Overwritten keys must not stay readable in freed pages.
        .pragma("secure_delete", "ON")
        .disable_statement_logging()
}

/// Reads the settings back: SQLite says nothing when it does not take one.
async fn check(pool: &SqlitePool) -> Result<()> {
    let mut connection = pool.acquire().await?;
    let (mode,): (String,) = sqlx::query_as("PRAGMA journal_mode").fetch_one(&mut *connection).await?;
    if mode != "wal" {
        return Err(StoreError::Setting("journal_mode = WAL"));
    }
    let wanted = [("PRAGMA synchronous", 2), ("PRAGMA foreign_keys", 1), ("PRAGMA secure_delete", 1)];
    for (pragma, wanted) in wanted {
        let (value,): (i64,) = sqlx::query_as(pragma).fetch_one(&mut *connection).await?;
        if value != wanted {
            return Err(StoreError::Setting(pragma));
        }
    }
    Ok(())
}
