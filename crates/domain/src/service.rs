//! Metered services: what a product does for its workspaces besides calls of models, and what that costs in credits.

use serde::{Deserialize, Serialize};

use crate::money::{CreditPrice, MicroCredits};
use crate::usage::is_beyond;

/// What a service is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ServiceUnit {
    /// A call, whatever it does.
    Call,
    /// A token, as the answer tells them.
    Token,
    /// A character of the text sent: a Unicode scalar value.
    Character,
    /// A second of sound or of talk; one that has begun counts.
    Second,
    /// An item of the answer.
    Item,
}

impl ServiceUnit {
    /// Every unit.
    pub const ALL: [Self; 5] = [Self::Call, Self::Token, Self::Character, Self::Second, Self::Item];

    /// The name in the configuration and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Token => "token",
            Self::Character => "character",
            Self::Second => "second",
            Self::Item => "item",
        }
    }
}

/// A service and its price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Its name, as in its path.
    pub name: String,
    /// What it is counted in.
    pub unit: ServiceUnit,
    /// Credits for each.
    pub credits: CreditPrice,
    /// The most items that an answer is charged for, where it is counted in items.
    pub items_max: Option<u64>,
    /// Whether it can be called here. What happens elsewhere is only booked.
    pub is_served: bool,
}

/// The most of anything that one use counts. Nothing is used a thousandth of this at once, and whoever claims more is
/// not believed.
pub const QUANTITY_MAX: u64 = 1_000_000_000_000;

/// The most credits that one use costs: a million.
pub const COST_MAX: MicroCredits = MicroCredits::new(1_000_000_000_000);

impl Service {
    /// What so many cost; `None` beyond [`COST_MAX`], which nobody believes.
    pub fn cost(&self, quantity: u64) -> Option<MicroCredits> {
        self.credits.times(quantity).filter(|credits| *credits <= COST_MAX)
    }

    /// So much of it was used; `None` if nobody said how much.
    pub fn used(&self, quantity: Option<u64>) -> ServiceUse {
        ServiceUse { name: self.name.clone(), unit: self.unit, credits_each: self.credits, quantity }
    }
}

/// What a receipt says of the use of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceUse {
    /// The service.
    pub name: String,
    /// What it was counted in.
    pub unit: ServiceUnit,
    /// The price of each at that time.
    pub credits_each: CreditPrice,
    /// How many; absent if that is not known.
    pub quantity: Option<u64>,
}

/// How much a call of a service may turn out to use, as far as its request tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound {
    /// At most: what is set aside for it.
    pub most: u64,
    /// What is charged if nobody tells how much it was.
    pub untold: u64,
    /// What its request alone asks for.
    pub least: u64,
}

impl Bound {
    /// A number that the request tells.
    pub const fn exactly(quantity: u64) -> Self {
        Self { most: quantity, untold: quantity, least: quantity }
    }

    /// The same where the request tells besides that it can't be more than that, though more must be set aside.
    #[must_use]
    pub fn seen_as(self, quantity: Option<u64>) -> Self {
        let seen = quantity.map_or(self.most, |quantity| quantity.min(self.most));
        Self { most: self.most, untold: seen, least: seen }
    }

    /// Whether so much can have been used.
    pub const fn allows(self, told: u64) -> bool {
        !is_beyond(told, self.most)
    }
}

/// How a call of a service ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Nothing was sent, or the service answered that it failed, or not at all.
    Failed,
    /// It was served, and told how much was used.
    Told(u64),
    /// It was served, and told more than it can have used.
    Overtold,
    /// It was served, and did not tell.
    Untold,
    /// The answer broke off on the service's side, or never began in its time.
    BrokenOff,
    /// The caller left before the end, or the call was ended here: his key was revoked, it took too long, or the
    /// server stopped.
    Left,
}

impl Ending {
    /// How much is charged. What is not known is never nothing: whoever leaves, or uses a service that does not tell,
    /// is charged what was set aside, since nobody else can say that it was less, unless the request itself does. What
    /// can't have been used is no workspace's to pay. What the service itself broke off costs what was asked for.
    pub const fn charged(self, bound: Bound) -> u64 {
        match self {
            Self::Failed => 0,
            Self::Told(quantity) => quantity,
            Self::Overtold => bound.most,
            Self::Untold | Self::Left => bound.untold,
            Self::BrokenOff => bound.least,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_told_is_charged_as_set_aside_and_failure_is_free() {
        let bound = Bound { most: 25, untold: 25, least: 1 };
        let charged = |ending: Ending| ending.charged(bound);
        assert_eq!(charged(Ending::Failed), 0);
        assert_eq!((charged(Ending::Told(0)), charged(Ending::Told(40))), (0, 40));
        assert_eq!((charged(Ending::Untold), charged(Ending::Left)), (25, 25));
        assert_eq!((charged(Ending::BrokenOff), charged(Ending::Overtold)), (1, 25));
        assert!(bound.allows(50) && !bound.allows(51));
        let seen = Bound::exactly(160).seen_as(Some(10));
        assert_eq!((Ending::Untold.charged(seen), Ending::BrokenOff.charged(seen), seen.most), (10, 10, 160));
        assert_eq!(
            (Bound::exactly(9).seen_as(Some(10)), Bound::exactly(9).seen_as(None)),
            (Bound::exactly(9), Bound::exactly(9))
        );
    }

    #[test]
    fn a_cost_has_a_bound() {
        let service = Service {
            name: "x".to_owned(),
            unit: ServiceUnit::Item,
            credits: CreditPrice::parse("0.5").unwrap(),
            items_max: None,
            is_served: true,
        };
        assert_eq!(service.cost(2_000_000), Some(COST_MAX));
        assert_eq!(COST_MAX.to_string(), "1000000");
        for beyond in [2_000_001, QUANTITY_MAX, u64::MAX] {
            assert_eq!(service.cost(beyond), None, "and nothing is clipped");
        }
    }

    #[test]
    fn units_have_one_name() {
        for unit in ServiceUnit::ALL {
            assert_eq!(serde_json::to_value(unit).unwrap(), unit.as_str());
        }
    }
}
