//! Credits that are given: by the operator, by the plan, or back.

use super::{About, Book, Charged, Order, TransferKind};
use crate::id::{GrantId, RequestId, WorkspaceId};
use crate::ledger::{AccountId, Allowance, Amount};
use crate::time::Timestamp;

/// Credits to give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// To whom.
    pub workspace: WorkspaceId,
    /// How many; more than nothing.
    pub credits: Amount,
    /// Until when they can be spent.
    pub expires_at: Option<Timestamp>,
    /// Why.
    pub order: Order,
}

/// Credits to give back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// The call that was charged.
    pub request: RequestId,
    /// Whose it was.
    pub workspace: WorkspaceId,
    /// How many; more than nothing.
    pub credits: Amount,
    /// Names the grant that is made if the one it came from has expired.
    pub fresh: GrantId,
    /// Why.
    pub order: Order,
}

/// Why nothing is given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundRefused {
    /// No such charge.
    NotCharged,
    /// More than what is left of the charge.
    Exceeds {
        /// What may still be given back.
        left: Amount,
    },
}

/// How long refunded credits last whose grant has expired: 30 days.
const REFUND_LIFE_MS: i64 = 30 * 86_400_000;

impl Book {
    /// Grants what a plan allows in a period, once. If the plan allows more by now, the difference.
    pub fn allow(&mut self, workspace: WorkspaceId, allowance: Allowance) {
        let id = AccountId::Allowance(workspace, allowance.period.start);
        let more = allowance.due(self.accounts.values().filter(|a| a.id.workspace() == workspace), self.now);
        if !more.is_zero() {
            self.account(id, allowance.period.end);
            self.issue(id, more, About::the(TransferKind::Allowance));
        }
    }

    /// Gives credits. They are there at once.
    pub fn grant(&mut self, grant: &Grant) -> bool {
        let id = AccountId::Grant(grant.workspace, grant.id);
        self.account(id, grant.expires_at);
        let about = About { order: Some(grant.order.clone()), ..About::the(TransferKind::Grant) };
        self.issue(id, grant.credits, about)
    }

    fn issue(&mut self, purse: AccountId, credits: Amount, about: About) -> bool {
        let is_done = self.transfer(AccountId::Issued(purse.workspace()), purse, credits, about);
        if is_done {
            self.note_granted(purse, credits);
        }
        is_done
    }

    fn note_granted(&mut self, purse: AccountId, credits: Amount) {
        let purse = self.account(purse, None);
        purse.granted = purse.granted.plus(credits).unwrap_or(purse.granted);
    }

    /// Gives back what a call was charged: to where it came from, what lasts longest first, or for another 30 days where
    /// that has expired.
    pub fn refund(&mut self, refund: &Refund) -> Result<(), RefundRefused> {
        let charged = self.charged.get(&refund.request).cloned().ok_or(RefundRefused::NotCharged)?;
        // What another workspace was charged is none of this one's.
        let is_own = |id: &AccountId| id.is_purse() && id.workspace() == refund.workspace;
        let mut purses: Vec<_> = charged.into_iter().filter(|(id, _)| is_own(id)).collect();
        if purses.is_empty() {
            return Err(RefundRefused::NotCharged);
        }
        let left = |on: &Charged| on.charged.less(on.refunded);
        let all_left = purses.iter().fold(Amount::ZERO, |sum, (_, on)| sum.plus(left(on)).unwrap_or(sum));
        if all_left < refund.credits {
            return Err(RefundRefused::Exceeds { left: all_left });
        }
        let lasts_until = |id: &AccountId| match self.accounts.get(id) {
            Some(account) if !account.is_over(self.now) => account.expires_at.map_or(i64::MAX, Timestamp::millis),
            _ => 0,
        };
        purses.sort_by_key(|(id, _)| std::cmp::Reverse((lasts_until(id), *id)));
        let mut rest = refund.credits;
        for (purse, on) in purses {
            let amount = left(&on).min(rest);
            let is_open = self.accounts.get(&purse).is_some_and(|account| !account.is_over(self.now));
            let to = if is_open { purse } else { self.for_another_month(refund) };
            let about = About {
                refunds: Some(purse),
                order: Some(refund.order.clone()),
                ..About::call(TransferKind::Refund, refund.request)
            };
            let from = AccountId::Charged(refund.workspace);
            if self.transfer(from, to, amount, about) {
                self.note_refunded(refund.request, purse, amount);
                if !is_open {
                    self.note_granted(to, amount);
                }
                rest = rest.less(amount);
            }
        }
        Ok(())
    }

    fn for_another_month(&mut self, refund: &Refund) -> AccountId {
        let id = AccountId::Grant(refund.workspace, refund.fresh);
        self.account(id, Some(self.now.plus_millis(REFUND_LIFE_MS)));
        id
    }

    fn note_refunded(&mut self, request: RequestId, account: AccountId, amount: Amount) {
        let charged = self.charged.entry(request).or_default().entry(account).or_default();
        charged.refunded = charged.refunded.plus(amount).unwrap_or(charged.refunded);
    }
}
