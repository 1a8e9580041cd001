//! What other nodes change. On PostgreSQL several processes share a database, and each has caches of its own; this is
//! how they hear of each other's changes, and how a node knows that it has heard of them all.
//!
//! The rule that makes a removal safe without asking every node: whoever has not read the feed for [`TRUSTED_FOR`]
//! uses nothing of its cache, and a mutation answers only when that time has passed since its commit. So by then
//! every other node has either read of it or stopped trusting what it remembers, however slow or cut off it is.
//! (On SQLite there is one process, which is told before a mutation answers.)
//!
//! Changes do not stay for ever. The last one that was read is read again each time: if it is gone, so may be others
//! behind it that were never read.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use tokio::time::{sleep, timeout};

use crate::dialect::Listening;
use crate::{Result, Store, StoreError};

/// How long caches may be used after the feed was last read, from when that reading began.
pub const TRUSTED_FOR: Duration = Duration::from_secs(1);
/// How long after its commit a mutation answers: a little more, for clocks of other machines that run slower, and
/// for a request that was just being written when its node lost its trust.
pub(crate) const KNOWN_AFTER: Duration = Duration::from_millis(1100);
/// How often the feed is read when no notification comes: several times within the trust, as one may be lost.
const POLL: Duration = Duration::from_millis(250);
/// Pause before another attempt to connect.
const PAUSE: Duration = Duration::from_millis(100);
/// Changes read at a time, one of them known.
pub(crate) const PAGE: u32 = 500;

/// What the feed says besides the changes themselves, which go to the store's listeners.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// Changes may have been missed: everything cached is to be forgotten.
    LostTrack,
    /// Every change that was committed before that moment has been told.
    Read(Instant),
}

/// The changes of other nodes. Made by [`Store::feed`].
#[derive(Debug)]
pub struct Feed {
    store: Store,
}

impl Store {
    /// The feed of changes; `None` on SQLite, where no other process can change anything.
    pub fn feed(&self) -> Option<Feed> {
        crate::dialect::has_other_nodes(&self.inner.db).then(|| Feed { store: self.clone() })
    }
}

impl Feed {
    /// Follows the feed for as long as this is polled, over every loss of the database.
    pub async fn run(self, tell: impl Fn(News) + Send + Sync) {
        loop {
            let Err(error) = self.follow(&tell).await;
            if self.store.inner.reach.feed_failed() {
                tracing::warn!(%error, "the feed of changes is lost; what is cached is not trusted for long");
            }
            sleep(PAUSE).await;
        }
    }

    /// Follows the feed over one connection, until that fails.
    async fn follow(&self, tell: &(impl Fn(News) + Send + Sync)) -> Result<Infallible> {
        let mut listening = bounded(Listening::start(&self.store.inner.config)).await?;
        let began = Instant::now();
        let mut seen = bounded(listening.latest()).await?;
        tell(News::LostTrack);
        tell(News::Read(began));
        if self.store.inner.reach.feed_works() {
            tracing::info!("the feed of changes is followed again");
        }
        let mut last_began = began;
        loop {
            listening.wait(POLL).await?;
            let began = Instant::now();
            seen = self.read(&mut listening, seen).await?;
            // A process that stood still. Nothing was trusted meanwhile; it begins anew rather than on what it
            // remembers from before.
            if began.duration_since(last_began) > TRUSTED_FOR {
                tell(News::LostTrack);
            }
            tell(News::Read(began));
            last_began = began;
        }
    }

    /// Tells the listeners of all changes after that one; the last one's number.
    async fn read(&self, listening: &mut Listening, mut seen: i64) -> Result<i64> {
        loop {
            let page = bounded(listening.changes(seen)).await?;
            let known = usize::from(page.first().is_some_and(|(number, _)| *number == seen));
            // Before the first change ever there is none to be known.
            if known == 0 && seen > 0 {
                return Err(StoreError::Unavailable("changes are gone that were not read"));
            }
            let changes: Vec<_> = page.iter().skip(known).map(|(_, change)| *change).collect();
            self.store.inner.listeners.tell(&changes);
            seen = page.last().map_or(seen, |(number, _)| *number);
            if page.len() < usize::try_from(PAGE).unwrap_or(usize::MAX) {
                return Ok(seen);
            }
        }
    }
}

/// An answer that comes later than the trust lasts is of no use.
async fn bounded<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    timeout(TRUSTED_FOR, work).await.unwrap_or(Err(StoreError::Unavailable("no answer in time")))
}
