//! The book: the accounts that operations touch, and what each operation does to them.

mod give;
mod hold;
mod settle;

pub use settle::Overrun;

use std::collections::{BTreeMap, BTreeSet};

pub use self::give::{Grant, Refund, RefundRefused};
use super::{Account, AccountId, Amount};
use crate::id::{RequestId, WorkspaceId};
use crate::money::MicroCredits;
use crate::time::Timestamp;

/// What a transfer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransferKind {
    /// Credits given by the operator.
    Grant,
    /// Credits given by the plan for a period.
    Allowance,
    /// A call or a service, paid by the workspace.
    Charge,
    /// The part of a charge that the workspace could not pay, paid by the operator.
    Overrun,
    /// A call that the plan includes, at list price.
    Included,
    /// A call counted against a budget, at list price.
    Budget,
    /// Credits that expired.
    Expiry,
    /// Credits given back.
    Refund,
    /// Taken back of what was charged or counted before more was known, as for a process that died: it was less.
    Correction,
}

impl TransferKind {
    /// The name in JSON and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Grant => "grant",
            Self::Allowance => "allowance",
            Self::Charge => "charge",
            Self::Overrun => "overrun",
            Self::Included => "included",
            Self::Budget => "budget",
            Self::Expiry => "expiry",
            Self::Refund => "refund",
            Self::Correction => "correction",
        }
    }
}

/// What was moved, once and for all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// From where.
    pub debit: AccountId,
    /// To where.
    pub credit: AccountId,
    /// How much; never nothing.
    pub amount: Amount,
    /// What for.
    pub kind: TransferKind,
    /// The call it is about.
    pub request: Option<RequestId>,
    /// Of a refund: the purse that was charged, which may have expired since.
    pub refunds: Option<AccountId>,
    /// The operator's own words, and the key that makes a repeated order one.
    pub order: Option<Order>,
    /// The credits of the workspace after it, held or not; absent where it moves none.
    pub balance: Option<MicroCredits>,
}

/// An operator's order to move credits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Why.
    pub reason: String,
    /// Repeating an order with this key does nothing.
    pub idempotency_key: Option<String>,
}

/// What a transfer is about.
struct About {
    kind: TransferKind,
    request: Option<RequestId>,
    refunds: Option<AccountId>,
    order: Option<Order>,
}

impl About {
    const fn the(kind: TransferKind) -> Self {
        Self { kind, request: None, refunds: None, order: None }
    }

    const fn call(kind: TransferKind, request: RequestId) -> Self {
        Self { kind, request: Some(request), refunds: None, order: None }
    }
}

/// A part of a hold, on one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leg {
    /// Where.
    pub account: AccountId,
    /// How much.
    pub amount: Amount,
}

/// What a call was charged or counted with on an account, and what of that was given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Charged {
    /// Charged.
    pub charged: Amount,
    /// Given back.
    pub refunded: Amount,
}

/// The accounts that operations touch. Filled from the store before, written back after.
#[derive(Debug, Clone)]
pub struct Book {
    now: Timestamp,
    accounts: BTreeMap<AccountId, Account>,
    holds: BTreeMap<RequestId, (WorkspaceId, Vec<Leg>)>,
    charged: BTreeMap<RequestId, BTreeMap<AccountId, Charged>>,
    transfers: Vec<Transfer>,
    touched: BTreeSet<RequestId>,
}

impl Book {
    /// Of those open accounts and holds. The operator's accounts need not be in it: they may be overdrawn, so all that
    /// counts is how they change.
    pub fn new(
        now: Timestamp,
        accounts: impl IntoIterator<Item = Account>,
        holds: impl IntoIterator<Item = (RequestId, WorkspaceId, Vec<Leg>)>,
    ) -> Self {
        Self {
            now,
            accounts: accounts.into_iter().map(|account| (account.id, account)).collect(),
            holds: holds.into_iter().map(|(request, workspace, legs)| (request, (workspace, legs))).collect(),
            charged: BTreeMap::new(),
            transfers: Vec::new(),
            touched: BTreeSet::new(),
        }
    }

