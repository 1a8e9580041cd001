//! Webhooks: what a workspace is told of, how often a message is sent, and when its receiver is given up.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::ledger::Amount;
use crate::time::Timestamp;

/// Webhooks that a workspace may have: each is told of everything by a message of its own.
pub const WEBHOOKS_MAX: usize = 10;
/// Attempts of a message that are remembered, the latest ones.
pub const ATTEMPTS_KEPT: usize = 30;
/// How long the secret before the present one still signs, so that a receiver can change over.
pub const OLD_SECRET_MS: i64 = 24 * HOUR_MS;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
/// The pauses before a message is sent again; after the last one it is given up. About three days in all.
const PAUSES_MS: [i64; 9] = [
    5_000,
    5 * MINUTE_MS,
    30 * MINUTE_MS,
    2 * HOUR_MS,
    5 * HOUR_MS,
    10 * HOUR_MS,
    14 * HOUR_MS,
    18 * HOUR_MS,
    24 * HOUR_MS,
];
/// A receiver that has taken nothing for so long is sent nothing more, once a message to it is given up.
const FAILING_MS_MAX: i64 = 5 * 24 * HOUR_MS;
/// The status by which a receiver says that it wants nothing more.
const GONE: u16 = 410;

macro_rules! events {
    ($($name:ident = $text:literal, $doc:literal;)*) => {
        /// What happened.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Event {
            $(#[doc = $doc] #[serde(rename = $text)] $name,)*
        }

        impl Event {
            /// Every event.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The name in JSON and in the store.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }
        }
    };
}

events! {
    KeyInvalid = "provider_key.invalid", "The provider refuses a provider key.";
    KeyRecovered = "provider_key.recovered", "A provider key that was shown as invalid works again.";
    QuotaExhausted = "provider_key.quota_exhausted", "The account of a provider key has no money. At most once a day (UTC) and key.";
    BudgetThreshold = "budget.threshold", "A budget has reached 50, 80 or 100 % of its limit.";
    CreditsLow = "credits.low", "A fifth or less is left of the credits that are not used up.";
    NeedsReauth = "connection.needs_reauth", "Somebody has to sign in at a connection's provider again.";
    Test = "webhook.test", "Somebody asked for a message, to see whether it arrives.";
}

impl Event {
    /// Whether one can choose to be told of it: whoever asks for a test gets it anyhow.
    pub fn can_be_chosen(self) -> bool {
        self != Self::Test
    }
}

/// The text names no event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an event")]
pub struct UnknownEvent;

impl FromStr for Event {
    type Err = UnknownEvent;

    fn from_str(text: &str) -> Result<Self, UnknownEvent> {
        Self::ALL.iter().copied().find(|event| event.as_str() == text).ok_or(UnknownEvent)
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a webhook is sent nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Disabled {
    /// Somebody said so.
    ByHand,
    /// Its receiver has taken nothing for five days.
    Failing,
    /// Its receiver answered 410: it wants nothing more.
    Gone,
}

impl Disabled {
    /// Every reason.
    pub const ALL: [Self; 3] = [Self::ByHand, Self::Failing, Self::Gone];

    /// The name in JSON and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ByHand => "by_hand",
            Self::Failing => "failing",
            Self::Gone => "gone",
        }
    }
}

/// What became of a message so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// It will be sent, for the first time or again.
    Pending,
    /// Its receiver has taken it.
    Delivered,
    /// It was given up.
    Failed,
}

impl DeliveryState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Pending, Self::Delivered, Self::Failed];

    /// The name in JSON and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }
}

/// How sending a message ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Sent {
    /// The receiver has taken it.
    Delivered {
        /// Its status, one of success.
        status: u16,
    },
    /// The receiver answered anything else, a redirect for instance: those are not followed.
    Refused {
        /// Its status.
        status: u16,
    },
    /// No answer came in time.
    TimedOut,
    /// No connection, or one that broke off.
    Unreachable,
    /// The name leads to no address that messages go to: to none at all, or to one of the inside.
    AddressRefused,
    /// The secret can't be opened, so nothing can be signed.
    Sealed,
}

impl Sent {
    /// What an answer of that status means.
    pub const fn answered(status: u16) -> Self {
        if matches!(status, 200..=299) { Self::Delivered { status } } else { Self::Refused { status } }
    }
}

/// An attempt to send a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// When it began.
    pub at: Timestamp,
    /// How long it took.
    pub took_ms: u64,
    /// How it ended.
    #[serde(flatten)]
    pub sent: Sent,
}

/// What follows from an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Nothing: it has arrived.
    Done,
    /// Another attempt, after a pause.
    Again {
        /// How long.
        pause_ms: i64,
    },
    /// No further attempt of this message.
    GiveUp,
    /// Nothing more at all to this receiver.
    Disable(Disabled),
}

