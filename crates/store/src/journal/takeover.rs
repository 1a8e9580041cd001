//! Takes the journal over into the database: reads what is appended, commits it in batches, removes the files
//! behind it. A receipt stays in the journal until it is committed, however long the database is away; one that the
//! database refuses for what it holds is set aside.
//!
//! Receipts wait for others to share a transaction with. Nobody notices how long: a reader of receipts, usage or a last use
//! of provider keys, and whoever asks for the ledger, waits for the takeover and so ends its wait. What others
//! notice is done within 50 ms all the same: credits and budgets that a call held are free again, webhooks are told,
//! responses that providers keep are known. All of that comes with a settlement or a note of a response
//! ([`crate::ledger::moves_books`]). A last use of platform keys, which is told to the minute, may come a second late;
//! what calls under way cost by now is asked for only after a start, which takes over first. Readers on another node can't end
//! this node's wait, so where there may be some it is short.

use std::path::Path;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use ownkey_domain::time::Timestamp;
use tokio::time::{sleep, timeout};

use super::batch::{Known, insert_position, read_position};
use super::reader::{Batch, Reader};
use super::settle::Settler;
use super::{Journal, JournalError, JournalLimits, Position, kill, segment};
use crate::{Result, Store, dialect};

/// Receipts of a transaction.
const BATCH: usize = 1024;
/// How long any receipt waits for others to share a transaction with, unless a reader is there.
const WINDOW: Duration = Duration::from_millis(50);
/// How much longer, while none of them is due. A second in all: where calls are few, a commit costs more than its receipts,
/// and those who call meanwhile wait for it.
const LINGER: Duration = Duration::from_millis(950);
/// The first and the longest pause before another attempt.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));

/// Takes the journal over into the database. Made by [`Store::open_journal`]; run it for as long as calls end.
pub struct Takeover {
    settler: Settler,
    journal: Arc<Journal>,
    reader: Reader,
    /// The position in the database.
    stored: Position,
    linger: Duration,
}

impl Store {
    /// Opens this node's receipt journal and the task that takes it over. Once per store: from then on, readers of
    /// receipts and usage wait for that task, so it must run.
    pub async fn open_journal(&self, dir: &Path, limits: JournalLimits) -> Result<(Arc<Journal>, Takeover)> {
        let mut found = segment::find(dir)?;
        insert_position(self, found.journal).await?;
        let stored = read_position(self, found.journal).await?;
        found.remove_before(stored).map_err(JournalError::from)?;
        let journal = Arc::new(Journal::start(found, limits, stored)?.beside(&self.inner.reach));
        if self.inner.journal.set(Arc::clone(&journal)).is_err() {
            return Err(JournalError::AlreadyOpen.into());
        }
        let reader = Reader::new(stored);
        let settler = Settler { store: self.clone(), known: Known::default(), written: None };
        let linger = if dialect::has_other_nodes(&self.inner.db) { Duration::ZERO } else { LINGER };
        Ok((Arc::clone(&journal), Takeover { settler, journal, reader, stored, linger }))
    }
}

/// The wish to end, which may be asked again and again.
struct Shutdown<'a, F> {
    wish: Pin<&'a mut F>,
    wanted: bool,
}

impl<F: Future<Output = ()>> Shutdown<'_, F> {
    /// Runs `work` to its end, or until the wish to end comes.
    async fn or(&mut self, work: impl Future<Output = ()>) {
        if self.wanted {
            return;
        }
        tokio::select! {
            () = self.wish.as_mut() => self.wanted = true,
            () = work => {}
        }
    }
}

impl Takeover {
    /// Lets receipts that nobody waits for wait so much longer.
    #[must_use]
    pub fn lingering(self, linger: Duration) -> Self {
        Self { linger, ..self }
    }

