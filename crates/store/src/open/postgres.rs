//! Opening PostgreSQL.

use std::net::IpAddr;
use std::str::FromStr;

use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions, PgSslMode};

use crate::{Result, StoreConfig, StoreError};

/// What every session asks for. Mutations queue for one lock: a node that is cut off or paused in the middle of one
/// must not hold up all others for longer than this, nor a dead connection its session.
const SESSION: [(&str, &str); 4] = [
    ("idle_in_transaction_session_timeout", "10s"),
    ("tcp_keepalives_idle", "10"),
    ("tcp_keepalives_interval", "5"),
    ("tcp_keepalives_count", "3"),
];

pub(super) async fn open(config: &StoreConfig) -> Result<PgPool> {
    let pool = PgPoolOptions::new()
        // One mutation, one takeover and one read must never wait for each other.
        .max_connections(config.connections.max(3))
        .acquire_timeout(config.busy_timeout)
        .connect_with(postgres_options(config)?)
        .await?;
    let (commit,): (String,) = sqlx::query_as("SHOW synchronous_commit").fetch_one(&pool).await?;
    if commit == "off" { Err(StoreError::Setting("synchronous_commit = on")) } else { Ok(pool) }
}

/// How to connect to the URL's database. Another machine must prove who it is, unless the URL says otherwise by
/// `sslmode`: sealed keys, hashes and receipts pass there.
pub(crate) fn postgres_options(config: &StoreConfig) -> Result<PgConnectOptions> {
    let options = PgConnectOptions::from_str(&config.url).map_err(|_| StoreError::BadUrl)?;
    let silent = !["sslmode=", "ssl-mode="].iter().any(|name| config.url.contains(name));
    let options = match options.get_ssl_mode() {
        PgSslMode::Prefer if silent && !is_this_machine(&options) => options.ssl_mode(PgSslMode::VerifyFull),
        _ => options,
    };
    Ok(options.application_name("ownkey").options(SESSION).disable_statement_logging())
}

fn is_this_machine(options: &PgConnectOptions) -> bool {
    let host = options.get_host();
    let loopback = host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    loopback || host == "localhost" || host.starts_with('/') || options.get_socket().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(url: &str) -> PgSslMode {
        postgres_options(&StoreConfig::new(url)).unwrap().get_ssl_mode()
    }

    #[test]
    fn another_machine_must_prove_who_it_is() {
        for url in ["postgres://u:p@db.example.com/ownkey", "postgresql://u@10.0.0.5:5432/ownkey?sslrootcert=/ca.pem"] {
            assert!(matches!(mode(url), PgSslMode::VerifyFull), "{url}");
        }
        for url in [
            "postgres://u@127.0.0.1/o",
            "postgres://u@localhost:5433/o",
            "postgres://u@[::1]/o",
            "postgres:///o?host=/run",
        ] {
            assert!(matches!(mode(url), PgSslMode::Prefer), "{url}");
        }
    }

    #[test]
    fn the_url_has_the_last_word() {
        assert!(matches!(mode("postgres://u@db.example.com/o?sslmode=disable"), PgSslMode::Disable));
        assert!(matches!(mode("postgres://u@db.example.com/o?sslmode=require"), PgSslMode::Require));
    }
}
