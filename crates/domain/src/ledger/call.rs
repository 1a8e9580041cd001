//! What the ledger is told of a call, and what it answers.

use serde::{Deserialize, Serialize};

use super::{Account, AccountId, Amount};
use crate::id::{RequestId, WorkspaceId};
use crate::money::{MicroCredits, NanoUsd};
use crate::period::Period;
use crate::receipt::Receipt;
use crate::time::Timestamp;

/// What a call costs: credits of its workspace, and USD at list price against its budgets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Charge {
    /// Credits.
    pub credits: MicroCredits,
    /// List price.
    pub usd: NanoUsd,
}

/// Which credits of a workspace pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Funds {
    /// None: an own key pays, or the plan includes managed access without a limit.
    None,
    /// The allowance of the period only.
    Allowance,
    /// All it has: the allowance, then what it was granted, what expires soonest first.
    All,
}

impl Funds {
    /// Whether they are drawn from that account.
    pub const fn include(self, id: AccountId) -> bool {
        match self {
            Self::None => false,
            Self::Allowance => matches!(id, AccountId::Allowance(..)),
            Self::All => id.is_purse(),
        }
    }
}

/// What a plan allows in a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// So many credits.
    pub credits: MicroCredits,
    /// In that time.
    pub period: Period,
}

impl Allowance {
    /// What of it is still to be granted to the workspace of those purses. What open periods granted already counts: one
    /// that begins before another has ended, because the anchor was moved, gives no more than the difference.
    pub fn due<'a>(&self, purses: impl IntoIterator<Item = &'a Account>, now: Timestamp) -> Amount {
        if self.period.end.is_some_and(|end| end <= now) {
            return Amount::ZERO;
        }
        let open = |purse: &&Account| matches!(purse.id, AccountId::Allowance(..)) && !purse.is_over(now);
        let granted = purses.into_iter().filter(open).map(|purse| purse.granted);
        granted.fold(Amount::from(self.credits), Amount::less)
    }
}

/// A budget that covers a call, in its present period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BudgetLine {
    /// Where it is counted.
    pub account: AccountId,
    /// When the period ends.
    pub ends_at: Option<Timestamp>,
    /// What may be used; absent if the budget only tells.
    pub limit: Option<NanoUsd>,
}

/// Asks that at least so much is held for a call. Asked again with more, it holds more.
#[derive(Debug, Clone, PartialEq)]
pub struct HoldCall {
    /// The call.
    pub request: RequestId,
    /// Whose it is.
    pub workspace: WorkspaceId,
    /// What is to be held in all.
    pub amount: Charge,
    /// Which credits.
    pub funds: Funds,
    /// What the plan allows in the present period; it is granted first, if it was not.
    pub allowance: Option<Allowance>,
    /// The budgets that cover the call.
    pub budgets: Vec<BudgetLine>,
    /// Its receipt as far as it is written, to be completed should the process die; absent where more is asked for.
    pub draft: Option<Box<Receipt>>,
}

/// Why a hold was refused. Nothing of it is held then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shortage {
    /// The workspace has too few credits.
    Credits {
        /// What would have had to be held besides what is.
        needed: MicroCredits,
        /// All it has, held or not.
        balance: MicroCredits,
        /// What of it is not held.
        available: MicroCredits,
    },
    /// A budget is used up.
    Budget {
        /// Which.
        account: AccountId,
        /// What may be used in the period.
        limit: NanoUsd,
        /// What is used or held.
        used: NanoUsd,
        /// When the period ends.
        resets_at: Option<Timestamp>,
    },
}

/// How a call ended, for the ledger. It is part of the receipt, so that what is charged is what was written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settlement {
    /// What it costs.
    pub charge: Charge,
    /// Which credits pay.
    pub funds: Funds,
    /// Whether the plan includes it: then the operator pays the list price.
    pub included: bool,
    /// Credits beyond that by what its provider told, which it can't have used: the operator's overrun pays them.
    #[serde(default, skip_serializing_if = "MicroCredits::is_zero")]
    pub disbelieved: MicroCredits,
}

impl Settlement {
    /// Of a call that cost nothing, so that all it held is void.
    pub const NOTHING: Self = Self {
        charge: Charge { credits: MicroCredits::ZERO, usd: NanoUsd::ZERO },
        funds: Funds::None,
        included: false,
        disbelieved: MicroCredits::ZERO,
    };

    /// What of it nobody believes, as the ledger moves it.
    pub fn disbelieved_amount(self) -> Amount {
        Amount::from(self.disbelieved).min(CHARGE_MAX)
    }
}

/// The most that one call is charged: nine billion credits, or nine million USD. What claims more is not believed, and
/// accounts still count a thousand of them.
pub const CHARGE_MAX: Amount = Amount::at_least_zero(1 << 53);

impl Charge {
    /// What of it is credits, as the ledger moves them.
    pub fn credit_amount(self) -> Amount {
        Amount::from(self.credits).min(CHARGE_MAX)
    }

    /// What of it is USD.
    pub fn usd_amount(self) -> Amount {
        Amount::from(self.usd).min(CHARGE_MAX)
    }
}