    /// Runs until `shutdown` is done, then takes over what is left and ends. If the database is away by then, what
    /// is left stays in the journal for the next start. `clock` dates what is booked when its month is over.
    pub async fn run(mut self, clock: impl Fn() -> Timestamp + Send + Sync, shutdown: impl Future<Output = ()> + Send) {
        let mut shutdown = Shutdown { wish: pin!(shutdown), wanted: false };
        loop {
            // Asked before, so that the last look at the journal comes after the wish.
            let ending = shutdown.wanted;
            let seen = self.journal.progress.reading();
            let end = self.journal.end();
            let Some(batch) = self.read().await else {
                shutdown.or(sleep(PAUSES.1)).await;
                if ending {
                    return;
                }
                continue;
            };
            if batch.frames() == 0 {
                self.journal.progress.committed(batch.upto);
                self.settler.store.tidy().await;
                if ending {
                    return;
                }
                shutdown.or(self.journal.progress.until(seen + 1)).await;
            } else {
                kill::point("takeover_read");
                if !self.commit((&batch, &clock), &mut shutdown).await {
                    return;
                }
            }
            // Whoever hurried was promised what was there by then.
            if batch.upto >= end {
                self.gather(seen + as_count(BATCH), &mut shutdown).await;
            }
        }
    }

    /// Lets receipts come together, until they are so many.
    async fn gather<F: Future<Output = ()>>(&self, full: u64, shutdown: &mut Shutdown<'_, F>) {
        let progress = &self.journal.progress;
        shutdown.or(async { drop(timeout(WINDOW, progress.until(full)).await) }).await;
        shutdown.or(async { drop(timeout(self.linger, progress.until_due(full)).await) }).await;
    }

    /// Reads on. Files in a thread that may block: to read and parse them takes milliseconds.
    async fn read(&mut self) -> Option<Batch> {
        if let Some(batch) = self.reader.recall(&self.journal, BATCH) {
            return Some(batch);
        }
        let journal = Arc::clone(&self.journal);
        let mut reader = std::mem::replace(&mut self.reader, Reader::new(self.stored));
        let read = tokio::task::spawn_blocking(move || {
            let batch = reader.read(&journal, BATCH);
            (reader, batch)
        });
        let Ok((reader, batch)) = read.await else {
            // It panicked, or the runtime ends. Reading starts over behind what is committed.
            return None;
        };
        match batch {
            Ok(batch) => {
                self.reader = reader;
                Some(batch)
            }
            Err(error) => {
                // Nothing of this attempt is committed, so it starts over as well.
                tracing::error!(kind = %error.kind(), "the receipt journal cannot be read");
                None
            }
        }
    }

    /// Commits a batch, trying until it is committed. Whether it was, when the wish to end came meanwhile.
    async fn commit<F: Future<Output = ()>>(
        &mut self,
        (batch, clock): (&Batch, &(impl Fn() -> Timestamp + Sync)),
        shutdown: &mut Shutdown<'_, F>,
    ) -> bool {
        let mut pause = PAUSES.0;
        loop {
            let ending = shutdown.wanted;
            match self.settler.settle(&self.journal, (self.stored, clock()), batch).await {
                Ok(()) => break,
                Err(error) => tracing::warn!(%error, "receipts stay in the journal for now"),
            }
            // A commit that got no answer may have taken place.
            if read_position(&self.settler.store, self.journal.id).await.is_ok_and(|at| at == batch.upto) {
                break;
            }
            self.settler.store.inner.reach.takeover(false);
            if ending {
                return false;
            }
            shutdown.or(sleep(pause)).await;
            pause = (pause * 2).min(PAUSES.1);
        }
        self.settler.store.inner.reach.takeover(true);
        self.stored = batch.upto;
        self.journal.progress.committed(batch.upto);
        kill::point("takeover_committed");
        true
    }
}

fn as_count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

impl std::fmt::Debug for Takeover {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Takeover").field("stored", &self.stored).finish_non_exhaustive()
    }
}
