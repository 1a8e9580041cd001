//! Money as integers. Unit prices and the cost of a call are pico-USD, credits are micro-credits.
//! Floats never hold money; text is decimal and exact.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::text::Short;

const PICO_PER_USD: i128 = 1_000_000_000_000;
/// The same, to divide what fits into 64 bits.
const PICO_PER_USD_SHORT: u64 = 1_000_000_000_000;
const PICO_PER_NANO: i128 = 1_000;
const PICO_DIGITS: usize = 12;
/// Sign, digits and point of the largest amount.
const AMOUNT_LEN_MAX: usize = 41;
const NANO_DIGITS: usize = 9;
const CREDIT_DIGITS: usize = 6;

/// The text is not a decimal number that fits, or has more digits than the unit holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a decimal amount")]
pub struct BadAmount;

/// An amount in 10⁻¹² USD: what one token costs, and what a call costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct PicoUsd(i128);

impl PicoUsd {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// From pico-USD.
    pub const fn new(pico: i128) -> Self {
        Self(pico)
    }

    /// In pico-USD.
    pub const fn get(self) -> i128 {
        self.0
    }

    /// So many units at this price; `None` beyond what an `i128` holds.
    pub fn times(self, units: u64) -> Option<Self> {
        self.0.checked_mul(i128::from(units)).map(Self)
    }

    /// The sum; `None` beyond what an `i128` holds.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// What is left; nothing if the other is larger.
    #[must_use]
    pub fn less(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0).max(0))
    }

    /// The same amount in nano-USD.
    pub fn of_nano(nano: NanoUsd) -> Self {
        Self(i128::from(nano.0).saturating_mul(PICO_PER_NANO))
    }

    /// Parses a decimal number of USD such as `0.0000025`.
    pub fn parse_usd(text: &str) -> Result<Self, BadAmount> {
        parse_decimal(text, PICO_DIGITS).map(Self)
    }

    fn text(self) -> Short<AMOUNT_LEN_MAX> {
        let magnitude = self.0.unsigned_abs();
        let mut text = Short::new();
        if self.0 < 0 {
            text.push("-");
        }
        // Most amounts fit into half of the bits, and are divided and written in a tenth of the time so.
        let fraction = match u64::try_from(magnitude) {
            Ok(magnitude) => {
                text.push_number(magnitude / PICO_PER_USD_SHORT, 1);
                magnitude % PICO_PER_USD_SHORT
            }
            Err(_) => {
                let unit = u128::from(PICO_PER_USD_SHORT);
                let small = |number: u128| u64::try_from(number).unwrap_or(u64::MAX);
                let (whole, fraction) = (magnitude / unit, magnitude % unit);
                if whole >= unit {
                    text.push_number(small(whole / unit), 1);
                    text.push_number(small(whole % unit), PICO_DIGITS);
                } else {
                    text.push_number(small(whole), 1);
                }
                small(fraction)
            }
        };
        if fraction > 0 {
            text.push(".");
            text.push_number(fraction, PICO_DIGITS);
            text.trim_zeros();
        }
        text
    }
}

impl fmt::Display for PicoUsd {
    /// A plain decimal number of USD without trailing zeros.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text().as_str())
    }
}

impl Serialize for PicoUsd {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.text().as_str())
    }
}

impl<'de> Deserialize<'de> for PicoUsd {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse_usd(&text).map_err(serde::de::Error::custom)
    }
}

/// An amount in 10⁻⁶ credits: what the ledger counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct MicroCredits(i64);

impl MicroCredits {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// From micro-credits.
    pub const fn new(micro: i64) -> Self {
        Self(micro)
    }

    /// In micro-credits.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// Whether it is nothing.
    pub const fn is_zero(&self) -> bool {
        self.0 == 0
    }

    /// As many of what is counted more finely and written in the same way.
    fn pico(self) -> PicoUsd {
        PicoUsd(i128::from(self.0) * (PICO_PER_USD / 1_000_000))
    }

    /// Parses a decimal number of credits such as `2000` or `0.5`.
    pub fn parse(text: &str) -> Result<Self, BadAmount> {
        i64::try_from(parse_decimal(text, CREDIT_DIGITS)?).map(Self).map_err(|_| BadAmount)
    }
}

