//! The contract of the store, a suite for each noun: always on SQLite, and on PostgreSQL when
//! `TEST_POSTGRES_URL` names a server on which databases may be made.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod agents;
mod api_keys;
mod audit;
mod bed;
mod budgets;
mod connections;
mod credentials;
mod deks;
mod extension;
mod feed;
#[cfg(feature = "kill-points")]
mod killed;
#[cfg(feature = "kill-points")]
mod kills;
mod ledger;
mod ledger_model;
#[cfg(feature = "kill-points")]
mod money_kills;
mod opening;
mod own_accounts;
mod people;
mod receipts;
mod responses;
mod retention;
mod schema;
mod service_usage;
mod takeover;
mod vault;
mod webhooks;
mod workspaces;

/// Makes two tests of each function: one for each database.
macro_rules! on_both {
    ($($name:ident)*) => {
        mod sqlite {
            $(#[tokio::test] async fn $name() { super::$name(crate::bed::Bed::sqlite().await).await })*
        }
        mod postgres {
            $(#[tokio::test] async fn $name() {
                if let Some(bed) = crate::bed::Bed::postgres().await { super::$name(bed).await }
            })*
        }
    };
}
pub(crate) use on_both;
