//! Opening a database: lock, connections, the settings that durability and secrecy rest on, migrations.

mod files;
mod postgres;
mod sqlite;

use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

use crate::db::{Db, on};
use crate::{Result, StoreConfig, StoreError, dialect};
pub(crate) use files::{LockFile, lock_file, private_dir, private_file};
pub(crate) use postgres::postgres_options;

/// How many migrations there are.
const MIGRATIONS: usize = 17;

/// A folder's migrations, in their order.
macro_rules! migrations {
    ($folder:literal) => {
        [
            (1, "start", include_str!(concat!("../migrations/", $folder, "/0001_start.sql"))),
            (2, "receipt user", include_str!(concat!("../migrations/", $folder, "/0002_receipt_user.sql"))),
            (3, "agents", include_str!(concat!("../migrations/", $folder, "/0003_agents.sql"))),
            (4, "retention", include_str!(concat!("../migrations/", $folder, "/0004_retention.sql"))),
            (5, "responses", include_str!(concat!("../migrations/", $folder, "/0005_responses.sql"))),
            (6, "ledger", include_str!(concat!("../migrations/", $folder, "/0006_ledger.sql"))),
            (7, "usage units", include_str!(concat!("../migrations/", $folder, "/0007_usage_units.sql"))),
            (8, "services", include_str!(concat!("../migrations/", $folder, "/0008_services.sql"))),
            (9, "people", include_str!(concat!("../migrations/", $folder, "/0009_people.sql"))),
            (10, "settled", include_str!(concat!("../migrations/", $folder, "/0010_settled.sql"))),
            (11, "told responses", include_str!(concat!("../migrations/", $folder, "/0011_told_responses.sql"))),
            (12, "client request id", include_str!(concat!("../migrations/", $folder, "/0012_client_request_id.sql"))),
            (13, "pages", include_str!(concat!("../migrations/", $folder, "/0013_pages.sql"))),
            (14, "connections", include_str!(concat!("../migrations/", $folder, "/0014_connections.sql"))),
            (15, "webhooks", include_str!(concat!("../migrations/", $folder, "/0015_webhooks.sql"))),
            (16, "own accounts", include_str!(concat!("../migrations/", $folder, "/0016_own_accounts.sql"))),
            (17, "holds", include_str!(concat!("../migrations/", $folder, "/0017_holds.sql"))),
        ]
    };
}

/// An open database, and the lock that keeps other processes away (SQLite only).
pub(crate) struct Opened {
    pub db: Db,
    pub lock: Option<LockFile>,
}

pub(crate) async fn open(config: &StoreConfig) -> Result<Opened> {
    let opened = match config.url.split_once("://") {
        Some(("sqlite", path)) => sqlite::open(path, config).await?,
        Some(("postgres" | "postgresql", _)) => Opened { db: Db::Postgres(postgres::open(config).await?), lock: None },
        _ => return Err(StoreError::BadUrl),
    };
    // Before and after: the migrations of this binary must not touch a database that is too new for it.
    refuse_if_too_old(&opened.db, config).await?;
    migrate(&opened.db).await?;
    refuse_if_too_old(&opened.db, config).await?;
    Ok(opened)
}

/// The database as it is, if it is there: nothing is made, migrated or written.
pub(crate) async fn look(config: &StoreConfig) -> Result<Option<Db>> {
    let db = match config.url.split_once("://") {
        Some(("sqlite", path)) => match sqlite::look(path, config).await? {
            Some(db) => db,
            None => return Ok(None),
        },
        Some(("postgres" | "postgresql", _)) => Db::Postgres(postgres::open(config).await?),
        _ => return Err(StoreError::BadUrl),
    };
    if !dialect::has_settings(&db).await? {
        db.close().await;
        return Ok(None);
    }
    refuse_if_too_old(&db, config).await?;
    Ok(Some(db))
}

async fn migrate(db: &Db) -> Result<()> {
    let done = match db {
        Db::Sqlite(pools) => migrator(migrations!("sqlite")).run(&pools.write).await,
        Db::Postgres(pool) => migrator(migrations!("postgres")).run(pool).await,
    };
    done.map_err(|e| StoreError::Migration(e.to_string()))
}

fn migrator(migrations: [(i64, &'static str, &'static str); MIGRATIONS]) -> Migrator {
    let migration = |(number, name, sql): (i64, &'static str, &'static str)| {
        Migration::new(number, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
    };
    let mut migrator = Migrator::with_migrations(migrations.into_iter().map(migration).collect());
    // A newer version's migrations are fine as long as its `min_binary` says so.
    migrator.set_ignore_missing(true);
    migrator
}

async fn refuse_if_too_old(db: &Db, config: &StoreConfig) -> Result<()> {
    if !dialect::has_settings(db).await? {
        return Ok(());
    }
    const SQL: &str = "SELECT value FROM settings WHERE name = 'min_binary'";
    let needed: Option<(String,)> = on!(db.read(), c => sqlx::query_as(SQL).fetch_optional(c).await)?;
    let (needed,) = needed.ok_or(StoreError::Corrupt("setting"))?;
    let this = config.binary_version.clone();
    let old = parts(&needed).ok_or(StoreError::Corrupt("setting"))? > parts(&this).unwrap_or_default();
    if old { Err(StoreError::TooOld { needed, this }) } else { Ok(()) }
}

/// The three numbers of a version; what follows a `-` or `+` is ignored.
fn parts(version: &str) -> Option<[u32; 3]> {
    let plain = version.split(['-', '+']).next()?;
    let mut numbers = plain.split('.').map(|n| n.parse().ok());
    let parts = [numbers.next()??, numbers.next()??, numbers.next()??];
    numbers.next().is_none().then_some(parts)
}
