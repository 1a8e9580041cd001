//! Plans: what a workspace's subscription includes.

use serde::{Deserialize, Serialize};

use crate::catalogue::Unknown;
use crate::ledger::{Account, Allowance, Amount, Funds};
use crate::money::{MicroCredits, PicoUsd};
use crate::period::Period;
use crate::time::Timestamp;

/// How managed access is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Managed {
    /// Included in the plan: costs the workspace no credits.
    Included,
    /// Paid in credits.
    Credits,
    /// None: only own keys.
    None,
}

/// What calls do whose workspace has a key that its plan does not cover.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DormantKeys {
    /// They are refused, and both ways out are named.
    #[default]
    Stop,
    /// They go as if there were no key.
    Managed,
}

/// What managed calls cost once an included allowance is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PastAllowance {
    /// They are refused until the next period.
    #[default]
    Refuse,
    /// They are paid in credits.
    Credits,
}

/// The features of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Features {
    /// Every feature: the plan that exists when none is configured.
    All,
    /// These.
    Only(Vec<String>),
}

impl Features {
    /// Whether that feature is among them.
    pub fn has(&self, feature: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(names) => names.iter().any(|name| name == feature),
        }
    }
}

/// A plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The id workspaces name.
    pub id: String,
    /// The name people read.
    pub name: String,
    /// Whether workspaces may bring their own key.
    pub byok: bool,
    /// What happens to calls while a stored key is not covered.
    pub dormant_keys: DormantKeys,
    /// How managed access is paid.
    pub managed: Managed,
    /// Credits granted each period.
    pub allowance_credits: Option<MicroCredits>,
    /// What follows once they are used up.
    pub past_allowance: PastAllowance,
    /// Its features.
    pub features: Features,
    /// The output limit of managed calls that have none.
    pub output_limit: Option<u32>,
    /// Calls a minute of a workspace; absent is unlimited.
    pub requests_per_minute: Option<u32>,
    /// Tokens a minute of a workspace; absent is unlimited.
    pub tokens_per_minute: Option<u64>,
    /// Its price; shown only.
    pub price_usd_month: Option<PicoUsd>,
    /// What names mean that the catalogue does not know; absent is the catalogue's own rule.
    pub unknown: Option<Unknown>,
}

/// What managed calls are paid from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draw {
    /// Which credits.
    pub funds: Funds,
    /// What the plan allows in the present period.
    pub allowance: Option<Allowance>,
    /// Whether the plan includes them without a limit: the operator pays the list price.
    pub included: bool,
}

impl Draw {
    /// What the workspace of those purses has free for a call, with what is due to be granted; absent where calls draw on
    /// no credits.
    pub fn free(&self, purses: &[Account], now: Timestamp) -> Option<MicroCredits> {
        if self.funds == Funds::None {
            return None;
        }
        let due = self.due(purses, now);
        let open = purses.iter().filter(|purse| self.funds.include(purse.id) && !purse.is_over(now));
        let free = open.fold(due, |sum, purse| sum.plus(purse.available()).unwrap_or(sum));
        Some(MicroCredits::new(free.get()))
    }

    /// What the plan allows the workspace of those purses, and is still to be granted.
    pub fn due(&self, purses: &[Account], now: Timestamp) -> Amount {
        self.allowance.map_or(Amount::ZERO, |allowance| allowance.due(purses, now))
    }
}

/// The id of the plan that exists when none is configured.
pub const DEFAULT_PLAN: &str = "default";

impl Plan {
    /// A plan that includes nothing: what a workspace has whose plan is no longer configured.
    pub fn nothing(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            name: id.to_owned(),
            byok: false,
            dormant_keys: DormantKeys::Stop,
            managed: Managed::None,
            allowance_credits: None,
            past_allowance: PastAllowance::Refuse,
            features: Features::Only(Vec::new()),
            output_limit: None,
            requests_per_minute: None,
            tokens_per_minute: None,
            price_usd_month: None,
            unknown: None,
        }
    }

    /// What managed calls are paid from at that moment, by a workspace whose periods begin with `anchor`.
    pub fn draw(&self, now: Timestamp, anchor: Option<Timestamp>) -> Draw {
        let period = Period::month(now, anchor);
        let allowance = self.allowance_credits.map(|credits| Allowance { credits, period });
        let funds = match (self.managed, allowance, self.past_allowance) {
            (Managed::None, ..) | (Managed::Included, None, _) => Funds::None,
            (Managed::Included, Some(_), PastAllowance::Refuse) => Funds::Allowance,
            (Managed::Included, Some(_), PastAllowance::Credits) | (Managed::Credits, ..) => Funds::All,
        };
        let allowance = allowance.filter(|_| funds != Funds::None);
        Draw { funds, allowance, included: self.managed == Managed::Included && funds == Funds::None }
    }

    /// What metered services are paid from: as managed calls are. They are no access to models, so a plan that has none
    /// of that has services all the same, paid with the credits that the operator granted.
    pub fn draw_for_services(&self, now: Timestamp, anchor: Option<Timestamp>) -> Draw {
        match self.managed {
            Managed::None => Draw { funds: Funds::All, allowance: None, included: false },
            Managed::Included | Managed::Credits => self.draw(now, anchor),
        }
    }

    /// Whether managed calls draw on credits or on an allowance that is counted.
    pub const fn draws_on_credits(&self) -> bool {
        match self.managed {
            Managed::Credits => true,
            Managed::Included => self.allowance_credits.is_some(),
            Managed::None => false,
        }
    }
}

impl Default for Plan {
    /// Own keys, managed access included where the operator has a key, and every feature.
    fn default() -> Self {
        Self {
            name: "Default".to_owned(),
            byok: true,
            managed: Managed::Included,
            features: Features::All,
            ..Self::nothing(DEFAULT_PLAN)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_cost_credits_on_every_plan_that_does_not_include_them() {
        let allowance = Some(MicroCredits::new(5));
        let draw = |managed, allowance_credits, past_allowance| {
            let plan = Plan { managed, allowance_credits, past_allowance, ..Plan::default() };
            let draw = plan.draw_for_services(Timestamp::from_millis(0), None);
            (draw.funds, draw.allowance.is_some(), draw.included)
        };
        let (refuse, credits) = (PastAllowance::Refuse, PastAllowance::Credits);
        assert_eq!(draw(Managed::Credits, None, refuse), (Funds::All, false, false));
        assert_eq!(draw(Managed::Credits, allowance, refuse), (Funds::All, true, false));
        assert_eq!(draw(Managed::None, None, refuse), (Funds::All, false, false));
        assert_eq!(draw(Managed::Included, allowance, refuse), (Funds::Allowance, true, false));
        assert_eq!(draw(Managed::Included, allowance, credits), (Funds::All, true, false));
        assert_eq!(draw(Managed::Included, None, refuse), (Funds::None, false, true));
    }
}
