//! How long credits last at the pace of the last week.

use ownkey_domain::money::MicroCredits;
use ownkey_domain::time::{HOUR_MS, Timestamp};
use ownkey_store::{GroupBy, UsageFilter, UsageKey, UsageQuery, UsageRow};

use crate::auth::InWorkspace;
use crate::control::Control;
use crate::problem::Problem;

const DAY_MS: i64 = 24 * HOUR_MS;
/// Pace is that of the last week …
const LOOK_BACK_MS: i64 = 7 * DAY_MS;
/// … and of a workspace that began to spend less than this ago it says nothing.
const SPENDING_MS_MIN: i64 = 3 * DAY_MS;

/// Whole days that so much lasts; `None` where too little is known, or nothing is spent.
pub(super) async fn days(
    control: &Control,
    access: &InWorkspace,
    available: MicroCredits,
) -> Result<Option<u32>, Problem> {
    let now = control.now();
    let from = now.plus_millis(-LOOK_BACK_MS);
    let query = UsageQuery { from, to: now, group_by: GroupBy::Hour, only: UsageFilter::default() };
    let hours = control.store().usage(access.id(), &query).await?;
    Ok(at_pace(&hours, available, now))
}

fn at_pace(hours: &[UsageRow], available: MicroCredits, now: Timestamp) -> Option<u32> {
    let spending = || hours.iter().filter(|row| row.totals.credits_paid() > MicroCredits::ZERO);
    let began = spending().find_map(|row| match row.key {
        UsageKey::At(hour) => Some(hour),
        UsageKey::None | UsageKey::ApiKey(_) | UsageKey::Name(_) => None,
    })?;
    let span = now.millis().saturating_sub(began.millis());
    if span < SPENDING_MS_MIN {
        return None;
    }
    let spent = spending().fold(0, |sum: i128, row| sum.saturating_add(i128::from(row.totals.credits_paid().get())));
    let lasts_ms = i128::from(available.get().max(0)).checked_mul(i128::from(span))?.checked_div(spent)?;
    let days = lasts_ms.checked_div(i128::from(DAY_MS))?;
    Some(u32::try_from(days).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ownkey_store::UsageTotals;

    const NOW: Timestamp = Timestamp::from_millis(100 * DAY_MS);

    fn spent(days_ago: i64, credits: &str) -> UsageRow {
        let totals = UsageTotals { credits: MicroCredits::parse(credits).unwrap(), ..UsageTotals::default() };
        UsageRow { key: UsageKey::At(NOW.plus_millis(-days_ago * DAY_MS)), totals }
    }

    fn lasting(hours: &[UsageRow], credits: &str) -> Option<u32> {
        at_pace(hours, MicroCredits::parse(credits).unwrap(), NOW)
    }

    #[test]
    fn what_is_left_lasts_as_long_as_the_last_week_says() {
        let week = [spent(5, "30"), spent(4, "0"), spent(1, "20")];
        assert_eq!(lasting(&week, "120"), Some(12), "10 a day");
        assert_eq!(lasting(&week, "9.999999"), Some(0));
        assert_eq!(lasting(&week, "0"), Some(0));
        let overrun = MicroCredits::parse("1000").unwrap();
        let told = week.map(|mut hour| {
            hour.totals.credits = MicroCredits::new(hour.totals.credits.get() + overrun.get());
            UsageRow { totals: UsageTotals { overrun, ..hour.totals }, ..hour }
        });
        assert_eq!(lasting(&told, "120"), Some(12), "what the operator pays takes nothing of it");
    }

    #[test]
    fn too_little_says_nothing() {
        assert_eq!(lasting(&[], "100"), None);
        assert_eq!(lasting(&[spent(5, "0")], "100"), None);
        assert_eq!(lasting(&[spent(2, "50"), spent(1, "50")], "100"), None);
        assert_eq!(lasting(&[spent(6, "0"), spent(1, "50")], "100"), None, "the spending began yesterday");
        assert_eq!(lasting(&[spent(3, "0.000001")], "1000000000"), Some(u32::MAX));
    }
}
