//! OAuth connections: when their tokens are refreshed, and what follows from each way a refresh can end.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// How things stand with a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionState {
    /// Its token works, or will again.
    Active,
    /// Somebody has to sign in at the provider once more.
    NeedsReauth,
    /// It was disconnected. Nothing is left of its tokens.
    Revoked,
}

/// The text names no state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a state of a connection")]
pub struct UnknownState;

impl ConnectionState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Active, Self::NeedsReauth, Self::Revoked];

    /// The name in JSON and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::NeedsReauth => "needs_reauth",
            Self::Revoked => "revoked",
        }
    }
}

impl fmt::Display for ConnectionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ConnectionState {
    type Err = UnknownState;

    fn from_str(text: &str) -> Result<Self, UnknownState> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or(UnknownState)
    }
}

/// From when to when an access token works, by the database's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Life {
    /// Not later than it was issued.
    pub issued_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl Life {
    const fn millis(self) -> i64 {
        self.expires_at.millis().saturating_sub(self.issued_at.millis())
    }
}

/// When tokens are refreshed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefreshTimes {
    /// How often what is due is looked for, whatever else wakes the one who looks.
    pub poll_ms: i64,
    /// What is left of a token's life, at least, when it is handed out.
    pub margin_ms: i64,
}

impl RefreshTimes {
    /// When a token is due: so early that a whole poll may pass before the margin begins; one that lives less than
    /// twice that is due at half its life.
    pub fn due(self, life: Life) -> Timestamp {
        let lead = self.margin_ms.saturating_add(self.poll_ms);
        life.expires_at.plus_millis(-lead.min(life.millis() / 2))
    }

    /// When a token is too old to be handed out, though it works: at the margin, or for one that lives shortly in the
    /// last quarter of its life. Never before it is due.
    pub fn stale(self, life: Life) -> Timestamp {
        life.expires_at.plus_millis(-self.margin_ms.min(life.millis() / 4))
    }
}

/// How asking the provider for new tokens ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// The provider says that this grant is over.
    Refused,
    /// It was not asked, could not be, or answered that it can't serve anybody now: nothing has changed there.
    Unserved,
    /// It says that this client, or how it asks, is wrong: nothing has changed there, nor will before the operator acts.
    Misconfigured,
    /// It was asked, and has not answered in time. The refresh token may be used up, or the provider may hang.
    Unanswered,
    /// It was asked, and what it said broke off or makes no sense. The refresh token may be used up.
    Lost,
}

impl Asked {
    /// Whether what the provider did is known.
    pub const fn is_known(self) -> bool {
        !matches!(self, Self::Unanswered | Self::Lost)
    }
}

/// Why somebody has to sign in at the provider again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reauth {
    /// The provider refused.
    Refused,
    /// The last answers never came, or made no sense.
    Lost,
    /// The access token has expired, and nothing to refresh it by was ever given.
    Expired,
}

impl Reauth {
    /// The stable word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused_by_provider",
            Self::Lost => "answer_lost",
            Self::Expired => "expired",
        }
    }
}

/// What follows from a refresh that brought no tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Another attempt, after a pause.
    Again,
    /// No further attempt.
    Over(Reauth),
}

/// How often a refresh token may be sent without its answer being known: once, and once more. A third time would be a
/// loop, and providers take repeated use of an old token for theft.
pub const UNKNOWN_ANSWERS_MAX: u32 = 2;
/// How often if the provider did not answer in time. A provider that hangs must not cost everybody his connection, so
/// after the second time it is left alone for a while, then for longer, and longer than an hour in all.
pub const UNANSWERED_MAX: u32 = 6;

/// Whether a refresh token may be sent that was sent so often already without a known answer. `hung` says that the last
/// time the provider did not answer in time.
pub const fn may_send(unknown: u32, hung: bool) -> bool {
    unknown < if hung { UNANSWERED_MAX } else { UNKNOWN_ANSWERS_MAX }
}

/// What follows, `unknown` being how many answers to this refresh token are unknown, this one included.
pub const fn next(asked: Asked, unknown: u32) -> Next {
    match asked {
        Asked::Refused => Next::Over(Reauth::Refused),
        Asked::Unserved | Asked::Misconfigured => Next::Again,
        Asked::Lost if may_send(unknown, false) => Next::Again,
        Asked::Unanswered if may_send(unknown, true) => Next::Again,
        Asked::Lost | Asked::Unanswered => Next::Over(Reauth::Lost),
    }
}

/// The first pause at most, and the longest.
const PAUSE_MS: i64 = 2_000;
const PAUSE_MS_MAX: i64 = 60_000;
/// No pause is shorter: else a pause of nothing would be a loop.
const PAUSE_MS_MIN: i64 = 500;

