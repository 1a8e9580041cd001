//! The files of a journal: their names, their heads, and what is found of them at start.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::frame;
use super::{JournalError, Position};
use crate::open::{LockFile, lock_file, private_dir, private_file};

const MAGIC: [u8; 12] = *b"ownkey-rcpt1";
/// Bytes of a file before its first frame: magic, number, id of the journal.
pub(super) const HEAD: u32 = 32;
const HEAD_LEN: usize = 32;

pub(super) fn path(dir: &Path, segment: u32) -> PathBuf {
    dir.join(format!("{segment:010}.receipts"))
}

/// Makes a new file with its head.
pub(super) fn create(dir: &Path, segment: u32, journal: Uuid) -> io::Result<File> {
    let mut head = [0; HEAD_LEN];
    head[..12].copy_from_slice(&MAGIC);
    head[12..16].copy_from_slice(&segment.to_le_bytes());
    head[16..].copy_from_slice(journal.as_bytes());
    let file = private_file(&path(dir, segment))?;
    // What an attempt that failed half-way may have left.
    file.set_len(0)?;
    file.write_all_at(&head, 0)?;
    Ok(file)
}

/// A journal as found at start.
pub(crate) struct Found {
    pub dir: PathBuf,
    pub lock: LockFile,
    /// The id of this run of files.
    pub journal: Uuid,
    /// The files that are there and where their frames end.
    pub segments: BTreeMap<u32, u32>,
}

/// Looks at the files in that folder, and cuts off what a killed process left half written.
pub(crate) fn find(dir: &Path) -> Result<Found, JournalError> {
    private_dir(dir)?;
    let lock = lock_file(&dir.join("journal.lock"))?.ok_or(JournalError::AlreadyOpen)?;
    let mut segments = BTreeMap::new();
    let mut journal = None;
    for entry in std::fs::read_dir(dir)? {
        let name = entry?.file_name();
        let number = name.to_str().and_then(|n| n.strip_suffix(".receipts"));
        let Some(number) = number.and_then(|n| n.parse().ok()) else { continue };
        let file = private_file(&path(dir, number))?;
        let length = u32::try_from(file.metadata()?.len()).map_err(|_| JournalError::Damaged)?;
        if length < HEAD {
            // Its process was killed before the first frame.
            std::fs::remove_file(path(dir, number))?;
            continue;
        }
        journal = id(&file, number)?.or(journal);
        segments.insert(number, length);
    }
    if let Some((&last, length)) = segments.iter_mut().next_back() {
        *length = cut_tail(dir, last)?;
    }
    // Random, so that a journal made anew is never taken for an older one. No clock is read.
    let fresh = || Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, 0, 0));
    Ok(Found { dir: dir.to_owned(), lock, journal: journal.unwrap_or_else(fresh), segments })
}

/// The id in a file's head, if the head is whole.
fn id(file: &File, number: u32) -> io::Result<Option<Uuid>> {
    let mut head = [0; HEAD_LEN];
    file.read_exact_at(&mut head, 0)?;
    let sound = head[..12] == MAGIC && head[12..16] == number.to_le_bytes();
    Ok(if sound { Uuid::from_slice(&head[16..]).ok() } else { None })
}

/// Cuts a file behind its last whole frame, and returns where that is.
fn cut_tail(dir: &Path, segment: u32) -> Result<u32, JournalError> {
    let path = path(dir, segment);
    let bytes = std::fs::read(&path)?;
    let mut end = HEAD_LEN;
    while let Some(found) = frame::find(&bytes, end) {
        end = found.end;
    }
    let length = u64::try_from(end).map_err(|_| JournalError::Damaged)?;
    if end < bytes.len() {
        tracing::warn!(segment, cut_bytes = bytes.len() - end, "the journal ended in the middle of a receipt");
        private_file(&path)?.set_len(length)?;
    }
    u32::try_from(length).map_err(|_| JournalError::Damaged)
}

impl Found {
    /// Removes files that are taken over as a whole.
    pub fn remove_before(&mut self, committed: Position) -> io::Result<()> {
        let kept = self.segments.split_off(&committed.segment);
        for (segment, _) in std::mem::replace(&mut self.segments, kept) {
            std::fs::remove_file(path(&self.dir, segment))?;
        }
        Ok(())
    }
}
