//! How often a workspace may have keys tested: each test is several calls to a provider in the operator's name.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use ownkey_domain::id::WorkspaceId;
use ownkey_domain::time::Timestamp;

const WINDOW_MS: i64 = 60_000;
/// From here on workspaces that have been quiet for a window are forgotten.
const WORKSPACES_KEPT: usize = 1024;

/// Counts the tests of the last minute. What is made anew from a configuration goes on with it.
pub struct Throttle {
    per_minute: usize,
    tests: Mutex<HashMap<WorkspaceId, VecDeque<Timestamp>>>,
}

/// Too many; how many seconds until the next may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wait(pub(crate) u64);

impl Throttle {
    /// So many a minute, for each workspace.
    pub fn new(per_minute: usize) -> Self {
        Self { per_minute, tests: Mutex::new(HashMap::new()) }
    }

    /// Counts a test, if it may be.
    pub(crate) fn admit(&self, workspace: WorkspaceId, now: Timestamp) -> Result<(), Wait> {
        let start = now.plus_millis(-WINDOW_MS);
        let mut tests = self.tests.lock().unwrap_or_else(PoisonError::into_inner);
        if tests.len() >= WORKSPACES_KEPT {
            tests.retain(|_, times| times.back().is_some_and(|&last| last > start));
        }
        let times = tests.entry(workspace).or_default();
        while times.front().is_some_and(|&first| first <= start) {
            times.pop_front();
        }
        if times.len() >= self.per_minute {
            let free_at = times.front().map_or(now, |first| first.plus_millis(WINDOW_MS));
            let wait_ms = free_at.millis().saturating_sub(now.millis()).max(1);
            return Err(Wait(u64::try_from(wait_ms).unwrap_or(0).div_ceil(1000)));
        }
        times.push_back(now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn so_many_in_any_minute_and_per_workspace() {
        let throttle = Throttle::new(2);
        let (one, other) = (WorkspaceId::from_uuid(Uuid::from_u128(1)), WorkspaceId::from_uuid(Uuid::from_u128(2)));
        let at = Timestamp::from_millis;
        assert_eq!(throttle.admit(one, at(1_000)), Ok(()));
        assert_eq!(throttle.admit(one, at(2_000)), Ok(()));
        assert_eq!(throttle.admit(one, at(2_500)), Err(Wait(59)));
        assert_eq!(throttle.admit(other, at(2_500)), Ok(()));
        assert_eq!(throttle.admit(one, at(61_000)), Ok(()));
        assert_eq!(throttle.admit(one, at(61_000)), Err(Wait(1)));
    }
}
