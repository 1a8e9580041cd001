//! The ledger as people read it.

use ownkey_domain::id::{RequestId, WorkspaceId};
use ownkey_domain::ledger::{Account, AccountId, Amount};
use ownkey_domain::money::MicroCredits;
use ownkey_domain::time::Timestamp;
use sqlx::FromRow;
use uuid::Uuid;

use super::rows::{AccountRow, account_id, accounts};
use crate::db::on;
use crate::{Page, Result, Store, page};

/// What a workspace has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Credits {
    /// Its purses, what is spent first at the front.
    pub purses: Vec<Purse>,
}

/// Credits that came together and expire together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purse {
    /// What lies in it.
    pub account: Account,
    /// Why it was granted; absent of an allowance.
    pub reason: Option<String>,
}

impl Credits {
    /// All of it, held or not.
    pub fn balance(&self) -> MicroCredits {
        self.sum(Account::balance)
    }

    /// What calls under way have set aside.
    pub fn held(&self) -> MicroCredits {
        self.sum(|account| account.debits_pending)
    }

    /// What is not held.
    pub fn available(&self) -> MicroCredits {
        self.sum(Account::available)
    }

    fn sum(&self, of: impl Fn(&Account) -> Amount) -> MicroCredits {
        let add = |sum: i64, purse: &Purse| sum.saturating_add(of(&purse.account).get());
        MicroCredits::new(self.purses.iter().fold(0, add))
    }
}

/// A change of what a workspace has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its number: entries are in this order.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// What for, such as `charge`.
    pub kind: String,
    /// By how much; below zero if it became less.
    pub change: MicroCredits,
    /// What there was then, held or not.
    pub balance: MicroCredits,
    /// The purse that changed.
    pub purse: AccountId,
    /// The call that it is about.
    pub request: Option<RequestId>,
    /// The operator's words.
    pub reason: Option<String>,
}

/// Which entries.
#[derive(Debug, Clone, Copy, Default)]
pub struct Range {
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub to: Option<Timestamp>,
}

#[derive(FromRow)]
struct EntryRow {
    seq: i64,
    at: i64,
    kind: String,
    debit_account: String,
    credit_account: String,
    amount: i64,
    balance: i64,
    request: Option<Uuid>,
    reason: Option<String>,
}

#[derive(FromRow)]
struct PurseRow {
    #[sqlx(flatten)]
    account: AccountRow,
    reason: Option<String>,
}

macro_rules! entries {
    ($order:literal) => {
        concat!(
            "SELECT seq, at, kind, debit_account, credit_account, amount, balance, request, reason FROM transfers \
             WHERE workspace = $1 AND balance IS NOT NULL AND at >= $2 AND at < $3 AND ",
            $order
        )
    };
}

impl Store {
    /// What a workspace has at that moment, once all its calls that have ended are settled.
    pub async fn credits(&self, workspace: WorkspaceId, now: Timestamp) -> Result<Credits> {
        const SQL: &str = accounts!(", reason", "WHERE workspace = $1 AND closed_at IS NULL AND no_overdraft = 1");
        self.caught_up().await?;
        let rows: Vec<PurseRow> =
            on!(self.inner.db.read(), c => sqlx::query_as(SQL).bind(workspace.uuid()).fetch_all(c).await)?;
        let purse = |row: PurseRow| Ok(Purse { account: row.account.account()?, reason: row.reason });
        let mut purses = rows.into_iter().map(purse).collect::<Result<Vec<_>>>()?;
        // What has expired is gone, whenever that is booked; what of it is held is on its way out.
        purses.retain(|purse| !purse.account.is_over(now));
        purses.sort_by_key(|purse| {
            let last = Timestamp::from_millis(i64::MAX);
            let Account { id, expires_at, opened_at, .. } = purse.account;
            (expires_at.unwrap_or(last), matches!(id, AccountId::Grant(..)), opened_at, id)
        });
        Ok(Credits { purses })
    }

    /// What is counted against a workspace's budgets in their present periods.
    pub async fn budget_accounts(&self, workspace: WorkspaceId) -> Result<Vec<Account>> {
        const SQL: &str = accounts!("", "WHERE workspace = $1 AND closed_at IS NULL AND asset = 'USD'");
        self.caught_up().await?;
        let rows: Vec<AccountRow> =
            on!(self.inner.db.read(), c => sqlx::query_as(SQL).bind(workspace.uuid()).fetch_all(c).await)?;
        rows.into_iter().map(AccountRow::account).collect()
    }

    /// Changes of what a workspace has, newest first, before number `before` if given.
    pub async fn entries(
        &self,
        workspace: WorkspaceId,
        range: Range,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Page<Entry>> {
        const SQL: &str = entries!("seq < $4 ORDER BY seq DESC LIMIT $5");
        let (from, to) = range.bounds();
        self.caught_up().await?;
        let rows: Vec<EntryRow> = on!(self.inner.db.read(), c => sqlx::query_as(SQL)
            .bind(workspace.uuid()).bind(from).bind(to).bind(before.unwrap_or(i64::MAX)).bind(page::rows(limit))
            .fetch_all(c).await)?;
        Ok(Page::of(rows.into_iter().map(EntryRow::entry).collect::<Result<_>>()?, limit))
    }

    /// The same, oldest first, after number `after`.
    pub async fn entries_in_order(
        &self,
        workspace: WorkspaceId,
        range: Range,
        after: i64,
        limit: u32,
    ) -> Result<Page<Entry>> {
        const SQL: &str = entries!("seq > $4 ORDER BY seq LIMIT $5");
        let (from, to) = range.bounds();
        self.caught_up().await?;
        let rows: Vec<EntryRow> = on!(self.inner.db.read(), c => sqlx::query_as(SQL)
            .bind(workspace.uuid()).bind(from).bind(to).bind(after).bind(page::rows(limit))
            .fetch_all(c).await)?;
        Ok(Page::of(rows.into_iter().map(EntryRow::entry).collect::<Result<_>>()?, limit))
    }

    /// What a workspace had at that moment, held or not: the sum of all that was entered before. What ended within the same
    /// month may be entered late, with the time of its calls, so the balance of no single entry tells this.
    pub async fn balance_at(&self, workspace: WorkspaceId, at: Timestamp) -> Result<MicroCredits> {
        const SQL: &str = "SELECT CAST(COALESCE(SUM(CASE WHEN kind IN ('charge', 'expiry') THEN -amount \
            ELSE amount END), 0) AS BIGINT) FROM transfers WHERE workspace = $1 AND balance IS NOT NULL AND at < $2";
        self.caught_up().await?;
        let (balance,): (i64,) = on!(self.inner.db.read(), c => sqlx::query_as(SQL)
            .bind(workspace.uuid()).bind(at.millis()).fetch_one(c).await)?;
        Ok(MicroCredits::new(balance))
    }
}

impl Range {
    fn bounds(self) -> (i64, i64) {
        (self.from.map_or(i64::MIN, Timestamp::millis), self.to.map_or(i64::MAX, Timestamp::millis))
    }
}

impl EntryRow {
    fn entry(self) -> Result<Entry> {
        let (debit, credit) = (account_id(&self.debit_account)?, account_id(&self.credit_account)?);
        let (purse, change) =
            if debit.is_purse() { (debit, self.amount.saturating_neg()) } else { (credit, self.amount) };
        Ok(Entry {
            seq: self.seq,
            at: Timestamp::from_millis(self.at),
            kind: self.kind,
            change: MicroCredits::new(change),
            balance: MicroCredits::new(self.balance),
            purse,
            request: self.request.map(RequestId::from_uuid),
            reason: self.reason,
        })
    }
}
