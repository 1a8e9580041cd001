//! Holding what a call may cost.

use super::{Book, Leg};
use crate::id::{RequestId, WorkspaceId};
use crate::ledger::{Account, AccountId, Amount, BudgetLine, Funds, HoldCall, Shortage};
use crate::money::{MicroCredits, NanoUsd};
use crate::time::Timestamp;

/// What is drawn on: which credits of whom, and the legs whose purses may be over.
type Drawn<'a> = (WorkspaceId, Funds, &'a [Leg]);

impl Book {
    /// Holds what a call may cost, or nothing.
    pub fn hold(&mut self, call: &HoldCall) -> Result<(), Shortage> {
        self.hold_from(call, &[])
    }

    /// The same, of purses that are open and of those of these legs, which may be over.
    fn hold_from(&mut self, call: &HoldCall, own: &[Leg]) -> Result<(), Shortage> {
        if let Some(allowance) = call.allowance {
            self.allow(call.workspace, allowance);
        }
        self.expire(call.workspace);
        for line in &call.budgets {
            self.within(call.request, line, self.missing_on(call, line))?;
        }
        let legs = match call.funds {
            Funds::None => Vec::new(),
            funds => {
                let held = self.held_on(call.request, AccountId::is_purse);
                self.draw((call.workspace, funds, own), call.amount.credit_amount().less(held))?
            }
        };
        self.let_go(call);
        for leg in legs {
            self.pend(call, leg);
        }
        for line in &call.budgets {
            let amount = self.missing_on(call, line);
            self.account(line.account, line.ends_at);
            // A leg of nothing too: what the call costs is counted where it has legs.
            self.pend(call, Leg { account: line.account, amount });
        }
        self.touched.insert(call.request);
        self.holds.entry(call.request).or_insert_with(|| (call.workspace, Vec::new()));
        Ok(())
    }

    /// Voids what is held on budgets that do not cover the call any more: another payer steps in.
    fn let_go(&mut self, call: &HoldCall) {
        let covers = |id: AccountId| id.is_purse() || call.budgets.iter().any(|line| line.account == id);
        let Some((_, legs)) = self.holds.get_mut(&call.request) else { return };
        let gone: Vec<_> = legs.extract_if(.., |leg| !covers(leg.account)).collect();
        gone.iter().for_each(|leg| self.void(leg));
    }

    /// Holds more for a call that holds something; a call that has ended meanwhile holds nothing any more. It belongs to
    /// the period of its hold: what it draws on it may go on drawing on after that has expired.
    pub fn extend(&mut self, call: &HoldCall) -> Result<(), Shortage> {
        let Some((_, own)) = self.holds.get(&call.request).cloned() else { return Ok(()) };
        self.hold_from(call, &own)
    }

    /// What is still to be held on a budget.
    fn missing_on(&self, call: &HoldCall, line: &BudgetLine) -> Amount {
        call.amount.usd_amount().less(self.held_on(call.request, |id| id == line.account))
    }

    /// Whether a budget covers so much more.
    fn within(&self, request: RequestId, line: &BudgetLine, more: Amount) -> Result<(), Shortage> {
        let Some(limit) = line.limit else { return Ok(()) };
        if more.is_zero() && self.holds.contains_key(&request) {
            return Ok(());
        }
        let used = self.accounts.get(&line.account).map_or(Amount::ZERO, Account::counted_or_held);
        match used.plus(more) {
            // What is used up covers nothing, not even what costs nothing known.
            Some(sum) if sum <= Amount::from(limit) && used < Amount::from(limit) => Ok(()),
            _ => Err(Shortage::Budget {
                account: line.account,
                limit,
                used: NanoUsd::new(used.get()),
                resets_at: line.ends_at,
            }),
        }
    }

    /// Which purses so much would come from, what expires soonest first.
    fn draw(&self, from: Drawn<'_>, wanted: Amount) -> Result<Vec<Leg>, Shortage> {
        let (legs, missing) = self.take(from, wanted);
        if missing.is_zero() {
            return Ok(legs);
        }
        let purses = || self.purses(from);
        let sum = |of: fn(&Account) -> Amount| {
            purses().into_iter().fold(Amount::ZERO, |sum, purse| sum.plus(of(purse)).unwrap_or(sum))
        };
        Err(Shortage::Credits {
            needed: MicroCredits::new(wanted.get()),
            balance: MicroCredits::new(sum(Account::balance).get()),
            available: MicroCredits::new(sum(Account::available).get()),
        })
    }

    /// As much of it as there is, and what is missing.
    pub(super) fn take(&self, from: Drawn<'_>, wanted: Amount) -> (Vec<Leg>, Amount) {
        let (mut legs, mut missing) = (Vec::new(), wanted);
        for purse in self.purses(from) {
            let amount = purse.available().min(missing);
            if !amount.is_zero() {
                legs.push(Leg { account: purse.id, amount });
                missing = missing.less(amount);
            }
        }
        (legs, missing)
    }

    /// The purses that may be drawn on, in the order in which they are.
    fn purses(&self, (workspace, funds, own): Drawn<'_>) -> Vec<&Account> {
        let is_own = |id: AccountId| own.iter().any(|leg| leg.account == id);
        let open = |a: &&Account| {
            a.id.workspace() == Some(workspace) && funds.include(a.id) && (!a.is_over(self.now) || is_own(a.id))
        };
        let mut purses: Vec<_> = self.accounts.values().filter(open).collect();
        // An allowance is spent before what was paid for, should both end at once.
        let last = Timestamp::from_millis(i64::MAX);
        purses.sort_by_key(|purse| {
            (purse.expires_at.unwrap_or(last), matches!(purse.id, AccountId::Grant(..)), purse.opened_at, purse.id)
        });
        purses
    }

    fn held_on(&self, request: RequestId, which: impl Fn(AccountId) -> bool) -> Amount {
        let legs = self.held(request).iter().filter(|leg| which(leg.account));
        legs.fold(Amount::ZERO, |sum, leg| sum.plus(leg.amount).unwrap_or(sum))
    }

    fn pend(&mut self, call: &HoldCall, leg: Leg) {
        let now = self.account(leg.account, None).debits_pending.plus(leg.amount);
        let Some(other) = leg.account.other_side() else { return };
        let there = self.account(other, None).credits_pending.plus(leg.amount);
        let (Some(now), Some(there)) = (now, there) else { return };
        self.account(leg.account, None).debits_pending = now;
        self.account(other, None).credits_pending = there;
        let (_, legs) = self.holds.entry(call.request).or_insert_with(|| (call.workspace, Vec::new()));
        match legs.iter_mut().find(|held| held.account == leg.account) {
            Some(held) => held.amount = held.amount.plus(leg.amount).unwrap_or(held.amount),
            None => legs.push(leg),
        }
    }
}
