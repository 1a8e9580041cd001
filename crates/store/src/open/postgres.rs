//! Opening PostgreSQL.

use std::str::FromStr;

use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};

use crate::{Result, StoreConfig, StoreError};

pub(super) async fn open(config: &StoreConfig) -> Result<PgPool> {
    let options = PgConnectOptions::from_str(&config.url).map_err(|_| StoreError::BadUrl)?;
    let pool = PgPoolOptions::new()
        // One mutation, one takeover and one read must never wait for each other.
        .max_connections(config.connections.max(3))
        .acquire_timeout(config.busy_timeout)
        .connect_with(options.disable_statement_logging())
        .await?;
    let (commit,): (String,) = sqlx::query_as("SHOW synchronous_commit").fetch_one(&pool).await?;
    if commit == "off" { Err(StoreError::Setting("synchronous_commit = on")) } else { Ok(pool) }
}
