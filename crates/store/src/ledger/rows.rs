//! Rows of the ledger, and the wide statements that read and write them.

use std::sync::LazyLock;

use ownkey_domain::id::RequestId;
use ownkey_domain::ledger::{Account, AccountId, Amount, Leg, Transfer};
use ownkey_domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::dialect::{WideStatement, wide_rows};
use crate::{Result, StoreError};

wide_rows! {
    /// An id to look for.
    Wanted {
        id: Uuid => "uuid",
    }
}

wide_rows! {
    /// An account to look for.
    WantedAccount {
        id: String => "text",
    }
}

wide_rows! {
    /// An account that is not there yet.
    NewAccount {
        id: String => "text",
        workspace: Uuid => "uuid",
        asset: String => "text",
        no_overdraft: i64 => "bigint",
        expires_at: Option<i64> => "bigint",
        opened_at: i64 => "bigint",
    }
}

wide_rows! {
    /// How an account changed.
    Change {
        id: String => "text",
        debits_pending: i64 => "bigint",
        debits_posted: i64 => "bigint",
        credits_pending: i64 => "bigint",
        credits_posted: i64 => "bigint",
        granted: i64 => "bigint",
        closed_at: Option<i64> => "bigint",
    }
}

wide_rows! {
    /// A transfer.
    TransferRow {
        workspace: Uuid => "uuid",
        asset: String => "text",
        kind: String => "text",
        debit_account: String => "text",
        credit_account: String => "text",
        amount: i64 => "bigint",
        request: Option<Uuid> => "uuid",
        refunds: Option<String> => "text",
        reason: Option<String> => "text",
        balance: Option<i64> => "bigint",
        at: i64 => "bigint",
    }
}

wide_rows! {
    /// The hold of a call.
    HoldRow {
        request: Uuid => "uuid",
        workspace: Uuid => "uuid",
        node: Uuid => "uuid",
        funds: String => "text",
        legs: String => "text",
        draft: Option<String> => "text",
        at: i64 => "bigint",
    }
}

wide_rows! {
    /// What a call is known to cost by now.
    EvidenceRow {
        request: Uuid => "uuid",
        credits: i64 => "bigint",
        usd: i64 => "bigint",
    }
}

pub(super) static READ_ACCOUNTS: LazyLock<WideStatement<Wanted>> = LazyLock::new(|| {
    WideStatement::new(
        "SELECT a.id, a.debits_pending, a.debits_posted, a.credits_pending, a.credits_posted, a.granted, a.expires_at, \
         a.opened_at FROM {rows} JOIN accounts a ON a.workspace = v.column1 AND a.closed_at IS NULL",
    )
});
/// Closed ones too.
pub(super) static READ_NAMED: LazyLock<WideStatement<WantedAccount>> = LazyLock::new(|| {
    WideStatement::new(
        "SELECT a.id, a.debits_pending, a.debits_posted, a.credits_pending, a.credits_posted, a.granted, a.expires_at, \
         a.opened_at FROM {rows} JOIN accounts a ON a.id = v.column1",
    )
});
pub(super) static READ_HOLDS: LazyLock<WideStatement<Wanted>> = LazyLock::new(|| {
    WideStatement::new("SELECT h.request, h.workspace, h.legs FROM {rows} JOIN holds h ON h.request = v.column1")
});
pub(super) static READ_CHARGES: LazyLock<WideStatement<Wanted>> = LazyLock::new(|| {
    WideStatement::new(
        "SELECT t.request, t.kind, t.debit_account, t.credit_account, t.refunds, t.amount \
         FROM {rows} JOIN transfers t ON t.request = v.column1",
    )
});
pub(super) static ADD_ACCOUNTS: LazyLock<WideStatement<NewAccount>> = LazyLock::new(|| {
    WideStatement::new(
        "INSERT INTO accounts ({columns}, debits_pending, debits_posted, credits_pending, credits_posted, granted) \
         SELECT column1, column2, column3, column4, column5, column6, 0, 0, 0, 0, 0 FROM {rows} \
         WHERE column1 IS NOT NULL ON CONFLICT DO NOTHING",
    )
});
pub(super) static CHANGE_ACCOUNTS: LazyLock<WideStatement<Change>> = LazyLock::new(|| {
    WideStatement::new(
        "UPDATE accounts SET debits_pending = debits_pending + v.column2, debits_posted = debits_posted + v.column3, \
         credits_pending = credits_pending + v.column4, credits_posted = credits_posted + v.column5, \
         granted = granted + v.column6, closed_at = v.column7 FROM {rows} WHERE accounts.id = v.column1",
    )
});
pub(super) static ADD_TRANSFERS: LazyLock<WideStatement<TransferRow>> = LazyLock::new(|| {
    WideStatement::new("INSERT INTO transfers ({columns}) SELECT * FROM {rows} WHERE column1 IS NOT NULL")
});
/// Fails if there is one: who asks for a first hold has none.
pub(super) static ADD_HOLDS: LazyLock<WideStatement<HoldRow>> = LazyLock::new(|| {
    WideStatement::new("INSERT INTO holds ({columns}) SELECT * FROM {rows} WHERE column1 IS NOT NULL")
});
pub(super) static CHANGE_HOLDS: LazyLock<WideStatement<HoldRow>> = LazyLock::new(|| {
    WideStatement::new(
        "UPDATE holds SET funds = v.column4, legs = v.column5, draft = COALESCE(v.column6, holds.draft) \
         FROM {rows} WHERE holds.request = v.column1",
    )
});
pub(super) static END_HOLDS: LazyLock<WideStatement<Wanted>> =
    LazyLock::new(|| WideStatement::new("DELETE FROM holds WHERE request IN (SELECT column1 FROM {rows})"));
