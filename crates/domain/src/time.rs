//! Points in time. The clock is a parameter: only `app` reads it.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::text::Short;

/// Milliseconds since 1970-01-01 00:00 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// As long as a time is in writing, with the sign of years before the first.
const TEXT_MAX: usize = "-0000-00-00T00:00:00.000Z".len();

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

    fn text(self) -> Option<Short<TEXT_MAX>> {
        let at = self.utc()?;
        let mut text = Short::new();
        let ((year, month, day), (hour, minute, second, milli)) = (at.to_calendar_date(), at.to_hms_milli());
        if year < 0 {
            text.push("-");
        }
        text.push_number(year.unsigned_abs().into(), 4);
        let rest = [("-", month.into()), ("-", day), ("T", hour), (":", minute), (":", second)];
        for (before, number) in rest {
            text.push(before);
            text.push_number(number.into(), 2);
        }
        text.push(".");
        text.push_number(milli.into(), 3);
        text.push("Z");
        Some(text)
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
        f.write_str(self.text().ok_or(fmt::Error)?.as_str())
    }
}

impl Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.text().ok_or_else(|| serde::ser::Error::custom("not a time that can be written"))?;
        serializer.serialize_str(text.as_str())
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
        assert_eq!(serde_json::to_string(&at).unwrap(), "\"2026-11-22T17:00:00.042Z\"");
        assert_eq!(Timestamp::from_millis(-1).to_string(), "1969-12-31T23:59:59.999Z");
        assert!(serde_json::to_string(&Timestamp::from_millis(i64::MAX)).is_err());
        assert_eq!(Timestamp::parse_rfc3339("2026-11-22T18:00:00.0429+01:00"), Some(at));
        assert_eq!(at.hour(), Timestamp::from_millis(1_795_366_800_000));
        assert_eq!(Timestamp::parse_rfc3339("yesterday"), None);
        // A year that has no four digits in UTC could not be written again.
        assert_eq!(Timestamp::parse_rfc3339("9999-12-31T23:59:59-01:00"), None);
        assert_eq!(Timestamp::parse_rfc3339("0000-01-01T00:00:00+01:00"), None);
    }
}
