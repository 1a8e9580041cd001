//! Budgets: bounds that a workspace sets itself, on what its calls cost at list price, whoever pays.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::agent::AgentName;
use crate::id::{ApiKeyId, BudgetId, WorkspaceId};
use crate::ledger::{AccountId, BudgetLine};
use crate::money::NanoUsd;
use crate::payer::PayerKind;
use crate::period::Period;
use crate::time::Timestamp;

/// Budgets that a workspace may have: each that covers a call costs it a look.
pub const BUDGETS_MAX: usize = 50;
/// The shares of a limit, in percent, at which a budget tells.
pub const THRESHOLDS: [u8; 3] = [50, 80, 100];

/// Which calls a budget counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Scope {
    /// All of the workspace's.
    Workspace,
    /// Those made with a platform key.
    ApiKey(ApiKeyId),
    /// Those made for an agent.
    Agent(AgentName),
}

/// The text is no scope of a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the scope of a budget is `workspace`, the id of a platform key, or `agent/NAME`")]
pub struct BadScope;

impl FromStr for Scope {
    type Err = BadScope;

    fn from_str(text: &str) -> Result<Self, BadScope> {
        if text == "workspace" {
            return Ok(Self::Workspace);
        }
        match text.strip_prefix(crate::agent::PREFIX) {
            Some(agent) => agent.parse().map(Self::Agent).map_err(|_| BadScope),
            None => text.parse().map(Self::ApiKey).map_err(|_| BadScope),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Workspace => f.write_str("workspace"),
            Self::ApiKey(key) => fmt::Display::fmt(key, f),
            Self::Agent(agent) => write!(f, "{}{}", crate::agent::PREFIX, agent.as_str()),
        }
    }
}

impl TryFrom<String> for Scope {
    type Error = BadScope;

    fn try_from(text: String) -> Result<Self, BadScope> {
        text.parse()
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> Self {
        scope.to_string()
    }
}

/// Whose money a budget counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BudgetPayer {
    /// Whoever pays.
    #[default]
    Any,
    /// The workspace's own keys.
    Byok,
    /// Managed access.
    Managed,
}

/// How long a budget lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BudgetPeriod {
    /// A day.
    Day,
    /// A month.
    Month,
    /// For ever.
    Total,
}

/// What a budget does when it is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BudgetAction {
    /// Refuses calls until its period ends.
    #[default]
    Block,
    /// Tells, and lets calls pass.
    Notify,
}

/// What a blocking budget does with calls whose cost can't be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unpriced {
    /// Refuses them.
    #[default]
    Refuse,
    /// Lets them pass, uncounted.
    Allow,
}

/// A budget.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// Its id.
    pub id: BudgetId,
    /// Which calls it counts.
    pub scope: Scope,
    /// Whose money.
    pub payer: BudgetPayer,
    /// For how long.
    pub period: BudgetPeriod,
    /// How much may be used in a period.
    pub limit_usd: NanoUsd,
    /// What happens then.
    pub action: BudgetAction,
    /// What happens to calls whose cost can't be known.
    pub unpriced: Unpriced,
}

/// The call that budgets are asked about.
#[derive(Debug, Clone, Copy)]
pub struct Spender<'a> {
    /// The platform key.
    pub api_key: ApiKeyId,
    /// The agent, if it is made for one.
    pub agent: Option<&'a str>,
    /// Who pays.
    pub payer: PayerKind,
}

impl Budget {
    /// Whether it counts such a call.
    pub fn covers(&self, spender: &Spender<'_>) -> bool {
        let scope = match &self.scope {
            Scope::Workspace => true,
            Scope::ApiKey(key) => *key == spender.api_key,
            Scope::Agent(agent) => spender.agent == Some(agent.as_str()),
        };
        let payer = match self.payer {
            BudgetPayer::Any => true,
            BudgetPayer::Byok => spender.payer == PayerKind::Byok,
            BudgetPayer::Managed => spender.payer == PayerKind::Managed,
        };
        scope && payer
    }

    /// Whether it refuses calls whose cost can't be known.
    pub fn refuses_unpriced(&self) -> bool {
        self.action == BudgetAction::Block && self.unpriced == Unpriced::Refuse
    }

    /// The period that holds that moment. Days and months are UTC's.
    pub fn period_at(&self, now: Timestamp) -> Period {
        match self.period {
            BudgetPeriod::Day => Period::day(now),
            BudgetPeriod::Month => Period::month(now, None),
            BudgetPeriod::Total => Period::TOTAL,
        }
    }

    /// Where it is counted in the ledger at that moment.
    pub fn line(&self, workspace: WorkspaceId, now: Timestamp) -> BudgetLine {
        let period = self.period_at(now);
        BudgetLine {
            account: AccountId::Budget(workspace, self.id, period.start),
            ends_at: period.end,
            limit: (self.action == BudgetAction::Block).then_some(self.limit_usd),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_budget_counts_what_its_scope_and_payer_say() {
        let key = ApiKeyId::from_uuid(Uuid::from_u128(1));
        let budget = |scope: &str, payer| Budget {
            id: BudgetId::from_uuid(Uuid::from_u128(2)),
            scope: scope.parse().unwrap(),
            payer,
            period: BudgetPeriod::Day,
            limit_usd: NanoUsd::new(1),
            action: BudgetAction::Block,
            unpriced: Unpriced::Refuse,
        };
        let by = Spender { api_key: key, agent: Some("lead"), payer: PayerKind::Managed };
        assert!(budget("workspace", BudgetPayer::Any).covers(&by));
        assert!(budget(&key.to_string(), BudgetPayer::Managed).covers(&by));
        assert!(budget("agent/lead", BudgetPayer::Any).covers(&by));
        assert!(!budget("workspace", BudgetPayer::Byok).covers(&by));
        assert!(!budget("agent/other", BudgetPayer::Any).covers(&by));
        for scope in ["", "agent/", "key_", "everything"] {
            assert_eq!(scope.parse::<Scope>(), Err(BadScope));
        }
    }
}
