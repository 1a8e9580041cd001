//! The two databases as one value, and the macro that runs the same statement on whichever it is.

use sqlx::{PgPool, Postgres, Sqlite, SqlitePool, Transaction};

/// Something that exists once for each database.
#[derive(Debug, Clone)]
pub(crate) enum On<S, P> {
    Sqlite(S),
    Postgres(P),
}

/// The pools. On SQLite one connection writes and the others read: writers never meet, so none is ever told
/// that the database is busy.
pub(crate) type Db = On<SqlitePools, PgPool>;

/// An open write transaction.
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