pub(super) static NOTE_EVIDENCE: LazyLock<WideStatement<EvidenceRow>> = LazyLock::new(|| {
    WideStatement::new(
        "UPDATE holds SET evidence_credits = v.column2, evidence_usd = v.column3 FROM {rows} \
         WHERE holds.request = v.column1",
    )
});

/// An account as it is read.
#[derive(sqlx::FromRow)]
pub(super) struct AccountRow {
    id: String,
    debits_pending: i64,
    debits_posted: i64,
    credits_pending: i64,
    credits_posted: i64,
    granted: i64,
    expires_at: Option<i64>,
    opened_at: i64,
}

/// Reads accounts, `$rest` of them, with `$more` columns.
macro_rules! accounts {
    ($more:literal, $rest:literal) => {
        concat!(
            "SELECT id, debits_pending, debits_posted, credits_pending, credits_posted, granted, expires_at, opened_at",
            $more,
            " FROM accounts ",
            $rest
        )
    };
}
pub(super) use accounts;

impl AccountRow {
    pub fn account(self) -> Result<Account> {
        let amount = |units| Amount::new(units).ok_or(StoreError::Corrupt("account"));
        Ok(Account {
            id: account_id(&self.id)?,
            debits_pending: amount(self.debits_pending)?,
            debits_posted: amount(self.debits_posted)?,
            credits_pending: amount(self.credits_pending)?,
            credits_posted: amount(self.credits_posted)?,
            granted: amount(self.granted)?,
            expires_at: self.expires_at.map(Timestamp::from_millis),
            opened_at: Timestamp::from_millis(self.opened_at),
        })
    }
}

pub(super) fn account_id(text: &str) -> Result<AccountId> {
    text.parse().map_err(|_| StoreError::Corrupt("account"))
}

impl NewAccount {
    pub fn of(account: &Account) -> Self {
        Self {
            id: account.id.to_string(),
            workspace: account.id.workspace().uuid(),
            asset: account.id.asset().as_str().to_owned(),
            no_overdraft: i64::from(account.id.is_purse()),
            expires_at: account.expires_at.map(Timestamp::millis),
            opened_at: account.opened_at.millis(),
        }
    }
}

impl TransferRow {
    pub fn of(transfer: &Transfer, at: Timestamp) -> Self {
        Self {
            workspace: transfer.debit.workspace().uuid(),
            asset: transfer.debit.asset().as_str().to_owned(),
            kind: transfer.kind.as_str().to_owned(),
            debit_account: transfer.debit.to_string(),
            credit_account: transfer.credit.to_string(),
            amount: transfer.amount.get(),
            request: transfer.request.map(RequestId::uuid),
            refunds: transfer.refunds.map(|purse| purse.to_string()),
            reason: transfer.order.as_ref().map(|order| order.reason.clone()),
            balance: transfer.balance.map(|balance| balance.get()),
            at: at.millis(),
        }
    }
}

/// A part of a hold, as the column `legs` keeps it.
#[derive(Serialize, Deserialize)]
struct StoredLeg(String, i64);

pub(super) fn write_legs(legs: &[Leg]) -> Result<String> {
    let legs: Vec<_> = legs.iter().map(|leg| StoredLeg(leg.account.to_string(), leg.amount.get())).collect();
    serde_json::to_string(&legs).map_err(|_| StoreError::Unstorable("hold"))
}

pub(super) fn read_legs(text: &str) -> Result<Vec<Leg>> {
    let legs: Vec<StoredLeg> = serde_json::from_str(text).map_err(|_| StoreError::Corrupt("hold"))?;
    let leg = |StoredLeg(account, amount): StoredLeg| {
        let amount = Amount::new(amount).ok_or(StoreError::Corrupt("hold"))?;
        Ok(Leg { account: account_id(&account)?, amount })
    };
    legs.into_iter().map(leg).collect()
}
