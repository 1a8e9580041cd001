//! What real traffic says of a provider key. One refusal is no proof: providers refuse good keys now and then.

use crate::time::Timestamp;

/// Refusals in a row before a key is shown as invalid.
const REFUSALS: u32 = 3;
/// The least time between the first and the last of them: calls at the same moment are one observation.
const SPREAD_MS: i64 = 1_000;

/// How a provider took a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeySeen {
    /// It served the call.
    Accepted,
    /// It refused the key itself.
    Refused,
    /// It knows the key, and its account has no money.
    Exhausted,
}

/// The refusals of one key since it was last accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusals {
    first: Timestamp,
    count: u32,
    shown: bool,
}

/// A change of what is shown of a key. Calls go out on it either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It is shown as invalid since that moment, the first refusal.
    Invalid(Timestamp),
    /// It works again, after it was shown as invalid since that moment.
    Cleared(Timestamp),
}

impl Refusals {
    /// Those of a key that is shown as invalid since then.
    pub const fn shown_since(first: Timestamp) -> Self {
        Self { first, count: REFUSALS, shown: true }
    }

    /// Whether the key is shown as invalid.
    pub const fn is_shown(&self) -> bool {
        self.shown
    }

    /// Takes in what was seen: what is kept from now on (nothing, after a success), and whether the state turns.
    pub fn after(before: Option<Self>, seen: KeySeen, at: Timestamp) -> (Option<Self>, Option<Turn>) {
        match (before, seen) {
            (Some(Self { shown: true, first, .. }), KeySeen::Accepted) => (None, Some(Turn::Cleared(first))),
            (_, KeySeen::Accepted) => (None, None),
            (before, KeySeen::Exhausted) => (before, None),
            (None, KeySeen::Refused) => (Some(Self { first: at, count: 1, shown: false }), None),
            (Some(mut refusals), KeySeen::Refused) => {
                refusals.count = refusals.count.saturating_add(1);
                let spread = at.millis().saturating_sub(refusals.first.millis()) >= SPREAD_MS;
                let turns = !refusals.shown && refusals.count >= REFUSALS && spread;
                refusals.shown |= turns;
                (Some(refusals), turns.then_some(Turn::Invalid(refusals.first)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    /// The turns of a history of (milliseconds since the last, accepted).
    fn turns(history: &[(i64, bool)]) -> Vec<(usize, Turn)> {
        let (mut now, mut state, mut turns) = (0, None, Vec::new());
        for (number, (pause, accepted)) in history.iter().enumerate() {
            now += pause;
            let seen = if *accepted { KeySeen::Accepted } else { KeySeen::Refused };
            let (next, turn) = Refusals::after(state, seen, at(now));
            state = next;
            turns.extend(turn.map(|turn| (number, turn)));
        }
        turns
    }

    #[test]
    fn three_in_a_row_over_a_second_and_the_next_success() {
        let refused = |pause| (pause, false);
        assert_eq!(turns(&[refused(0), refused(5000)]), []);
        assert_eq!(turns(&[refused(7), refused(500), refused(499)]), []);
        assert_eq!(turns(&[refused(7), refused(500), refused(499), refused(1)]), [(3, Turn::Invalid(at(7)))]);
        assert_eq!(turns(&[refused(0), refused(600), (1, true), refused(600), refused(1)]), []);
        let back = turns(&[refused(7), refused(500), refused(500), refused(1), (9, true), (9, true)]);
        assert_eq!(back, [(2, Turn::Invalid(at(7))), (4, Turn::Cleared(at(7)))]);
        let (kept, turn) = Refusals::after(Some(Refusals::shown_since(at(1))), KeySeen::Accepted, at(2));
        assert_eq!((kept, turn), (None, Some(Turn::Cleared(at(1)))));
    }

    /// Whether the next call is refused: one in fifty, by a chance (splitmix64) that the seed settles.
    fn one_in_fifty(seed: u64) -> impl FnMut() -> bool {
        let mut state = seed;
        move || {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            (mixed ^ (mixed >> 31)).is_multiple_of(50)
        }
    }

    #[test]
    fn two_percent_of_odd_refusals_flag_no_busy_key() {
        // Ten minutes of twenty calls a second. By chance alone three refusals in a row come up in about one of eleven
        // such runs, within 100 ms; to last a second the row must be 21 long, which happens once in 10^35 calls.
        let mut runs_with_a_row = 0;
        for seed in 0..200 {
            let mut refused = one_in_fifty(seed);
            let history: Vec<_> = (0..12_000).map(|_| (50, !refused())).collect();
            assert_eq!(turns(&history), [], "seed {seed}");
            let refusals = history.iter().filter(|(_, accepted)| !accepted).count();
            assert!((150..350).contains(&refusals), "seed {seed}: {refusals}");
            let has_row = history.windows(3).any(|three| three.iter().all(|(_, accepted)| !accepted));
            runs_with_a_row += usize::from(has_row);
        }
        assert!(runs_with_a_row > 5, "rows of three were there to be told from a revoked key: {runs_with_a_row}");
    }

    proptest! {
        #[test]
        fn it_says_what_the_last_calls_say(history in prop::collection::vec((0_i64..700, prop::bool::weighted(0.3)), 0..60)) {
            let mut shown = None;
            let all = turns(&history);
            for number in 0..history.len() {
                if let Some((_, turn)) = all.iter().find(|(when, _)| *when == number) {
                    shown = match turn { Turn::Invalid(since) => Some(*since), Turn::Cleared(_) => None };
                }
                // The same, told from the history alone.
                let time = |to: usize| history[..=to].iter().map(|(pause, _)| pause).sum::<i64>();
                let row = history[..=number].iter().rev().take_while(|(_, accepted)| !accepted).count();
                let first = (row > 0).then(|| time(number + 1 - row));
                let due = first.filter(|first| row >= 3 && time(number) - first >= 1000).map(at);
                prop_assert_eq!(shown, due);
            }
        }
    }
}