/// The pause after so many failures in a row: anywhere up to a bound that doubles, so that those who failed together do
/// not come back together. `random` is any number.
pub fn pause_ms(failures: u32, random: u32) -> i64 {
    let bound = PAUSE_MS.saturating_mul(1_i64 << failures.saturating_sub(1).min(16)).min(PAUSE_MS_MAX);
    let span = bound - PAUSE_MS_MIN;
    PAUSE_MS_MIN + i64::from(random) * span / i64::from(u32::MAX)
}

/// The first pause after the second time that a provider did not answer; the next ones double.
const HUNG_PAUSE_MS: i64 = 5 * 60_000;

/// The pause after so many unknown answers to one refresh token, the last of which did not come in time: a short one
/// before it is asked for once more, then long ones, each up to a quarter longer. `random` is any number.
pub fn hung_pause_ms(unknown: u32, random: u32) -> i64 {
    if may_send(unknown, false) {
        return pause_ms(unknown, random);
    }
    let pause = HUNG_PAUSE_MS << (unknown - UNKNOWN_ANSWERS_MAX).min(UNANSWERED_MAX);
    pause + i64::from(random) * (pause / 4) / i64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const USUAL: RefreshTimes = RefreshTimes { poll_ms: 300_000, margin_ms: 60_000 };

    fn life(seconds: i64) -> Life {
        let issued_at = Timestamp::from_millis(1_000_000);
        Life { issued_at, expires_at: issued_at.plus_millis(seconds * 1000) }
    }

    fn after_issue(at: Timestamp) -> i64 {
        (at.millis() - 1_000_000) / 1000
    }

    #[test]
    fn due_a_poll_and_a_margin_before_the_end_or_at_half_a_short_life() {
        for (lives, due, stale) in [
            (30, 15, 22),
            (600, 300, 540),
            (719, 359, 659),
            (720, 360, 660),
            (721, 361, 661),
            (3_600, 3_240, 3_540),
            (86_400, 86_040, 86_340),
        ] {
            assert_eq!(after_issue(USUAL.due(life(lives))), due, "{lives}");
            assert_eq!(after_issue(USUAL.stale(life(lives))), stale, "{lives}");
        }
    }

    proptest! {
        #[test]
        fn a_token_is_due_within_its_life_and_before_it_is_stale(
            lives in 0_i64..10_000_000, poll in 1_i64..100_000, margin in 1_i64..100_000,
        ) {
            let times = RefreshTimes { poll_ms: poll * 1000, margin_ms: margin * 1000 };
            let life = life(lives);
            let (due, stale) = (times.due(life), times.stale(life));
            prop_assert!(life.issued_at <= due && due <= stale && stale <= life.expires_at);
        }

        #[test]
        fn a_pause_has_bounds_and_grows(failures in 0_u32..100, random: u32) {
            let pause = pause_ms(failures, random);
            prop_assert!((PAUSE_MS_MIN..=PAUSE_MS_MAX).contains(&pause));
            prop_assert!(pause_ms(1, random) <= PAUSE_MS);
        }
    }

    #[test]
    fn pauses_differ_and_end_at_the_longest() {
        assert_eq!(pause_ms(1, 0), PAUSE_MS_MIN);
        assert_eq!(pause_ms(1, u32::MAX), PAUSE_MS);
        assert_eq!(pause_ms(2, u32::MAX), 2 * PAUSE_MS);
        assert_eq!(pause_ms(60, u32::MAX), PAUSE_MS_MAX);
    }

    #[test]
    fn a_lost_answer_is_asked_for_once_more_and_a_refusal_is_final() {
        assert!(may_send(0, false) && may_send(1, false) && !may_send(2, false));
        assert_eq!(next(Asked::Lost, 1), Next::Again);
        assert_eq!(next(Asked::Lost, 2), Next::Over(Reauth::Lost));
        for unknown in [0, 1, 2, 9] {
            assert_eq!(next(Asked::Unserved, unknown), Next::Again);
            assert_eq!(next(Asked::Misconfigured, unknown), Next::Again);
            assert_eq!(next(Asked::Refused, unknown), Next::Over(Reauth::Refused));
        }
    }

    #[test]
    fn a_provider_that_hangs_for_an_hour_is_outlived_and_one_that_hangs_for_good_is_not_asked_for_good() {
        let unanswered = |unknown| next(Asked::Unanswered, unknown);
        assert_eq!((1..=7).filter(|unknown| unanswered(*unknown) == Next::Again).count(), 5);
        assert_eq!(unanswered(UNANSWERED_MAX), Next::Over(Reauth::Lost));
        assert!(may_send(5, true) && !may_send(6, true));
        // At once, while a provider's grace for repeated use lasts; then rarely.
        assert!(hung_pause_ms(1, u32::MAX) <= PAUSE_MS);
        assert!(hung_pause_ms(2, 0) >= 300_000);
        assert!((1..UNANSWERED_MAX).map(|unknown| hung_pause_ms(unknown, 0)).sum::<i64>() > 3_600_000);
    }

    #[test]
    fn states_have_one_name() {
        for state in ConnectionState::ALL {
            assert_eq!(state.as_str().parse(), Ok(state));
            assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
        }
    }
}
