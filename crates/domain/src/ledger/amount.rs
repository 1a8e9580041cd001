//! Amounts that are moved.

use std::fmt;

use crate::money::{MicroCredits, NanoUsd};

/// A sum that is not negative, in the smallest unit of its asset: micro-credits or nano-USD.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Amount(i64);

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The smallest there is.
    pub const ONE: Self = Self(1);

    /// From the smallest unit; `None` below zero.
    pub const fn new(units: i64) -> Option<Self> {
        if units < 0 { None } else { Some(Self(units)) }
    }

    /// From the smallest unit; what is below zero is zero.
    pub const fn at_least_zero(units: i64) -> Self {
        if units < 0 { Self::ZERO } else { Self(units) }
    }

    /// In the smallest unit.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// Whether it is nothing.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The sum; `None` beyond what fits.
    pub fn plus(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// What is left; nothing if the other is larger.
    pub const fn less(self, other: Self) -> Self {
        Self::at_least_zero(self.0.saturating_sub(other.0))
    }
}

impl From<MicroCredits> for Amount {
    /// Nobody is charged less than nothing.
    fn from(credits: MicroCredits) -> Self {
        Self::at_least_zero(credits.get())
    }
}

impl From<NanoUsd> for Amount {
    fn from(usd: NanoUsd) -> Self {
        Self::at_least_zero(usd.get())
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
