//! The receipt journal: a bounded run of files between the end of a call and the database.
//!
//! A call ends with one append here, without fsync and without the database; a task takes the receipts over in
//! the background ([`Takeover`]). So a receipt outlives a killed process, and only a power failure may lose it.
//! Each process begins a file of its own, numbered above all that were ever taken over; files are removed once
//! the database holds a position behind them.

mod append;
mod aside;
pub(crate) mod batch;
mod frame;
pub(crate) mod kill;
mod last_use;
mod reader;
mod recent;
mod segment;
mod settle;
mod takeover;
#[cfg(test)]
mod tests;
mod wait;
mod waiting;

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ownkey_domain::id::NodeId;
use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;
use uuid::Uuid;

use crate::open::LockFile;
use crate::reach::Reach;
use aside::Aside;
pub use last_use::LAST_USE_MS;
use recent::Recent;
use segment::HEAD;
pub use takeover::Takeover;
use wait::Progress;
use waiting::{Due, Waiting};

/// How large the journal may grow.
#[derive(Debug, Clone, Copy)]
pub struct JournalLimits {
    /// Bytes of a file before the next one is begun.
    pub segment_bytes: u32,
    /// Bytes of all files together; at least four times as many.
    pub total_bytes: u64,
}

impl Default for JournalLimits {
    fn default() -> Self {
        Self { segment_bytes: 8 << 20, total_bytes: 256 << 20 }
    }
}

/// Room on the disk that is taken ahead of the last frame, for about a thousand calls: those under way when the disk
/// becomes full still end with a receipt, and no other is let in.
const AHEAD: u32 = 1 << 20;
/// Stands for the room of a file system that promises none.
const UNPROMISED: u32 = u32::MAX;
/// Enough to need new blocks of such a disk.
const PROBE_BYTES: usize = 16 << 10;

/// Why the journal did not take a receipt, or can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The database is away for too long.
    #[error("the receipt journal is full")]
    Full,
    /// No honest receipt is that large.
    #[error("the receipt is too large for the journal")]
    TooLarge,
    /// Another process, or this one, has it open.
    #[error("the receipt journal is open already")]
    AlreadyOpen,
    /// The limits leave no room to work.
    #[error("the receipt journal must be allowed at least four files of 1 KiB or more")]
    BadLimits,
    /// What lies in the folder can't be a journal.
    #[error("the receipt journal is damaged")]
    Damaged,
    /// The disk is full or failing.
    #[error("the receipt journal cannot be written or read: {}", .0.kind())]
    Io(#[from] io::Error),
}

/// A place in the journal: the end of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Position {
    /// The number of the file.
    pub segment: u32,
    /// Bytes from its start.
    pub offset: u32,
}

impl Position {
    /// As one number that orders alike, so that it fits an atomic.
    const fn pack(self) -> u64 {
        ((self.segment as u64) << 32) | self.offset as u64
    }

    fn unpack(packed: u64) -> Self {
        let half = |bits| u32::try_from(bits & u64::from(u32::MAX)).unwrap_or_default();
        Self { segment: half(packed >> 32), offset: half(packed) }
    }
}

/// Receipts on their way into the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queue {
    /// What is written and not taken over yet.
    pub waiting_bytes: u64,
    /// The most that may wait; a little before that, calls are turned away.
    pub most_bytes: u64,
    /// Receipts that the database refused since the start.
    pub set_aside: u64,
}

/// This node's receipt journal. Made by [`crate::Store::open_journal`].
pub struct Journal {
    dir: PathBuf,
    id: Uuid,
    limits: JournalLimits,
    writer: Mutex<Writer>,
    /// Where the next frame will go, as readers may see it.
    end: AtomicU64,
    /// Bytes of all files.
    used_bytes: AtomicU64,
    /// Whether the last write failed.
    failing: AtomicBool,
    progress: Progress,
    aside: Aside,
    reach: Arc<Reach>,
    _lock: LockFile,
}