/// A billion credits: what is moved at once beyond this is a slip.
pub const CREDITS_MAX: MicroCredits = MicroCredits::new(1_000_000_000_000_000);

/// An amount in 10⁻⁹ USD: what the ledger counts against budgets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct NanoUsd(i64);

impl NanoUsd {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// From nano-USD.
    pub const fn new(nano: i64) -> Self {
        Self(nano)
    }

    /// In nano-USD.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// A cost, rounded up to a nano-USD; `None` beyond what fits.
    pub fn of_cost(cost: PicoUsd) -> Option<Self> {
        let up = i128::from(cost.0.checked_rem(PICO_PER_NANO)? > 0);
        i64::try_from(cost.0.checked_div(PICO_PER_NANO)?.checked_add(up)?).ok().map(Self)
    }

    /// The same as a cost; `None` beyond what fits.
    pub fn cost(self) -> Option<PicoUsd> {
        i128::from(self.0).checked_mul(PICO_PER_NANO).map(PicoUsd)
    }

    /// Parses a decimal number of USD such as `50` or `0.25`.
    pub fn parse_usd(text: &str) -> Result<Self, BadAmount> {
        i64::try_from(parse_decimal(text, NANO_DIGITS)?).map(Self).map_err(|_| BadAmount)
    }
}

impl fmt::Display for NanoUsd {
    /// A plain decimal number of USD without trailing zeros.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&PicoUsd::of_nano(*self), f)
    }
}

impl Serialize for NanoUsd {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        PicoUsd::of_nano(*self).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for NanoUsd {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse_usd(&text).map_err(serde::de::Error::custom)
    }
}

/// What list prices are multiplied by, in millionths; above zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Markup(i128);

impl Markup {
    /// Parses a decimal number such as `1.2`.
    pub fn parse(text: &str) -> Result<Self, BadAmount> {
        let millionths = parse_decimal(text, CREDIT_DIGITS)?;
        if millionths > 0 { Ok(Self(millionths)) } else { Err(BadAmount) }
    }
}

impl fmt::Display for Markup {
    /// A plain decimal number without trailing zeros.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&PicoUsd(self.0.saturating_mul(PICO_PER_USD / 1_000_000)), f)
    }
}

/// What a call costs in credits, by what it costs at list price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CreditRate {
    /// List price times markup over what a credit is worth.
    Worth {
        /// What a credit is worth.
        usd_per_credit: PicoUsd,
        /// What is asked for besides the list price.
        markup: Markup,
    },
    /// So many credits a unit, whatever a credit is worth.
    Fixed {
        /// Credits for each unit.
        credits_each: CreditPrice,
        /// What each costs at list price: that tells how many of them a cost is.
        list_each_usd: PicoUsd,
    },
}

impl CreditRate {
    /// From decimals, such as `0.01` and `1.0`; both must be above zero.
    pub fn parse(usd_per_credit: &str, markup: &str) -> Result<Self, BadAmount> {
        let (usd_per_credit, markup) = (PicoUsd::parse_usd(usd_per_credit)?, Markup::parse(markup)?);
        if usd_per_credit > PicoUsd::ZERO { Ok(Self::Worth { usd_per_credit, markup }) } else { Err(BadAmount) }
    }

    /// The same at another markup; a fixed price has none.
    #[must_use]
    pub const fn marked_up(self, markup: Markup) -> Self {
        match self {
            Self::Worth { usd_per_credit, .. } => Self::Worth { usd_per_credit, markup },
            fixed @ Self::Fixed { .. } => fixed,
        }
    }

    /// So many credits for what costs that much at list price; both must be above zero.
    pub fn fixed(credits_each: CreditPrice, list_each_usd: PicoUsd) -> Result<Self, BadAmount> {
        let is_fit = credits_each > CreditPrice::ZERO && list_each_usd > PicoUsd::ZERO;
        if is_fit { Ok(Self::Fixed { credits_each, list_each_usd }) } else { Err(BadAmount) }
    }

    /// The credits for a cost, rounded up to a micro-credit; nothing stays nothing. `None` beyond what fits.
    pub fn credits(&self, cost: PicoUsd) -> Option<MicroCredits> {
        let (credits, usd) = self.ratio();
        let (scaled, divisor) = (cost.get().checked_mul(credits)?, usd?);
        let up = i128::from(scaled.checked_rem(divisor)? > 0);
        i64::try_from(scaled.checked_div(divisor)?.checked_add(up)?).ok().map(MicroCredits)
    }

