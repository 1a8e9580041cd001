//! The two databases as one value, and the macro that runs the same statement on whichever it is.

use sqlx::{PgConnection, PgPool, Postgres, Sqlite, SqliteConnection, SqlitePool, Transaction};

use crate::Result;

/// Something that exists once for each database.
#[derive(Debug, Clone)]
pub(crate) enum On<S, P> {
    Sqlite(S),
    Postgres(P),
}

/// The pools. On SQLite one connection writes and the others read: writers queue for it, so none is ever told
/// that the database is busy.
pub(crate) type Db = On<SqlitePools, PgPool>;

/// An open write transaction. Dropping it rolls it back.
pub(crate) type Tx = On<Transaction<'static, Sqlite>, Transaction<'static, Postgres>>;

#[derive(Debug, Clone)]
pub(crate) struct SqlitePools {
    pub read: SqlitePool,
    pub write: SqlitePool,
}

/// Runs `$query` on the connection `$c`, whichever database it belongs to.
macro_rules! on {
    ($connection:expr, $c:ident => $query:expr) => {
        match $connection {
            $crate::db::On::Sqlite($c) => $query,
            $crate::db::On::Postgres($c) => $query,
        }
    };
}
pub(crate) use on;

impl Db {
    /// Where reads go.
    pub fn read(&self) -> On<&SqlitePool, &PgPool> {
        match self {
            Self::Sqlite(pools) => On::Sqlite(&pools.read),
            Self::Postgres(pool) => On::Postgres(pool),
        }
    }

    /// Where a statement goes that writes by itself: no process can stop in the midst of it and hold what others wait for.
    pub fn alone(&self) -> On<&SqlitePool, &PgPool> {
        match self {
            Self::Sqlite(pools) => On::Sqlite(&pools.write),
            Self::Postgres(pool) => On::Postgres(pool),
        }
    }

    /// Begins to write.
    pub async fn begin(&self) -> Result<Tx> {
        Ok(match self {
            // A deferred transaction that reads first fails when it then wants to write.
            Self::Sqlite(pools) => Tx::Sqlite(pools.write.begin_with("BEGIN IMMEDIATE").await?),
            Self::Postgres(pool) => Tx::Postgres(pool.begin().await?),
        })
    }

    /// Waits until all connections are closed.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(pools) => {
                pools.read.close().await;
                pools.write.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

impl Tx {
    /// Where its statements go.
    pub fn on(&mut self) -> On<&mut SqliteConnection, &mut PgConnection> {
        match self {
            Self::Sqlite(tx) => On::Sqlite(tx),
            Self::Postgres(tx) => On::Postgres(tx),
        }
    }

    /// Makes its changes durable.
    pub async fn commit(self) -> Result<()> {
        Ok(on!(self, tx => tx.commit().await)?)
    }

    /// Takes its changes back, and waits for that.
    pub async fn rollback(self) -> Result<()> {
        Ok(on!(self, tx => tx.rollback().await)?)
    }
}
