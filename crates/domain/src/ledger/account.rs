//! Accounts and their names.

use std::fmt;
use std::str::FromStr;

use super::Amount;
use crate::id::{BudgetId, GrantId, WorkspaceId};
use crate::time::Timestamp;

/// What an account counts. Transfers never cross assets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Asset {
    /// Credits, in micro-credits.
    Credit,
    /// US dollars at list price, in nano-USD.
    Usd,
}

impl Asset {
    /// The name in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Credit => "CREDIT",
            Self::Usd => "USD",
        }
    }
}

/// Names an account. The text of it tells what it is for, so that a ledger can be read as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccountId {
    /// Where a workspace's granted credits come from. Of the operator's accounts too each workspace has its own, so that
    /// none can fill another's.
    Issued(WorkspaceId),
    /// Where a workspace's credits go that expire.
    Expired(WorkspaceId),
    /// The operator pays from it what a workspace's calls cost beyond what it has.
    Overrun(WorkspaceId),
    /// The operator pays from it, in USD, for access that the workspace's plan includes without a limit.
    Included(WorkspaceId),
    /// Where a workspace's charges go.
    Charged(WorkspaceId),
    /// What the workspace used, in USD: the other side of its budgets.
    Used(WorkspaceId),
    /// A purse: what a plan allows in the period that begins then.
    Allowance(WorkspaceId, Timestamp),
    /// A purse: credits that an operator granted.
    Grant(WorkspaceId, GrantId),
    /// A budget in the period that begins then.
    Budget(WorkspaceId, BudgetId, Timestamp),
    /// What fallbacks to managed access cost on the day that begins then.
    Fallback(WorkspaceId, Timestamp),
}

impl AccountId {
    /// What it counts.
    pub const fn asset(self) -> Asset {
        match self {
            Self::Issued(_) | Self::Expired(_) | Self::Overrun(_) | Self::Charged(_) => Asset::Credit,
            Self::Allowance(..) | Self::Grant(..) => Asset::Credit,
            Self::Included(_) | Self::Used(_) | Self::Budget(..) | Self::Fallback(..) => Asset::Usd,
        }
    }

    /// Whose credits or calls it is about.
    pub const fn workspace(self) -> WorkspaceId {
        match self {
            Self::Issued(workspace) | Self::Expired(workspace) => workspace,
            Self::Overrun(workspace) | Self::Included(workspace) => workspace,
            Self::Charged(workspace) | Self::Used(workspace) => workspace,
            Self::Allowance(workspace, _) | Self::Grant(workspace, _) => workspace,
            Self::Budget(workspace, ..) | Self::Fallback(workspace, _) => workspace,
        }
    }

    /// Where what is held on it will go; `None` of accounts on which nothing is held.
    pub const fn other_side(self) -> Option<Self> {
        match self {
            Self::Allowance(workspace, _) | Self::Grant(workspace, _) => Some(Self::Charged(workspace)),
            Self::Budget(workspace, ..) | Self::Fallback(workspace, _) => Some(Self::Used(workspace)),
            Self::Issued(_) | Self::Expired(_) | Self::Overrun(_) | Self::Included(_) => None,
            Self::Charged(_) | Self::Used(_) => None,
        }
    }

    /// Whether credits of a workspace lie in it. Such an account can't be overdrawn.
    pub const fn is_purse(self) -> bool {
        matches!(self, Self::Allowance(..) | Self::Grant(..))
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Issued(workspace) => write!(f, "{workspace}/issued"),
            Self::Expired(workspace) => write!(f, "{workspace}/expired"),
            Self::Overrun(workspace) => write!(f, "{workspace}/overrun"),
            Self::Included(workspace) => write!(f, "{workspace}/included"),
            Self::Charged(workspace) => write!(f, "{workspace}/charged"),
            Self::Used(workspace) => write!(f, "{workspace}/used"),
            Self::Allowance(workspace, start) => write!(f, "{workspace}/allowance/{start}"),
            Self::Grant(workspace, grant) => write!(f, "{workspace}/{grant}"),
            Self::Budget(workspace, budget, start) => write!(f, "{workspace}/{budget}/{start}"),
            Self::Fallback(workspace, start) => write!(f, "{workspace}/fallback/{start}"),
        }
    }
}