/// What follows from an attempt at a message, `tries` being how many there were, this one included, and `failing_ms` how
/// long its receiver has taken nothing by now. `random` is any number.
pub fn next(sent: Sent, tries: u32, failing_ms: i64, random: u32) -> Next {
    match (sent, pause_ms(tries, random)) {
        (Sent::Delivered { .. }, _) => Next::Done,
        (Sent::Refused { status: GONE }, _) => Next::Disable(Disabled::Gone),
        (_, Some(pause_ms)) => Next::Again { pause_ms },
        (_, None) if failing_ms >= FAILING_MS_MAX => Next::Disable(Disabled::Failing),
        (_, None) => Next::GiveUp,
    }
}

/// The pause after so many tries, and up to a fifth more, so that what failed together does not come back together.
fn pause_ms(tries: u32, random: u32) -> Option<i64> {
    let at = usize::try_from(tries.saturating_sub(1)).ok()?;
    let pause = *PAUSES_MS.get(at)?;
    Some(pause + i64::from(random) * (pause / 5) / i64::from(u32::MAX))
}

/// Whether that little is left of so many credits: a fifth, or nothing at all.
pub fn is_low(left: Amount, of: Amount) -> bool {
    i128::from(left.get()) * 5 <= i128::from(of.get())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const AWAY: Sent = Sent::Unreachable;

    #[test]
    fn a_message_is_given_up_after_three_days_or_so() {
        let pauses: Vec<_> = (1..).map_while(|tries| pause_ms(tries, 0)).collect();
        assert_eq!(pauses, PAUSES_MS);
        let most: i64 = (1..=9).filter_map(|tries| pause_ms(tries, u32::MAX)).sum();
        assert!(most < 4 * 24 * HOUR_MS && pauses.iter().sum::<i64>() > 3 * 24 * HOUR_MS);
        assert_eq!(next(AWAY, 10, 0, 0), Next::GiveUp);
        assert_eq!(next(AWAY, u32::MAX, 0, 0), Next::GiveUp);
    }

    #[test]
    fn what_arrived_is_done_and_who_wants_no_more_gets_no_more() {
        assert_eq!(next(Sent::answered(204), 1, i64::MAX, 0), Next::Done);
        assert_eq!(next(Sent::answered(410), 1, 0, 0), Next::Disable(Disabled::Gone));
        for status in [199, 301, 404, 500] {
            assert_eq!(next(Sent::answered(status), 1, 0, 0), Next::Again { pause_ms: 5_000 });
        }
        assert_eq!(next(AWAY, 10, FAILING_MS_MAX, 0), Next::Disable(Disabled::Failing));
        assert_eq!(next(AWAY, 10, FAILING_MS_MAX - 1, 0), Next::GiveUp);
        // A message that comes after a long rest has its own three days.
        assert_eq!(next(AWAY, 1, FAILING_MS_MAX, 0), Next::Again { pause_ms: 5_000 });
    }

    proptest! {
        #[test]
        fn a_pause_is_its_own_and_up_to_a_fifth(tries in 1_u32..10, random: u32) {
            let (least, most) = (pause_ms(tries, 0).unwrap(), pause_ms(tries, u32::MAX).unwrap());
            prop_assert!((least..=most).contains(&pause_ms(tries, random).unwrap()));
            prop_assert_eq!(most, least + least / 5);
        }
    }

    #[test]
    fn a_fifth_is_little() {
        let low = |left, of| is_low(Amount::at_least_zero(left), Amount::at_least_zero(of));
        assert!(low(20, 100) && !low(21, 100) && low(0, 0) && low(0, 1) && !low(1, 1));
        assert!(!low(i64::MAX, i64::MAX));
    }

    #[test]
    fn names_read_back_as_themselves() {
        for event in Event::ALL {
            assert_eq!(event.as_str().parse(), Ok(*event));
            assert_eq!(serde_json::to_value(event).unwrap(), event.as_str());
        }
        for why in Disabled::ALL {
            assert_eq!(serde_json::to_value(why).unwrap(), why.as_str());
        }
        for state in DeliveryState::ALL {
            assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
        }
        let attempt = Attempt { at: Timestamp::from_millis(0), took_ms: 7, sent: Sent::answered(500) };
        let json = serde_json::to_string(&attempt).unwrap();
        assert_eq!(json, r#"{"at":"1970-01-01T00:00:00.000Z","took_ms":7,"outcome":"refused","status":500}"#);
        assert_eq!(serde_json::from_str::<Attempt>(&json).unwrap(), attempt);
    }
}