struct Writer {
    file: File,
    at: Position,
    /// How far the disk has room for the present file, whatever else is written to it.
    room_to: u32,
    /// The other files that are still there, and where their frames end.
    closed: BTreeMap<u32, u32>,
    /// What is to be written next.
    waiting: Waiting,
    /// What was written last.
    recent: Recent,
}

impl Writer {
    /// That frame is written behind the one before.
    fn pass(&mut self, due: Due) {
        let behind = self.at;
        self.at.offset += due.length;
        self.recent.push((behind, self.at), due.length, due.record);
        self.waiting.written(due.number);
    }
}

impl Journal {
    /// Starts to write, in a new file behind everything that was found or was ever committed.
    pub(crate) fn start(
        found: segment::Found,
        limits: JournalLimits,
        committed: Position,
    ) -> Result<Self, JournalError> {
        if limits.segment_bytes < 1024 || limits.total_bytes / 4 < u64::from(limits.segment_bytes) {
            return Err(JournalError::BadLimits);
        }
        let segment::Found { dir, lock, journal: id, segments: closed } = found;
        let last = closed.last_key_value().map_or(0, |(&segment, _)| segment).max(committed.segment);
        let segment = last.checked_add(1).ok_or(JournalError::Damaged)?;
        let file = segment::create(&dir, segment, id)?;
        let used_bytes = closed.values().map(|&len| u64::from(len)).sum::<u64>() + u64::from(HEAD);
        let at = Position { segment, offset: HEAD };
        let journal = Self {
            aside: Aside::new(&dir),
            dir,
            id,
            limits,
            writer: Mutex::new(Writer {
                file,
                at,
                room_to: 0,
                closed,
                waiting: Waiting::default(),
                recent: Recent::default(),
            }),
            end: AtomicU64::new(at.pack()),
            used_bytes: AtomicU64::new(used_bytes),
            failing: AtomicBool::new(false),
            progress: Progress::default(),
            reach: Arc::default(),
            _lock: lock,
        };
        journal.reserve(&mut journal.writer());
        Ok(journal)
    }

    /// Takes room on the disk for the frames to come, once half of it is used. Without that room no more calls are let
    /// in, until a later attempt has it.
    fn reserve(&self, writer: &mut Writer) {
        let wanted = writer.at.offset.saturating_add(AHEAD);
        if writer.room_to.saturating_sub(writer.at.offset) >= AHEAD / 2 {
            self.failing.store(false, Ordering::Relaxed);
            return;
        }
        let (from, length) = (u64::from(writer.at.offset), u64::from(wanted - writer.at.offset));
        match fallocate(&writer.file, FallocateFlags::KEEP_SIZE, from, length) {
            Ok(()) => writer.room_to = wanted,
            // This file system can't promise room: a failing write tells.
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => writer.room_to = UNPROMISED,
            Err(_) => {}
        }
        self.failing.store(writer.room_to < wanted, Ordering::Relaxed);
    }

    /// Whether there is room for the receipts of calls yet to come. An eighth is kept for calls that are under way:
    /// they must still end with a receipt. After a disk was full, whether there is room again.
    pub fn has_room(&self) -> bool {
        let reserve = self.limits.total_bytes / 8;
        let room = self.used_bytes.load(Ordering::Relaxed) + reserve <= self.limits.total_bytes;
        room && (!self.failing.load(Ordering::Relaxed) || self.probe())
    }

    /// Tries to get room anew. Without it a disk that was full once would keep calls out for good, since none would
    /// be let in to try.
    fn probe(&self) -> bool {
        let mut writer = self.writer();
        if writer.room_to < UNPROMISED {
            self.reserve(&mut writer);
        } else {
            let offset = u64::from(writer.at.offset);
            let written =
                writer.file.write_all_at(&[0; PROBE_BYTES], offset).and_then(|()| writer.file.set_len(offset));
            self.failing.store(written.is_err(), Ordering::Relaxed);
        }
        !self.failing.load(Ordering::Relaxed)
    }