/// The text names no account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the name of an account")]
pub struct BadAccountId;

impl FromStr for AccountId {
    type Err = BadAccountId;

    fn from_str(text: &str) -> Result<Self, BadAccountId> {
        let (workspace, rest) = text.split_once('/').ok_or(BadAccountId)?;
        let workspace = workspace.parse().map_err(|_| BadAccountId)?;
        let (kind, start) = rest.split_once('/').unwrap_or((rest, ""));
        let start = Timestamp::parse_rfc3339(start).filter(|parsed| parsed.to_string() == start);
        match (kind, start) {
            ("issued", None) if rest == kind => Ok(Self::Issued(workspace)),
            ("expired", None) if rest == kind => Ok(Self::Expired(workspace)),
            ("overrun", None) if rest == kind => Ok(Self::Overrun(workspace)),
            ("included", None) if rest == kind => Ok(Self::Included(workspace)),
            ("charged", None) if rest == kind => Ok(Self::Charged(workspace)),
            ("used", None) if rest == kind => Ok(Self::Used(workspace)),
            ("allowance", Some(start)) => Ok(Self::Allowance(workspace, start)),
            ("fallback", Some(start)) => Ok(Self::Fallback(workspace, start)),
            (budget, Some(start)) => Ok(Self::Budget(workspace, budget.parse().map_err(|_| BadAccountId)?, start)),
            (grant, None) if rest == kind => Ok(Self::Grant(workspace, grant.parse().map_err(|_| BadAccountId)?)),
            _ => Err(BadAccountId),
        }
    }
}

/// An account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account {
    /// Its name.
    pub id: AccountId,
    /// Held: debits that are not posted yet.
    pub debits_pending: Amount,
    /// Debits.
    pub debits_posted: Amount,
    /// Credits that are not posted yet.
    pub credits_pending: Amount,
    /// Credits.
    pub credits_posted: Amount,
    /// Of a purse: how much of it was granted so far. What is given back to it is no grant.
    pub granted: Amount,
    /// When what is left in it expires, or its period ends.
    pub expires_at: Option<Timestamp>,
    /// Since when it exists.
    pub opened_at: Timestamp,
}

impl Account {
    /// An empty one.
    pub const fn new(id: AccountId, expires_at: Option<Timestamp>, opened_at: Timestamp) -> Self {
        Self {
            id,
            debits_pending: Amount::ZERO,
            debits_posted: Amount::ZERO,
            credits_pending: Amount::ZERO,
            credits_posted: Amount::ZERO,
            granted: Amount::ZERO,
            expires_at,
            opened_at,
        }
    }

    /// What is in it, held or not; nothing if more was taken out than put in.
    pub const fn balance(&self) -> Amount {
        self.credits_posted.less(self.debits_posted)
    }

    /// What may still be taken out of it.
    pub const fn available(&self) -> Amount {
        self.balance().less(self.debits_pending)
    }

    /// Of a budget: what was counted in it, less what was taken back.
    pub const fn counted(&self) -> Amount {
        self.debits_posted.less(self.credits_posted)
    }

    /// Of a budget: counted or held.
    pub fn counted_or_held(&self) -> Amount {
        // Beyond what fits no limit is kept.
        self.counted().plus(self.debits_pending).unwrap_or(Amount::at_least_zero(i64::MAX))
    }

    /// Of a purse: taken out or held.
    pub fn drawn(&self) -> Amount {
        self.debits_posted.plus(self.debits_pending).unwrap_or(Amount::at_least_zero(i64::MAX))
    }

    /// Whether it has expired by then.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }

    /// Whether nothing more will happen to it: its time is over, nothing is held and nothing is left.
    pub fn is_closed(&self, now: Timestamp) -> bool {
        self.is_over(now) && self.debits_pending.is_zero() && (!self.id.is_purse() || self.available().is_zero())
    }
}
