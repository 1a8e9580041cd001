//! What a call cost is known: its hold ends and it is charged.

use std::collections::{BTreeMap, BTreeSet};

use super::{About, Book, Charged, Leg, TransferKind};
use crate::id::{RequestId, WorkspaceId};
use crate::ledger::{Account, AccountId, Amount, Asset, BudgetLine, Funds, Settlement};

/// What the operator pays of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Overrun {
    /// What it cost beyond all that its workspace had.
    pub unfunded: Amount,
    /// What its provider told, and it can't have used.
    pub disbelieved: Amount,
}

impl Overrun {
    /// All of it.
    pub fn total(self) -> Amount {
        self.unfunded.plus(self.disbelieved).unwrap_or(self.unfunded)
    }

    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let sum = |one: Amount, other| one.plus(other).unwrap_or(one);
        Self { unfunded: sum(self.unfunded, other.unfunded), disbelieved: sum(self.disbelieved, other.disbelieved) }
    }
}

impl Book {
    /// Ends the hold of a call and charges what it cost: from all there is that other calls do not hold, the rest from the
    /// operator's overrun, which also pays what its provider told and nobody believes. A call that was settled before,
    /// by the rule for processes that died or at what it could cost at most, is brought to what is said now, in its budgets
    /// too. What was overrun by that.
    pub fn settle(&mut self, request: RequestId, workspace: WorkspaceId, settlement: &Settlement) -> Overrun {
        let legs = self.release(request);
        let Settlement { charge, funds, included, .. } = *settlement;
        // What was disbelieved before is given back first: it is no part of the charge.
        let unfunded = self.charge(request, workspace, (charge.credit_amount(), funds), &legs);
        let disbelieved = match funds {
            Funds::None => Amount::ZERO,
            _ => self.overrun(request, workspace, settlement.disbelieved_amount()),
        };
        let mut counting: BTreeSet<_> = legs.iter().map(|leg| leg.account).collect();
        counting.extend(self.charged.get(&request).into_iter().flat_map(BTreeMap::keys));
        counting.retain(|id| id.asset() == Asset::Usd);
        if included {
            counting.insert(AccountId::Included(workspace));
        }
        for account in counting {
            self.count(request, account, charge.usd_amount());
        }
        self.expire(workspace);
        Overrun { unfunded, disbelieved }
    }

    /// Brings what a call was counted with at list price, in a budget or as access that its plan includes, to that.
    fn count(&mut self, request: RequestId, account: AccountId, usd: Amount) {
        let before = self.charged.get(&request).and_then(|on| on.get(&account)).copied().unwrap_or_default();
        let kind = match account {
            AccountId::Included(_) => TransferKind::Included,
            _ => TransferKind::Budget,
        };
        let used = AccountId::Used(account.workspace());
        let (more, less) = (usd.less(before.charged), before.charged.less(usd));
        if self.transfer(account, used, more, About::call(kind, request)) {
            self.note_charged(request, account, more);
        }
        if self.transfer(used, account, less, About::call(TransferKind::Correction, request)) {
            self.note_corrected(request, account, less);
        }
    }

    /// Lets a budget's account count what another of its accounts has counted by now.
    pub fn carry_over(&mut self, from: AccountId, to: &BudgetLine) {
        let counted = self.accounts.get(&from).map(Account::counted).unwrap_or_default();
        self.account(to.account, to.ends_at);
        self.transfer(to.account, from, counted, About::the(TransferKind::Budget));
    }

    /// What of a call's charge the operator's overrun has paid by now, as far as the book knows of it.
    pub fn overrun_of(&self, request: RequestId, workspace: WorkspaceId) -> Amount {
        let on = self.charged.get(&request).and_then(|on| on.get(&AccountId::Overrun(workspace)));
        on.map_or(Amount::ZERO, |on| on.charged)
    }

