//! Periods: the spans of time that allowances and budgets are counted over. All of them begin and end in UTC.

use time::{Date, Month, OffsetDateTime, Time};

use crate::time::Timestamp;

const DAY_MS: i64 = 86_400_000;

/// A span of time, its end not included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    /// Its first moment.
    pub start: Timestamp,
    /// The first moment of the next one; absent if it never ends.
    pub end: Option<Timestamp>,
}

impl Period {
    /// All of time.
    pub const TOTAL: Self = Self { start: Timestamp::from_millis(0), end: None };

    /// The day of that moment.
    pub fn day(at: Timestamp) -> Self {
        let start = at.millis().div_euclid(DAY_MS).saturating_mul(DAY_MS);
        Self { start: Timestamp::from_millis(start), end: Some(Timestamp::from_millis(start.saturating_add(DAY_MS))) }
    }

    /// The month of that moment: a calendar month, or one that begins on the day and at the time of `anchor`. In a
    /// month that has no such day it begins on the last one.
    pub fn month(at: Timestamp, anchor: Option<Timestamp>) -> Self {
        let (day, offset) = anchor.map_or((1, 0), begin_of);
        let (year, month) = month_of(at);
        let this = start(year, month, day, offset);
        if this <= at {
            let (year, month) = next(year, month);
            return Self { start: this, end: Some(start(year, month, day, offset)) };
        }
        let (year, month) = previous(year, month);
        Self { start: start(year, month, day, offset), end: Some(this) }
    }

    /// Whether all of another is in it.
    pub fn covers(self, other: Self) -> bool {
        let ends_first = |end: Timestamp| other.end.is_some_and(|other| other <= end);
        self.start <= other.start && self.end.is_none_or(ends_first)
    }

    /// Whether that moment is in it.
    pub fn holds(self, at: Timestamp) -> bool {
        self.start <= at && self.end.is_none_or(|end| at < end)
    }
}

/// The day of the month of an anchor, and the milliseconds since its midnight.
fn begin_of(anchor: Timestamp) -> (u8, i64) {
    (date_of(anchor).day(), anchor.millis().rem_euclid(DAY_MS))
}

fn month_of(at: Timestamp) -> (i32, Month) {
    let date = date_of(at);
    (date.year(), date.month())
}

fn date_of(at: Timestamp) -> Date {
    let seconds = at.millis().div_euclid(1_000);
    OffsetDateTime::from_unix_timestamp(seconds).map_or(Date::MIN, OffsetDateTime::date)
}

fn start(year: i32, month: Month, day: u8, offset: i64) -> Timestamp {
    let day = day.min(month.length(year));
    let date = Date::from_calendar_date(year, month, day).unwrap_or(Date::MAX);
    let midnight = date.with_time(Time::MIDNIGHT).assume_utc().unix_timestamp().saturating_mul(1_000);
    Timestamp::from_millis(midnight.saturating_add(offset))
}

const fn next(year: i32, month: Month) -> (i32, Month) {
    (if matches!(month, Month::December) { year.saturating_add(1) } else { year }, month.next())
}

const fn previous(year: i32, month: Month) -> (i32, Month) {
    (if matches!(month, Month::January) { year.saturating_sub(1) } else { year }, month.previous())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).unwrap()
    }

    fn month(moment: &str, anchor: Option<&str>) -> (String, String) {
        let period = Period::month(at(moment), anchor.map(at));
        (period.start.to_string(), period.end.unwrap().to_string())
    }

    #[test]
    fn a_month_is_the_calendars_or_the_anchors() {
        let plain = month("2026-11-25T21:00:00Z", None);
        assert_eq!(plain, ("2026-11-01T00:00:00.000Z".to_owned(), "2026-12-01T00:00:00.000Z".to_owned()));
        let anchored = month("2026-11-25T21:00:00Z", Some("2024-03-25T21:00:00Z"));
        assert_eq!(anchored, ("2026-11-25T21:00:00.000Z".to_owned(), "2026-12-25T21:00:00.000Z".to_owned()));
        let before = month("2026-11-25T20:59:59.999Z", Some("2024-03-25T21:00:00Z"));
        assert_eq!(before, ("2026-10-25T21:00:00.000Z".to_owned(), "2026-11-25T21:00:00.000Z".to_owned()));
        let short = month("2027-02-28T12:00:00Z", Some("2026-01-31T00:00:00Z"));
        assert_eq!(short, ("2027-02-28T00:00:00.000Z".to_owned(), "2027-03-31T00:00:00.000Z".to_owned()));
    }

    #[test]
    fn a_day_is_utcs() {
        let day = Period::day(at("2026-11-25T23:59:59.999Z"));
        assert_eq!(day.start, at("2026-11-25T00:00:00Z"));
        assert_eq!(day.end, Some(at("2026-11-26T00:00:00Z")));
    }

    proptest! {
        #[test]
        fn periods_follow_each_other_without_a_gap(
            moment in 0i64..4_000_000_000_000,
            anchor in proptest::option::of(0i64..4_000_000_000_000),
        ) {
            let anchor = anchor.map(Timestamp::from_millis);
            let period = Period::month(Timestamp::from_millis(moment), anchor);
            prop_assert!(period.holds(Timestamp::from_millis(moment)));
            let end = period.end.unwrap();
            prop_assert_eq!(Period::month(end, anchor).start, end);
            prop_assert_eq!(Period::month(end.plus_millis(-1), anchor), period);
            let days = (end.millis() - period.start.millis()) / DAY_MS;
            prop_assert!((28..=31).contains(&days), "{} days", days);
        }
    }
}