    /// Tells of an account that is closed: a call that ended long ago is brought to what is known of it by now.
    pub fn know(&mut self, account: Account) {
        self.accounts.entry(account.id).or_insert(account);
    }

    /// Tells what a call was charged before, or counted with.
    pub fn was_charged(&mut self, request: RequestId, account: AccountId, charged: Charged) {
        self.charged.entry(request).or_default().insert(account, charged);
    }

    /// The accounts as they are now.
    pub fn accounts(&self) -> impl Iterator<Item = &Account> {
        self.accounts.values()
    }

    /// What was moved, in order.
    pub fn transfers(&self) -> &[Transfer] {
        &self.transfers
    }

    /// The calls whose holds changed, with what is held for them now; nothing is held for those that have ended.
    pub fn changed_holds(&self) -> impl Iterator<Item = (RequestId, Option<&(WorkspaceId, Vec<Leg>)>)> {
        self.touched.iter().map(|request| (*request, self.holds.get(request)))
    }

    /// All that is held.
    pub fn holds(&self) -> impl Iterator<Item = (RequestId, WorkspaceId, &[Leg])> {
        self.holds.iter().map(|(request, (workspace, legs))| (*request, *workspace, legs.as_slice()))
    }

    /// What is held for a call.
    pub fn held(&self, request: RequestId) -> &[Leg] {
        self.holds.get(&request).map_or(&[], |(_, legs)| legs)
    }

    /// The credits of a workspace, held or not.
    pub fn balance(&self, workspace: WorkspaceId) -> Amount {
        self.sum_of_purses(workspace, Account::balance)
    }

    /// The credits of a workspace that are not held, and have not expired.
    pub fn available(&self, workspace: WorkspaceId) -> Amount {
        self.sum_of_purses(workspace, |purse| if purse.is_over(self.now) { Amount::ZERO } else { purse.available() })
    }

    fn sum_of_purses(&self, workspace: WorkspaceId, of: impl Fn(&Account) -> Amount) -> Amount {
        let purses = self.accounts.values().filter(|a| a.id.is_purse() && a.id.workspace() == Some(workspace));
        purses.fold(Amount::ZERO, |sum, purse| sum.plus(of(purse)).unwrap_or(sum))
    }

    /// Books what has expired of a workspace's credits. A purse of which something is held stays as it is until its calls
    /// end: they may need more of it.
    pub fn expire(&mut self, workspace: WorkspaceId) {
        let is_due = |a: &&Account| {
            a.id.is_purse() && a.id.workspace() == Some(workspace) && a.is_over(self.now) && a.debits_pending.is_zero()
        };
        let due: Vec<_> = self.accounts.values().filter(is_due).map(|a| (a.id, a.balance())).collect();
        for (purse, amount) in due {
            self.transfer(purse, AccountId::Expired, amount, About::the(TransferKind::Expiry));
        }
    }

    /// Moves that much, if it is anything. Whether it did: beyond what an account can count nothing moves.
    fn transfer(&mut self, debit: AccountId, credit: AccountId, amount: Amount, about: About) -> bool {
        if amount.is_zero() {
            return false;
        }
        let debited = self.account(debit, None).debits_posted.plus(amount);
        let credited = self.account(credit, None).credits_posted.plus(amount);
        let (Some(debited), Some(credited)) = (debited, credited) else { return false };
        self.account(debit, None).debits_posted = debited;
        self.account(credit, None).credits_posted = credited;
        let purse = [debit, credit].into_iter().find(|id| id.is_purse());
        let workspace = purse.and_then(AccountId::workspace);
        let balance = workspace.map(|workspace| MicroCredits::new(self.balance(workspace).get()));
        let About { kind, request, refunds, order } = about;
        self.transfers.push(Transfer { debit, credit, amount, kind, request, refunds, order, balance });
        true
    }

    /// An account, which begins to exist when it is first needed.
    fn account(&mut self, id: AccountId, expires_at: Option<Timestamp>) -> &mut Account {
        self.accounts.entry(id).or_insert_with(|| Account::new(id, expires_at, self.now))
    }
}
