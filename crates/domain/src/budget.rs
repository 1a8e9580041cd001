//! Budgets: bounds that a workspace sets itself, on what its calls cost at list price, whoever pays.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::agent::AgentName;
use crate::id::{ApiKeyId, BudgetId, WorkspaceId};
use crate::ledger::{AccountId, Amount, BudgetLine};
use crate::money::NanoUsd;
use crate::payer::PayerKind;
use crate::period::Period;
use crate::time::Timestamp;

/// Budgets that a workspace may have: each that covers a call costs it a look.
pub const BUDGETS_MAX: usize = 50;
/// The shares of a limit, in percent, at which a budget tells.
pub const THRESHOLDS: [u8; 3] = [50, 80, 100];

const NAME_BYTES_MAX: usize = 64;

/// The name of a budget, which whoever makes it chooses.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BudgetName(String);

/// The text is no name of a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the name of a budget is 1 to 64 lower-case letters, digits, `-` or `_`")]
pub struct BadBudgetName;

impl BudgetName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for BudgetName {
    type Err = BadBudgetName;

    fn from_str(text: &str) -> Result<Self, BadBudgetName> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_');
        let fits = (1..=NAME_BYTES_MAX).contains(&text.len()) && text.bytes().all(allowed);
        if fits { Ok(Self(text.to_owned())) } else { Err(BadBudgetName) }
    }
}

impl TryFrom<String> for BudgetName {
    type Error = BadBudgetName;

    fn try_from(text: String) -> Result<Self, BadBudgetName> {
        text.parse()
    }
}

impl From<BudgetName> for String {
    fn from(name: BudgetName) -> Self {
        name.0
    }
}

impl From<BudgetId> for BudgetName {
    /// What a budget is called that nobody named.
    fn from(id: BudgetId) -> Self {
        Self(id.to_string())
    }
}

impl fmt::Display for BudgetName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

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
    /// What people call it; unique in its workspace.
    pub name: BudgetName,
    /// What it is counted under in the ledger. A budget that comes to count other calls, or over another time, goes on under
    /// another id.
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

impl BudgetPayer {
    /// Whether it is this one's money.
    pub const fn covers(self, payer: PayerKind) -> bool {
        match self {
            Self::Any => true,
            Self::Byok => matches!(payer, PayerKind::Byok),
            Self::Managed => matches!(payer, PayerKind::Managed),
        }
    }
}

impl Budget {
    /// Whether it counts such a call.
    pub fn covers(&self, spender: &Spender<'_>) -> bool {
        let scope = match &self.scope {
            Scope::Workspace => true,
            Scope::ApiKey(key) => *key == spender.api_key,
            Scope::Agent(agent) => spender.agent == Some(agent.as_str()),
        };
        scope && self.payer.covers(spender.payer)
    }

    /// Whether it stops every call that this payer pays for, whoever makes it, when so much is used.
    pub fn stops_all(&self, payer: PayerKind, used: Amount) -> bool {
        let counts_all = self.scope == Scope::Workspace && self.payer.covers(payer);
        counts_all && self.action == BudgetAction::Block && used >= Amount::from(self.limit_usd)
    }

    /// Whether it counts the same calls over the same time as another, so that what that one has counted is its own.
    pub fn counts_like(&self, other: &Self) -> bool {
        (&self.scope, self.payer, self.period) == (&other.scope, other.payer, other.period)
    }

    /// Whether what another has counted in its present period belongs to this one's: the same calls, in a time within it.
    pub fn takes_over(&self, other: &Self, now: Timestamp) -> bool {
        let are_same = (&self.scope, self.payer) == (&other.scope, other.payer);
        are_same && self.period_at(now).covers(other.period_at(now))
    }

