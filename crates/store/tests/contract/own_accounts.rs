//! A database of the version in which all workspaces shared the accounts that credits come from and go to.

use std::path::Path;

use ownkey_domain::id::{GrantId, WorkspaceId};
use ownkey_domain::ledger::{Amount, Grant, Order};
use ownkey_store::{GroupBy, StoreConfig, UsageFilter, UsageQuery};
use serde_json::json;
use sqlx::migrate::Migrator;
use sqlx::postgres::PgConnection;
use sqlx::{Connection, SqliteConnection};
use uuid::Uuid;

use crate::bed::{BY, Bed, NOW, try_execute};

/// The last version of that kind.
const BEFORE: i64 = 15;

/// Two workspaces: one was granted twelve and spent two, the other was granted seven, of which four expired.
const LEFT: [&str; 3] = [
    "INSERT INTO accounts (id, workspace, asset, no_overdraft, debits_pending, debits_posted, credits_pending, \
     credits_posted, granted, opened_at) VALUES ('issued', NULL, 'CREDIT', 0, 0, 19, 0, 0, 0, 5), \
     ('expired', NULL, 'CREDIT', 0, 0, 0, 0, 4, 0, 5), ('{one}/{purse}', {1}, 'CREDIT', 1, 0, 2, 0, 12, 12, 5), \
     ('{two}/{purse}', {2}, 'CREDIT', 1, 0, 4, 0, 7, 7, 5), ('{one}/charged', {1}, 'CREDIT', 0, 0, 0, 0, 2, 0, 5)",
    "INSERT INTO transfers (workspace, asset, kind, debit_account, credit_account, amount, balance, at) VALUES \
     ({1}, 'CREDIT', 'grant', 'issued', '{one}/{purse}', 9, 9, 5), ({2}, 'CREDIT', 'grant', 'issued', '{two}/{purse}', 7, 7, 5), \
     ({1}, 'CREDIT', 'grant', 'issued', '{one}/{purse}', 3, 12, 6), ({2}, 'CREDIT', 'expiry', '{two}/{purse}', 'expired', 4, 3, 7), \
     ({1}, 'CREDIT', 'charge', '{one}/{purse}', '{one}/charged', 2, 10, 8)",
    "INSERT INTO usage_totals (workspace, hour, model, provider, payer, api_key, agent, service, calls, errors, unmeasured, \
     unpriced, cost_pico, credits_micro) VALUES ({1}, {hour}, 'm', '', 'byok', {0}, '', '', 1, 0, 0, 0, 500, 0), \
     ({1}, {hour}, 'm', '', 'managed', {0}, '', '', 1, 0, 0, 0, 70, 2)",
];

fn workspace(n: u128) -> WorkspaceId {
    WorkspaceId::from_uuid(Uuid::from_u128(n))
}

fn grant(n: u128) -> GrantId {
    GrantId::from_uuid(Uuid::from_u128(n))
}

/// Fills the database as that version did.
async fn fill(url: &str, id: fn(Uuid) -> String) {
    for sql in LEFT {
        let sql = (0..3).fold(sql.to_owned(), |sql, n| sql.replace(&format!("{{{n}}}"), &id(Uuid::from_u128(n))));
        let sql = sql.replace("{one}", &workspace(1).to_string()).replace("{two}", &workspace(2).to_string());
        let sql = sql.replace("{purse}", &grant(1).to_string()).replace("{hour}", &NOW.hour().millis().to_string());
        try_execute(url, &sql).await.unwrap();
    }
}

/// The migrations of that version.
async fn older(folder: &str) -> Migrator {
    let all = Migrator::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(folder)).await.unwrap();
    Migrator::with_migrations(all.iter().filter(|migration| migration.version <= BEFORE).cloned().collect())
}

/// Opens it, looks at all that was in it, and goes on with it.
async fn nothing_is_lost_or_made(url: String) {
    let bed = Bed::open(StoreConfig::new(&url), tempfile::tempdir().unwrap()).await;
    let sound = || async {
        let check = bed.store.check_ledger().await.unwrap();
        assert_eq!(check.problems, []);
        (check.accounts, check.transfers)
    };
    assert_eq!(sound().await, (6, 5), "each has its own account for what it was granted, and one for what expired");
    let balance = async |n| bed.store.credits(workspace(n), NOW).await.unwrap().balance().get();
    assert_eq!((balance(1).await, balance(2).await), (10, 3));
    let query =
        UsageQuery { from: NOW, to: NOW.plus_millis(1), group_by: GroupBy::Payer, only: UsageFilter::default() };
    let rows = bed.store.usage(workspace(1), &query).await.unwrap();
    let told: Vec<_> = rows.iter().map(|r| (r.totals.credits_at_rate.get(), r.totals.unrated_usd.get())).collect();
    assert_eq!(told, [(0, 500), (2, 0)], "what managed access cost, and what the present rate is to be put on");
    // Transfers are for ever again, and one workspace is given all that can be counted.
    assert!(try_execute(&url, "UPDATE transfers SET amount = 1").await.is_err());
    for _ in 0..2 {
        let (workspace, order) = (bed.workspace().await, Order { reason: "all".to_owned(), idempotency_key: None });
        let credits = Amount::new(i64::MAX).unwrap();
        let all = Grant { id: GrantId::from_uuid(Uuid::now_v7()), workspace, credits, expires_at: None, order };
        bed.store.grant(&all, (&json!(1), &json!(1)), BY).await.unwrap();
    }
    assert_eq!(sound().await, (10, 7));
    bed.store.close().await;
}

#[tokio::test]
async fn on_sqlite() {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", dir.path().join("ownkey.db").display());
    let mut connection = SqliteConnection::connect(&format!("{url}?mode=rwc")).await.unwrap();
    older("sqlite").await.run(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    fill(&url, |id| format!("x'{}'", id.simple())).await;
    nothing_is_lost_or_made(url).await;
}

#[tokio::test]
async fn on_postgres() {
    let Some(url) = Bed::postgres_database().await else { return };
    let mut connection = PgConnection::connect(&url).await.unwrap();
    older("postgres").await.run(&mut connection).await.unwrap();
    fill(&url, |id| format!("'{id}'")).await;
    nothing_is_lost_or_made(url).await;
}
