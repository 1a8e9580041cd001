//! Reading the journal, behind the calls that append to it.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use ownkey_domain::receipt::Receipt;

use super::frame::{self, EVIDENCE, FRAME_MAX};
use super::recent::{Recent, Record};
use super::segment::{self, HEAD};
use super::{Journal, Position};
use crate::ledger::Evidence;

/// Bytes read at a time: several frames of the largest size.
const CHUNK: usize = 4 * FRAME_MAX;

/// Where the takeover stands.
#[derive(Debug)]
pub(super) struct Reader {
    pub at: Position,
    file: Option<(u32, File)>,
    /// What need not be read.
    recent: Recent,
}

/// Receipts read together, and the place behind them.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub receipts: Vec<Receipt>,
    /// What calls under way cost by then.
    pub evidence: Vec<Evidence>,
    /// Whole frames that hold no receipt this version knows.
    pub unreadable: Vec<Vec<u8>>,
    pub upto: Position,
}

impl Batch {
    /// How many frames it is made of.
    pub fn frames(&self) -> usize {
        self.receipts.len() + self.evidence.len() + self.unreadable.len()
    }

    /// Reads what a frame holds.
    fn take(&mut self, payload: &[u8]) -> serde_json::Result<()> {
        match payload.strip_prefix(&[EVIDENCE]) {
            Some(evidence) => self.evidence.push(serde_json::from_slice(evidence)?),
            None => self.receipts.push(serde_json::from_slice(payload)?),
        }
        Ok(())
    }
}

impl Reader {
    /// Reads on from there.
    pub fn new(at: Position) -> Self {
        Self { at, file: None, recent: Recent::default() }
    }

    /// Up to `max` frames, if those that come next are in memory and no file is done with: then no file is touched.
    pub fn recall(&mut self, journal: &Journal, max: usize) -> Option<Batch> {
        if journal.has_before(self.at.segment) {
            return None;
        }
        let mut batch = Batch::default();
        while batch.frames() < max && self.take_recent(journal, &mut batch) {}
        batch.upto = self.at;
        (batch.frames() > 0).then_some(batch)
    }

    /// Reads up to `max` frames, removing files that lie behind. All before this reader must be committed.
    pub fn read(&mut self, journal: &Journal, max: usize) -> io::Result<Batch> {
        journal.remove_before(self.at.segment)?;
        let mut batch = Batch::default();
        while batch.frames() < max {
            if self.take_recent(journal, &mut batch) {
                continue;
            }
            let limit = self.limit(journal);
            if self.at.offset < limit {
                self.read_chunk(journal, limit, (max, &mut batch))?;
            } else if self.at.segment < journal.end().segment {
                self.at = Position { segment: journal.next_segment(self.at.segment), offset: HEAD };
            } else {
                break;
            }
        }
        if batch.frames() == 0 {
            // Nothing is on its way to the database, so the files just left are done with too.
            journal.remove_before(self.at.segment)?;
        }
        batch.upto = self.at;
        Ok(batch)
    }

    /// Takes the next frame, if it is in memory.
    fn take_recent(&mut self, journal: &Journal, batch: &mut Batch) -> bool {
        if self.recent.is_empty() {
            self.recent = journal.take_recent();
        }
        let Some((record, upto)) = self.recent.next(self.at) else { return false };
        match record {
            Record::Receipt(receipt) => batch.receipts.push(*receipt),
            Record::Evidence(evidence) => batch.evidence.push(evidence),
        }
        self.at = upto;
        true
    }

    /// Where the present file ends for now. A file that is gone, or none, ends where it begins.
    fn limit(&self, journal: &Journal) -> u32 {
        let end = journal.end();
        if self.at.segment == end.segment {
            return end.offset;
        }
        // The file may have been closed just now; the end of its frames is known then.
        journal.closed_end(self.at.segment).unwrap_or_default()
    }

    fn read_chunk(&mut self, journal: &Journal, limit: u32, (max, batch): (usize, &mut Batch)) -> io::Result<()> {
        let available = usize::try_from(limit - self.at.offset).map_err(io::Error::other)?;
        let mut bytes = vec![0; available.min(CHUNK)];
        let offset = u64::from(self.at.offset);
        self.file(journal)?.read_exact_at(&mut bytes, offset)?;
        let mut done = 0;
        while batch.frames() < max {
            let Some(found) = frame::find(&bytes, done) else {
                // The last frame may reach beyond the chunk: it is read again with the next one. What has no
                // frame up to the end of the file is damage, and so is a whole chunk without one, up to where
                // one may begin.
                let lost = match available {
                    _ if available <= CHUNK => bytes.len() - done,
                    _ if done == 0 => CHUNK - FRAME_MAX,
                    _ => 0,
                };
                if lost > 0 {
                    self.damaged(lost);
                }
                done += lost;
                break;
            };
            if found.start > done {
                self.damaged(found.start - done);
            }
            if batch.take(found.payload).is_err() {
                tracing::error!(segment = self.at.segment, "a receipt in the journal cannot be read: set aside");
                batch.unreadable.push(found.payload.to_vec());
            }
            done = found.end;
        }
        self.at.offset += u32::try_from(done).map_err(io::Error::other)?;
        Ok(())
    }

    fn damaged(&self, bytes: usize) {
        tracing::error!(segment = self.at.segment, bytes, "part of the receipt journal is damaged and left out");
    }

    fn file(&mut self, journal: &Journal) -> io::Result<&File> {
        let segment = self.at.segment;
        let file = match self.file.take() {
            Some((number, file)) if number == segment => file,
            _ => File::open(segment::path(&journal.dir, segment))?,
        };
        Ok(&self.file.insert((segment, file)).1)
    }
}
