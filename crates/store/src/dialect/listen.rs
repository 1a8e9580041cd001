//! The connection over which PostgreSQL tells of changes. SQLite has nothing of the kind, and no other process to
//! hear of.

use std::time::Duration;

use sqlx::postgres::{PgListener, PgPoolOptions};
use tokio::time::timeout;

use crate::change::{Change, ChangeRow};
use crate::db::{Db, On, Tx};
use crate::feed::{PAGE, TRUSTED_FOR};
use crate::open::postgres_options;
use crate::{Result, StoreConfig, StoreError};

/// Channels are a database's own, so this needs to be unique within ours only.
const CHANNEL: &str = "ownkey_changes";

/// Whether other processes may change this database.
pub(crate) fn has_other_nodes(db: &Db) -> bool {
    matches!(db, Db::Postgres(_))
}

/// Wakes all nodes when this transaction commits.
pub(crate) async fn notify(tx: &mut Tx) -> Result<()> {
    if let On::Postgres(c) = tx.on() {
        sqlx::query("SELECT pg_notify($1, '')").bind(CHANNEL).execute(c).await?;
    }
    Ok(())
}

/// A connection of its own, for LISTEN belongs to a connection; the changes are read over the same one, so that
/// reading them proves that notifications could come.
pub(crate) struct Listening(PgListener);

impl Listening {
    /// Connects and listens.
    pub async fn start(config: &StoreConfig) -> Result<Self> {
        let options = postgres_options(config)?;
        let pool = PgPoolOptions::new().max_connections(1).acquire_timeout(TRUSTED_FOR).connect_lazy_with(options);
        let mut listener = PgListener::connect_with(&pool).await?;
        // Whoever reconnects unseen does not know what was missed.
        listener.eager_reconnect(false);
        listener.listen(CHANNEL).await?;
        Ok(Self(listener))
    }

    /// Waits for a notification, or that long.
    pub async fn wait(&mut self, at_most: Duration) -> Result<()> {
        if let Ok(notified) = timeout(at_most, self.0.try_recv()).await {
            notified?.ok_or(StoreError::Unavailable("connection lost"))?;
        }
        // One reading answers them all.
        while self.0.next_buffered().is_some() {}
        Ok(())
    }

    /// The changes from that number on, in order.
    pub async fn changes(&mut self, from: i64) -> Result<Vec<(i64, Change)>> {
        let query = sqlx::query_as(ChangeRow::FROM).bind(from).bind(i64::from(PAGE));
        query.fetch_all(&mut self.0).await?.into_iter().map(ChangeRow::read).collect()
    }

    /// The number of the latest change.
    pub async fn latest(&mut self) -> Result<i64> {
        let (number,): (i64,) = sqlx::query_as(ChangeRow::LATEST).fetch_one(&mut self.0).await?;
        Ok(number)
    }
}
