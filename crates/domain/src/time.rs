//! Points in time. The clock is a parameter: only `app` reads it.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Milliseconds since 1970-01-01 00:00 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// An hour, the grain of usage totals.
pub const HOUR_MS: i64 = 3_600_000;

impl Timestamp {
    /// From milliseconds since the epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// The start of the UTC hour that holds this moment.
    pub const fn hour(self) -> Self {
        Self(self.0.div_euclid(HOUR_MS) * HOUR_MS)
    }

    /// This moment and so many milliseconds.
    pub const fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// This moment and so long.
    pub fn plus(self, duration: Duration) -> Self {
        self.plus_millis(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX))
    }

    /// For people: `14:05 UTC`, with the day where that is not today's.
    pub fn spoken(self, now: Self) -> String {
        let Some((at, now)) = self.utc().zip(now.utc()) else { return self.to_string() };
        let time = format!("{:02}:{:02} UTC", at.hour(), at.minute());
        if at.date() == now.date() {
            return time;
        }
        let month = at.month().to_string();
        format!("{} {}, {time}", at.day(), month.get(..3).unwrap_or(&month))
    }

    fn utc(self) -> Option<OffsetDateTime> {
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000).ok()
    }

    /// Parses an RFC 3339 time; anything finer than a millisecond is cut off. What could not be written again in UTC is
    /// none: its year has not four digits there.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let at = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        let at =
            OffsetDateTime::from_unix_timestamp_nanos(at.unix_timestamp_nanos()).ok().filter(|at| at.year() >= 0)?;
        i64::try_from(at.unix_timestamp_nanos().div_euclid(1_000_000)).ok().map(Self)
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339, UTC, always with milliseconds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.utc().ok_or(fmt::Error)?;
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
            at.year(),
            u8::from(at.month()),
            at.day(),
            at.hour(),
            at.minute(),
            at.second(),
            at.millisecond()
        )
    }
}

impl Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse_rfc3339(&text).ok_or_else(|| serde::de::Error::custom("not an RFC 3339 time"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_and_reads_rfc3339() {
        let at = Timestamp::from_millis(1_795_366_800_042);
        assert_eq!(at.to_string(), "2026-11-22T17:00:00.042Z");
        assert_eq!(Timestamp::parse_rfc3339("2026-11-22T18:00:00.0429+01:00"), Some(at));
        assert_eq!(at.hour(), Timestamp::from_millis(1_795_366_800_000));
        assert_eq!(Timestamp::parse_rfc3339("yesterday"), None);
        // A year that has no four digits in UTC could not be written again.
        assert_eq!(Timestamp::parse_rfc3339("9999-12-31T23:59:59-01:00"), None);
        assert_eq!(Timestamp::parse_rfc3339("0000-01-01T00:00:00+01:00"), None);
    }
}
