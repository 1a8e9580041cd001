//! Money as integers. Unit prices and the cost of a call are pico-USD, credits are micro-credits.
//! Floats never hold money; text is decimal and exact.

use std::fmt;

use serde::{Deserialize, Serialize};

const PICO_PER_USD: i128 = 1_000_000_000_000;
const PICO_DIGITS: usize = 12;

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

    /// Parses a decimal number of USD such as `0.0000025`.
    pub fn parse_usd(text: &str) -> Result<Self, BadAmount> {
        parse_decimal(text, PICO_DIGITS).map(Self)
    }
}

impl fmt::Display for PicoUsd {
    /// A plain decimal number of USD without trailing zeros.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let magnitude = self.0.unsigned_abs();
        let unit = PICO_PER_USD.unsigned_abs();
        let fraction = format!("{:012}", magnitude % unit);
        let fraction = fraction.trim_end_matches('0');
        let point = if fraction.is_empty() { "" } else { "." };
        write!(f, "{sign}{}{point}{fraction}", magnitude / unit)
    }
}

impl Serialize for PicoUsd {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
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
}

impl fmt::Display for MicroCredits {
    /// A plain decimal number of credits without trailing zeros.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pico = i128::from(self.0) * (PICO_PER_USD / 1_000_000);
        fmt::Display::fmt(&PicoUsd(pico), f)
    }
}

impl Serialize for MicroCredits {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for MicroCredits {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let micro = parse_decimal(&text, 6).map_err(serde::de::Error::custom)?;
        i64::try_from(micro).map(Self).map_err(serde::de::Error::custom)
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
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_plain_decimals_only() {
        assert_eq!(PicoUsd::parse_usd("0.0000025"), Ok(PicoUsd::new(2_500_000)));
        assert_eq!(PicoUsd::parse_usd("-3"), Ok(PicoUsd::new(-3 * PICO_PER_USD)));
        for text in ["", ".", "1.", ".5", "1e3", "+1", "0.0000000000001", "NaN", "1_0", " 1", "٣"] {
            assert_eq!(PicoUsd::parse_usd(text), Err(BadAmount), "{text}");
        }
    }

    proptest! {
        #[test]
        fn text_round_trips(pico in -10i128.pow(30)..10i128.pow(30)) {
            let amount = PicoUsd::new(pico);
            prop_assert_eq!(PicoUsd::parse_usd(&amount.to_string()), Ok(amount));
        }
    }
}
