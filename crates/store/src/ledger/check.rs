//! Whether the whole book is sound: every account is what its transfers and holds say, and nothing was made or lost.

use std::collections::BTreeMap;

use ownkey_domain::ledger::{Account, AccountId, Amount, Asset};
use sqlx::FromRow;

use super::rows::{AccountRow, account_id, accounts, read_legs};
use crate::db::{Tx, on};
use crate::{Result, Store};

/// What was looked at, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LedgerCheck {
    /// Accounts.
    pub accounts: usize,
    /// Transfers.
    pub transfers: u64,
    /// Open holds.
    pub holds: usize,
    /// What is wrong.
    pub problems: Vec<LedgerProblem>,
}

/// Something that must not be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LedgerProblem {
    /// An account is not what its transfers add up to.
    #[error("account {0}: its posted sums are not those of its transfers")]
    Posted(AccountId),
    /// An account is not what its holds add up to.
    #[error("account {0}: its pending sums are not those of the open holds")]
    Pending(AccountId),
    /// A purse is overdrawn.
    #[error("account {0}: overdrawn")]
    Overdrawn(AccountId),
    /// The accounts of an asset do not sum to zero.
    #[error("the accounts of {} do not sum to zero", .0.as_str())]
    Unbalanced(Asset),
    /// A transfer or a hold names an account that does not exist.
    #[error("account {0}: named, but not there")]
    Missing(AccountId),
}

#[derive(FromRow)]
struct SumRow {
    account: String,
    amount: i64,
    transfers: i64,
}

/// What an account should be.
#[derive(Default, Clone, Copy)]
struct Sums {
    debits: i64,
    credits: i64,
    held: i64,
    awaited: i64,
}

impl Store {
    /// Looks through the whole book, as it is at one moment.
    pub async fn check_ledger(&self) -> Result<LedgerCheck> {
        self.caught_up().await?;
        let mut tx = self.inner.db.begin().await?;
        let found = look(&mut tx).await;
        tx.rollback().await?;
        found
    }
}

async fn look(tx: &mut Tx) -> Result<LedgerCheck> {
    crate::dialect::one_moment(tx).await?;
    let rows: Vec<AccountRow> = on!(tx.on(), c => sqlx::query_as(accounts!("", "")).fetch_all(c).await)?;
    let accounts = rows.into_iter().map(AccountRow::account).collect::<Result<Vec<_>>>()?;
    let mut sums: BTreeMap<AccountId, Sums> = BTreeMap::new();
    let mut transfers = 0;
    for row in sum(tx, DEBITS).await? {
        transfers += row.transfers.unsigned_abs();
        sums.entry(account_id(&row.account)?).or_default().debits = row.amount;
    }
    for row in sum(tx, CREDITS).await? {
        sums.entry(account_id(&row.account)?).or_default().credits = row.amount;
    }
    let held: Vec<(String,)> = on!(tx.on(), c => sqlx::query_as("SELECT legs FROM holds").fetch_all(c).await)?;
    for (legs,) in &held {
        for leg in read_legs(legs)? {
            sums.entry(leg.account).or_default().held += leg.amount.get();
            if let Some(other) = leg.account.other_side() {
                sums.entry(other).or_default().awaited += leg.amount.get();
            }
        }
    }
    let problems = problems(&accounts, &sums);
    Ok(LedgerCheck { accounts: accounts.len(), transfers, holds: held.len(), problems })
}

const DEBITS: &str = "SELECT debit_account AS account, CAST(SUM(amount) AS BIGINT) AS amount, COUNT(*) AS transfers \
    FROM transfers GROUP BY debit_account";
const CREDITS: &str = "SELECT credit_account AS account, CAST(SUM(amount) AS BIGINT) AS amount, \
    COUNT(*) AS transfers FROM transfers GROUP BY credit_account";

async fn sum(tx: &mut Tx, sql: &'static str) -> Result<Vec<SumRow>> {
    Ok(on!(tx.on(), c => sqlx::query_as(sql).fetch_all(c).await)?)
}

fn problems(accounts: &[Account], sums: &BTreeMap<AccountId, Sums>) -> Vec<LedgerProblem> {
    let mut problems = Vec::new();
    let known: BTreeMap<_, _> = accounts.iter().map(|account| (account.id, account)).collect();
    problems.extend(sums.keys().filter(|id| !known.contains_key(id)).map(|id| LedgerProblem::Missing(*id)));
    for (&id, account) in &known {
        let expected = sums.get(&id).copied().unwrap_or_default();
        let posted = (account.debits_posted.get(), account.credits_posted.get());
        if posted != (expected.debits, expected.credits) {
            problems.push(LedgerProblem::Posted(id));
        }
        if (account.debits_pending.get(), account.credits_pending.get()) != (expected.held, expected.awaited) {
            problems.push(LedgerProblem::Pending(id));
        }
        if id.is_purse() && account.drawn() > account.credits_posted {
            problems.push(LedgerProblem::Overdrawn(id));
        }
    }
    for asset in [Asset::Credit, Asset::Usd] {
        let total = |side: fn(&Account) -> Amount| -> i128 {
            accounts.iter().filter(|a| a.id.asset() == asset).map(|a| i128::from(side(a).get())).sum()
        };
        let balanced = total(|a| a.debits_posted) == total(|a| a.credits_posted)
            && total(|a| a.debits_pending) == total(|a| a.credits_pending);
        if !balanced {
            problems.push(LedgerProblem::Unbalanced(asset));
        }
    }
    problems
}
