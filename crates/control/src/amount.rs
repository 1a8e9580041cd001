//! Amounts in bodies: decimal texts, exact and within bounds. A number of JSON is none: many readers make it a float.

#![deny(clippy::as_conversions, clippy::float_arithmetic)]

use http::StatusCode;
use ownkey_domain::money::{MicroCredits, NanoUsd};

use crate::body::Members;
use crate::problem::Problem;

/// A billion credits: what is moved at once beyond this is a slip.
const CREDITS_MAX: MicroCredits = MicroCredits::new(1_000_000_000_000_000);
/// A billion USD.
const USD_MAX: NanoUsd = NanoUsd::new(1_000_000_000_000_000_000);
const FORM: &str = "a decimal text such as \"12.5\"";

/// Credits to move: more than nothing.
pub(crate) fn credits(members: &mut Members<'_>, name: &'static str) -> Result<MicroCredits, Problem> {
    let text: String = members.required(name, FORM)?;
    let form = "a decimal above 0, with 6 digits behind the point at most and no more than 1000000000";
    let read = MicroCredits::parse(&text).ok();
    read.filter(|credits| (MicroCredits::new(1)..=CREDITS_MAX).contains(credits)).ok_or_else(|| unfit(name, form))
}

/// USD that must be given: nothing or more.
pub(crate) fn usd(members: &mut Members<'_>, name: &'static str) -> Result<NanoUsd, Problem> {
    let text: String = members.required(name, FORM)?;
    usd_of(&text, name)
}

/// The same, read from its text.
pub(crate) fn usd_of(text: &str, name: &'static str) -> Result<NanoUsd, Problem> {
    let form = "a decimal, not below 0, with 9 digits behind the point at most and no more than 1000000000";
    let read = NanoUsd::parse_usd(text).ok();
    read.filter(|usd| (NanoUsd::ZERO..=USD_MAX).contains(usd)).ok_or_else(|| unfit(name, form))
}

fn unfit(name: &'static str, form: &str) -> Problem {
    unprocessable(name, format!("`{name}` must be {form}."))
}

/// A value of the right form that can't be taken.
pub(crate) fn unprocessable(name: &'static str, detail: String) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_value", "Not possible", detail).with("member", name)
}
