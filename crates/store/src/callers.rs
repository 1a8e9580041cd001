//! Whose turn it is to be looked up. Anyone can make up texts that look like platform keys, any number of them, so no
//! lookup may take all connections, and whoever was found before has a queue beside the one for strangers.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ownkey_domain::platform_key::LookupId;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use crate::{Result, StoreError};

/// Lookups at once in each queue. Each takes a fraction of a millisecond, and both together leave connections for
/// everything else.
pub(crate) const AT_ONCE: u32 = 2;
/// How long a lookup waits for others.
const WAIT: Duration = Duration::from_secs(2);
/// Keys that are remembered as found. When there are more, all begin anew.
const FOUND_MAX: usize = 100_000;

#[derive(Debug)]
pub(crate) struct Callers {
    strangers: Semaphore,
    known: Semaphore,
    found: Mutex<HashSet<LookupId>>,
}

impl Callers {
    pub fn new() -> Self {
        let queue = || Semaphore::new(usize::try_from(AT_ONCE).unwrap_or(1));
        Self { strangers: queue(), known: queue(), found: Mutex::default() }
    }

    /// Waits for the turn of whoever sends that text.
    pub async fn turn(&self, lookup: &LookupId) -> Result<SemaphorePermit<'_>> {
        let known = self.found(|found| found.contains(lookup));
        let queue = if known { &self.known } else { &self.strangers };
        // The semaphores are never closed.
        let turn = timeout(WAIT, queue.acquire()).await.ok().and_then(|turn| turn.ok());
        turn.ok_or(StoreError::Unavailable("too many platform keys are looked up"))
    }

    /// Takes in whether there is such a key.
    pub fn looked_up(&self, lookup: &LookupId, is_there: bool) {
        self.found(|found| {
            if !is_there {
                found.remove(lookup);
            } else if found.len() < FOUND_MAX || found.contains(lookup) {
                found.insert(*lookup);
            } else {
                found.clear();
            }
        });
    }

    fn found<T>(&self, look: impl FnOnce(&mut HashSet<LookupId>) -> T) -> T {
        look(&mut self.found.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
