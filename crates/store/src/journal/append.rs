//! From the end of a call to the file. Calls that end at the same time share a write: its cost is that of the system's call,
//! whatever its length.

use std::io;
use std::os::unix::fs::FileExt;
use std::sync::MutexGuard;
use std::sync::atomic::Ordering;

use ownkey_domain::id::RequestId;
use ownkey_domain::ledger::Charge;
use ownkey_domain::receipt::Receipt;
use tokio::task::yield_now;

use super::frame::{self, EVIDENCE};
use super::recent::Record;
use super::segment::HEAD;
use super::waiting::{Due, Staged};
use super::{Journal, JournalError, Position, Writer, kill};
use crate::json;
use crate::ledger::Evidence;

impl Journal {
    /// Appends a receipt: one write, no fsync, no wait for the database. Once it returns, the receipt outlives
    /// this process.
    pub fn append(&self, receipt: impl Into<Box<Receipt>>) -> Result<Position, JournalError> {
        let at = self.put(due_receipt(receipt.into())?)?;
        kill::point("receipt_appended");
        Ok(at)
    }

    /// The same in one write with those of other calls that end now. Whoever leaves before that has it appended as he goes.
    pub fn append_with_others(&self, receipt: Box<Receipt>) -> impl Future<Output = Result<(), JournalError>> + Send {
        self.put_with_others(due_receipt(receipt), "receipt_appended")
    }

    /// Appends what a call under way costs by now.
    pub fn note(&self, request: RequestId, so_far: Charge) -> Result<(), JournalError> {
        self.put(due_evidence(Evidence { request, so_far })?)?;
        kill::point("evidence_noted");
        Ok(())
    }

    /// The same in one write with what other calls have to note now.
    pub fn note_with_others(
        &self,
        request: RequestId,
        so_far: Charge,
    ) -> impl Future<Output = Result<(), JournalError>> + Send {
        self.put_with_others(due_evidence(Evidence { request, so_far }), "evidence_noted")
    }

    fn put(&self, due: Due) -> Result<Position, JournalError> {
        let mut writer = self.writer();
        let number = writer.waiting.push(due);
        self.write_with(writer, number)
    }

    /// The frame waits from now on, whether or not anybody waits for what is answered.
    fn put_with_others(
        &self,
        due: Result<Due, JournalError>,
        point: &'static str,
    ) -> impl Future<Output = Result<(), JournalError>> + Send {
        let staged = due.map(|due| Staged::new(self, due));
        async move {
            let staged = staged?;
            kill::point("frame_staged");
            // Whoever is ready to put something has a turn before this goes on.
            yield_now().await;
            staged.write()?;
            kill::point(point);
            Ok(())
        }
    }

    /// Writes all that waits, if that one does: what became of it.
    pub(super) fn flush(&self, number: u64) -> Result<(), JournalError> {
        self.write_with(self.writer(), number).map(drop)
    }

    /// The same with the writer at hand: where the last frame ends, if that one is written.
    fn write_with(&self, mut writer: MutexGuard<'_, Writer>, number: u64) -> Result<Position, JournalError> {
        let written = self.write_waiting(&mut writer);
        let (outcome, at) = (writer.waiting.outcome(number), writer.at);
        drop(writer);
        self.appended(written);
        outcome.map(|()| at)
    }

    fn appended(&self, written: Written) {
        if written.frames > 0 {
            kill::point("journal_appended");
            self.progress.appended(written.frames, written.is_due);
        }
    }

    fn write_waiting(&self, writer: &mut Writer) -> Written {
        let (mut rest, mut written) = (writer.waiting.take(), Written::default());
        while let [first, ..] = rest.as_slice() {
            let number = first.number;
            // What does not fit together may fit one by one.
            let alone = std::slice::from_ref(first);
            match self.write(writer, rest.as_slice()).or_else(|_| self.write(writer, alone)) {
                Ok(count) => rest.by_ref().take(count).for_each(|due| {
                    written.count(&due);
                    writer.pass(due);
                }),
                Err(error) => {
                    if matches!(error, JournalError::Io(_)) {
                        self.failing.store(true, Ordering::Relaxed);
                    }
                    writer.waiting.lost(number, error);
                    rest.next();
                    continue;
                }
            }
            self.end.store(writer.at.pack(), Ordering::SeqCst);
            self.reserve(writer);
        }
        written
    }

    /// Writes those frames one behind the other, as many as the present file takes: how many, and never none of some.
    fn write(&self, writer: &mut Writer, frames: &[Due]) -> Result<usize, JournalError> {
        let first = frames.first().map_or(0, |due| due.length);
        let full = writer.at.offset.saturating_add(first) > self.limits.segment_bytes;
        let rotate = full && writer.at.offset > HEAD;
        let used = self.used_bytes.load(Ordering::Relaxed) + if rotate { u64::from(HEAD) } else { 0 };
        let room = self.limits.total_bytes.saturating_sub(used);
        if u64::from(first) > room {
            return Err(JournalError::Full);
        }
        if rotate && let Err(error) = self.rotate(writer) {
            // On a full disk the present file goes on, in the room it has.
            if writer.at.offset.saturating_add(first) > writer.room_to {
                return Err(error);
            }
        }
        let (mut count, mut length) = (1, first);
        for due in frames.iter().skip(1) {
            let more = length.saturating_add(due.length);
            if writer.at.offset.saturating_add(more) > self.limits.segment_bytes || u64::from(more) > room {
                break;
            }
            (count, length) = (count + 1, more);
        }
        // At their place, not at the end: what a failed write left behind is written over.
        let at = u64::from(writer.at.offset);
        match frames.get(..count).unwrap_or_default() {
            [one] => writer.file.write_all_at(&one.frame, at)?,
            many => writer.file.write_all_at(&many.iter().map(|due| &*due.frame).collect::<Vec<_>>().concat(), at)?,
        }
        self.used_bytes.fetch_add(u64::from(length), Ordering::Relaxed);
        Ok(count)
    }
}

/// What a write took.
#[derive(Default)]
struct Written {
    frames: u64,
    /// Whether one of them is due: see [`Record::is_due`].
    is_due: bool,
}

impl Written {
    fn count(&mut self, due: &Due) {
        self.frames += 1;
        self.is_due |= due.record.is_due();
    }
}

fn due_receipt(receipt: Box<Receipt>) -> Result<Due, JournalError> {
    let mut frame = frame::empty();
    json::write(&receipt, &mut frame).map_err(io::Error::from)?;
    kill::point("receipt_due");
    Due::new(frame, Record::Receipt(receipt))
}

fn due_evidence(evidence: Evidence) -> Result<Due, JournalError> {
    let mut frame = frame::empty();
    frame.push(EVIDENCE);
    json::write(&evidence, &mut frame).map_err(io::Error::from)?;
    Due::new(frame, Record::Evidence(evidence))
}