    /// The highest cost that so many credits cover.
    pub fn covered(&self, credits: MicroCredits) -> PicoUsd {
        // Both are above zero, and no worth of a credit that anyone writes comes near the bounds.
        let (each, usd) = self.ratio();
        let worth = usd.and_then(|usd| i128::from(credits.0.max(0)).checked_mul(usd));
        PicoUsd(worth.and_then(|worth| worth.checked_div(each)).unwrap_or(i128::MAX))
    }

    /// So many micro-credits for so many pico-USD; the latter absent beyond what fits.
    fn ratio(&self) -> (i128, Option<i128>) {
        match self {
            Self::Worth { usd_per_credit, markup } => (markup.0, Some(usd_per_credit.get())),
            Self::Fixed { credits_each, list_each_usd } => {
                (credits_each.0, list_each_usd.get().checked_mul(PICO_PER_MICRO))
            }
        }
    }
}

/// A rate as text: decimals, as in the configuration.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum ToldRate {
    Worth { usd_per_credit: String, markup: String },
    Fixed { credits_each: CreditPrice, list_each_usd: PicoUsd },
}

impl Serialize for CreditRate {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let told = match *self {
            Self::Worth { usd_per_credit, markup } => {
                ToldRate::Worth { usd_per_credit: usd_per_credit.to_string(), markup: markup.to_string() }
            }
            Self::Fixed { credits_each, list_each_usd } => ToldRate::Fixed { credits_each, list_each_usd },
        };
        told.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for CreditRate {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let rate = match ToldRate::deserialize(deserializer)? {
            ToldRate::Worth { usd_per_credit, markup } => Self::parse(&usd_per_credit, &markup),
            ToldRate::Fixed { credits_each, list_each_usd } => Self::fixed(credits_each, list_each_usd),
        };
        rate.map_err(serde::de::Error::custom)
    }
}

/// A price in credits, in 10⁻¹² credits: a single token or character may cost less than the ledger counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CreditPrice(i128);

const PICO_PER_MICRO: i128 = 1_000_000;

impl CreditPrice {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Parses a decimal number of credits such as `0.0001`; not below zero.
    pub fn parse(text: &str) -> Result<Self, BadAmount> {
        let pico = parse_decimal(text, PICO_DIGITS)?;
        if pico < 0 { Err(BadAmount) } else { Ok(Self(pico)) }
    }

    /// What so many cost, rounded up once to a micro-credit; nothing stays nothing. `None` beyond what fits.
    pub fn times(self, quantity: u64) -> Option<MicroCredits> {
        let pico = self.0.checked_mul(i128::from(quantity))?;
        let up = i128::from(pico.checked_rem(PICO_PER_MICRO)? > 0);
        i64::try_from(pico.checked_div(PICO_PER_MICRO)?.checked_add(up)?).ok().map(MicroCredits)
    }
}

impl fmt::Display for CreditPrice {
    /// A plain decimal number of credits without trailing zeros.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&PicoUsd(self.0), f)
    }
}

impl Serialize for CreditPrice {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        PicoUsd(self.0).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for CreditPrice {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for MicroCredits {
    /// A plain decimal number of credits without trailing zeros.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.pico(), f)
    }
}

impl Serialize for MicroCredits {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.pico().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for MicroCredits {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// Reads `[-]digits[.digits]` into units of 10^-`digits`, refusing anything finer.
fn parse_decimal(text: &str, digits: usize) -> Result<i128, BadAmount> {
    let (negative, plain) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = plain.split_once('.').unwrap_or((plain, ""));
    let fraction = fraction.trim_end_matches('0');
    let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let shape_ok = !whole.is_empty() && !plain.ends_with('.') && fraction.len() <= digits;
    if !shape_ok || !all_digits(whole) || !all_digits(fraction) {
        return Err(BadAmount);
    }
    let units: i128 = format!("{whole}{fraction:0<digits$}").parse().map_err(|_| BadAmount)?;
    Ok(if negative { -units } else { units })
}

#[cfg(test)]
mod tests;