    fn charge(
        &mut self,
        request: RequestId,
        workspace: WorkspaceId,
        (credits, funds): (Amount, Funds),
        legs: &[Leg],
    ) -> Amount {
        let before = self.credits_charged(request);
        let already = before.values().fold(Amount::ZERO, |sum, on| sum.plus(on.charged).unwrap_or(sum));
        let mut due = credits.less(already);
        if credits < already {
            self.give_back(request, workspace, already.less(credits));
        }
        // Nothing is held for it any more, so what expires soonest of all there is pays now, which may be what others held
        // too much of. What has expired since is still its own as far as it held it.
        let is_over = |leg: &&Leg| self.accounts.get(&leg.account).is_some_and(|account| account.is_over(self.now));
        let over = legs.iter().filter(|leg| leg.account.is_purse()).filter(is_over).copied().collect::<Vec<_>>();
        for leg in over {
            due = self.pay(request, leg.account, leg.amount.min(due), due);
        }
        if due.is_zero() || funds == Funds::None {
            return Amount::ZERO;
        }
        for leg in self.take((workspace, funds, &[]), due).0 {
            due = self.pay(request, leg.account, leg.amount, due);
        }
        self.overrun(request, workspace, due)
    }

    /// Charges so much of a call to the operator. How much it was.
    fn overrun(&mut self, request: RequestId, workspace: WorkspaceId, amount: Amount) -> Amount {
        let (from, to) = (AccountId::Overrun(workspace), AccountId::Charged(workspace));
        if self.transfer(from, to, amount, About::call(TransferKind::Overrun, request)) {
            self.note_charged(request, from, amount);
        }
        amount
    }

    /// Charges that much of what is due to a purse. What is still due.
    fn pay(&mut self, request: RequestId, purse: AccountId, amount: Amount, due: Amount) -> Amount {
        let to = AccountId::Charged(purse.workspace());
        if !self.transfer(purse, to, amount, About::call(TransferKind::Charge, request)) {
            return due;
        }
        self.note_charged(request, purse, amount);
        due.less(amount)
    }

    /// What a call was charged in credits before.
    fn credits_charged(&self, request: RequestId) -> BTreeMap<AccountId, Charged> {
        let mut charged = self.charged.get(&request).cloned().unwrap_or_default();
        charged.retain(|id, _| id.asset() == Asset::Credit);
        charged
    }

    fn note_charged(&mut self, request: RequestId, account: AccountId, amount: Amount) {
        let charged = self.charged.entry(request).or_default().entry(account).or_default();
        charged.charged = charged.charged.plus(amount).unwrap_or(charged.charged);
    }

    /// Takes back what a receipt shows to have been charged too much, the overrun first.
    fn give_back(&mut self, request: RequestId, workspace: WorkspaceId, too_much: Amount) {
        let before = self.credits_charged(request);
        let mut left = too_much;
        let overrun_first = before.iter().filter(|(id, _)| !id.is_purse());
        for (&account, on) in overrun_first.chain(before.iter().filter(|(id, _)| id.is_purse())) {
            let amount = on.charged.less(on.refunded).min(left);
            let from = AccountId::Charged(workspace);
            if self.transfer(from, account, amount, About::call(TransferKind::Correction, request)) {
                self.note_corrected(request, account, amount);
                left = left.less(amount);
            }
        }
    }

    fn note_corrected(&mut self, request: RequestId, account: AccountId, amount: Amount) {
        let charged = self.charged.entry(request).or_default().entry(account).or_default();
        charged.charged = charged.charged.less(amount);
    }

    /// Voids all that is held for a call, and returns what it was.
    fn release(&mut self, request: RequestId) -> Vec<Leg> {
        let Some((_, legs)) = self.holds.remove(&request) else { return Vec::new() };
        self.touched.insert(request);
        legs.iter().for_each(|leg| self.void(leg));
        legs
    }

    /// Takes a part of a hold back.
    pub(super) fn void(&mut self, leg: &Leg) {
        let held = self.account(leg.account, None);
        held.debits_pending = held.debits_pending.less(leg.amount);
        let Some(other) = leg.account.other_side() else { return };
        let other = self.account(other, None);
        other.credits_pending = other.credits_pending.less(leg.amount);
    }
}