    /// The same journal, which knows whether its database is there.
    pub(crate) fn beside(self, reach: &Arc<Reach>) -> Self {
        Self { reach: Arc::clone(reach), ..self }
    }

    /// The node that writes it. Data folder and node are one: a process that starts in the same folder goes on as the same
    /// node, and takes over what the one before it left.
    pub fn node(&self) -> NodeId {
        NodeId::from_uuid(self.id)
    }

    /// Whether the database took what it was last given. Costs nothing: one that went away and was not asked since is
    /// found out by the next receipt.
    pub fn database_answers(&self) -> bool {
        self.reach.answers()
    }

    /// Where the next receipt will go.
    fn end(&self) -> Position {
        Position::unpack(self.end.load(Ordering::SeqCst))
    }

    /// What waits to be taken over.
    pub fn queue(&self) -> Queue {
        let committed = self.progress.so_far();
        let writer = self.writer();
        let ends = writer.closed.iter().map(|(&segment, &end)| (segment, end));
        let waiting = |(segment, end): (u32, u32)| match segment.cmp(&committed.segment) {
            std::cmp::Ordering::Less => 0,
            std::cmp::Ordering::Equal => u64::from(end.saturating_sub(committed.offset)),
            std::cmp::Ordering::Greater => u64::from(end.saturating_sub(HEAD)),
        };
        Queue {
            waiting_bytes: ends.chain([(writer.at.segment, writer.at.offset)]).map(waiting).sum(),
            most_bytes: self.limits.total_bytes,
            set_aside: self.set_aside(),
        }
    }

    /// How many receipts were set aside since the start, because the database refuses them or they can't be read.
    pub fn set_aside(&self) -> u64 {
        self.aside.count()
    }

    fn rotate(&self, writer: &mut Writer) -> Result<(), JournalError> {
        let segment = writer.at.segment.checked_add(1).ok_or(JournalError::Damaged)?;
        let file = segment::create(&self.dir, segment, self.id)?;
        let Position { segment: old, offset } = writer.at;
        writer.closed.insert(old, offset);
        (writer.file, writer.room_to) = (file, 0);
        writer.at = Position { segment, offset: HEAD };
        self.used_bytes.fetch_add(u64::from(HEAD), Ordering::Relaxed);
        kill::point("journal_rotated");
        Ok(())
    }

    /// What was appended since this was asked last, as far as it is kept.
    fn take_recent(&self) -> Recent {
        std::mem::take(&mut self.writer().recent)
    }

    /// Where the frames of a closed file end.
    fn closed_end(&self, segment: u32) -> Option<u32> {
        self.writer().closed.get(&segment).copied()
    }

    /// The first file after that one.
    fn next_segment(&self, after: u32) -> u32 {
        let writer = self.writer();
        writer.closed.range(after.saturating_add(1)..).next().map_or(writer.at.segment, |(&segment, _)| segment)
    }

    /// Whether there are files before that one.
    fn has_before(&self, segment: u32) -> bool {
        self.writer().closed.first_key_value().is_some_and(|(&oldest, _)| oldest < segment)
    }

    /// Removes the files before that one, whose receipts are all committed.
    fn remove_before(&self, segment: u32) -> io::Result<()> {
        loop {
            let oldest = self.writer().closed.first_key_value().map(|(&number, &length)| (number, length));
            let Some((number, length)) = oldest.filter(|&(number, _)| number < segment) else { return Ok(()) };
            match std::fs::remove_file(segment::path(&self.dir, number)) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
                _ => {}
            }
            self.writer().closed.remove(&number);
            self.used_bytes.fetch_sub(u64::from(length), Ordering::Relaxed);
            kill::point("segment_removed");
        }
    }

    /// After a writer that panicked, what it had taken to write counts as unwritten.
    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal").field("dir", &self.dir).field("end", &self.end()).finish_non_exhaustive()
    }
}