    /// The highest of [`THRESHOLDS`] that so much reaches.
    pub fn threshold(&self, used: Amount) -> Option<u8> {
        let (used, limit) = (i128::from(used.get()), i128::from(self.limit_usd.get()));
        let reached = |percent: &u8| used.saturating_mul(100) >= limit.saturating_mul(i128::from(*percent));
        THRESHOLDS.into_iter().rev().find(reached)
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

    fn budget(scope: &str, payer: BudgetPayer) -> Budget {
        Budget {
            name: "daily".parse().unwrap(),
            id: BudgetId::from_uuid(Uuid::from_u128(2)),
            scope: scope.parse().unwrap(),
            payer,
            period: BudgetPeriod::Day,
            limit_usd: NanoUsd::new(1),
            action: BudgetAction::Block,
            unpriced: Unpriced::Refuse,
        }
    }

    #[test]
    fn a_budget_tells_the_highest_threshold_it_has_reached() {
        let budget = Budget { limit_usd: NanoUsd::new(10), ..budget("workspace", BudgetPayer::Any) };
        let told = |used| budget.threshold(Amount::at_least_zero(used));
        assert_eq!(
            [told(0), told(4), told(5), told(8), told(9), told(10)],
            [None, None, Some(50), Some(80), Some(80), Some(100)]
        );
        assert_eq!(told(i64::MAX), Some(100));
        let nothing = Budget { limit_usd: NanoUsd::ZERO, ..budget.clone() };
        assert_eq!(nothing.threshold(Amount::ZERO), Some(100));
    }

    #[test]
    fn only_a_budget_of_all_calls_that_blocks_stops_them_all() {
        use PayerKind::{Byok, Managed};
        let all = budget("workspace", BudgetPayer::Byok);
        let (used, nothing) = (Amount::at_least_zero(1), Amount::ZERO);
        assert!(all.stops_all(Byok, used) && !all.stops_all(Byok, nothing) && !all.stops_all(Managed, used));
        assert!(budget("workspace", BudgetPayer::Any).stops_all(Managed, used));
        assert!(!budget("agent/lead", BudgetPayer::Any).stops_all(Byok, used));
        assert!(!Budget { action: BudgetAction::Notify, ..all }.stops_all(Byok, used));
    }

    #[test]
    fn what_another_budget_has_counted_is_its_own_if_it_counts_the_same() {
        let first = budget("workspace", BudgetPayer::Any);
        assert!(first.counts_like(&Budget {
            limit_usd: NanoUsd::new(9),
            action: BudgetAction::Notify,
            ..first.clone()
        }));
        assert!(!first.counts_like(&budget("agent/lead", BudgetPayer::Any)));
        assert!(!first.counts_like(&budget("workspace", BudgetPayer::Byok)));
        let lasting = |period| Budget { period, ..first.clone() };
        assert!(!first.counts_like(&lasting(BudgetPeriod::Total)));
        let now = Timestamp::from_millis(1_795_366_800_000);
        let takes_over = |new, old| lasting(new).takes_over(&lasting(old), now);
        use BudgetPeriod::{Day, Month, Total};
        assert!(takes_over(Month, Day) && takes_over(Total, Day) && takes_over(Total, Month));
        assert!(!takes_over(Day, Month) && !takes_over(Month, Total) && !takes_over(Day, Total));
        assert!(!lasting(Month).takes_over(&budget("agent/lead", BudgetPayer::Any), now));
    }

    #[test]
    fn names_are_short_words() {
        for name in ["a", "monthly-cap_2", "bud_00000000000000000000000000000002"] {
            assert_eq!(name.parse::<BudgetName>().map(|name| name.to_string()), Ok(name.to_owned()));
        }
        for name in ["", "A", "a b", "a/b", &"x".repeat(65)] {
            assert_eq!(name.parse::<BudgetName>(), Err(BadBudgetName), "{name}");
        }
    }

    #[test]
    fn a_budget_counts_what_its_scope_and_payer_say() {
        let key = ApiKeyId::from_uuid(Uuid::from_u128(1));
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
