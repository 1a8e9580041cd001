//! Frames on their way to the file. Those of calls that end at the same time wait for each other, so that one write to the
//! file takes them all; each call learns of its own whether it was written.

use std::collections::BTreeMap;
use std::io;
use std::vec::IntoIter;

use ownkey_domain::id::RequestId;

use super::recent::Record;
use super::{Journal, JournalError, frame};

/// A frame that is to be written, and what it holds.
pub(super) struct Due {
    /// Tells it from all others, once it waits.
    pub number: u64,
    pub frame: Vec<u8>,
    pub length: u32,
    pub record: Record,
}

impl Due {
    /// A frame with its payload, as [`frame::empty`] begins it.
    pub fn new(frame: Vec<u8>, record: Record) -> Result<Self, JournalError> {
        let frame = frame::seal(frame).ok_or(JournalError::TooLarge)?;
        let length = u32::try_from(frame.len()).map_err(|_| JournalError::TooLarge)?;
        Ok(Self { number: 0, frame, length, record })
    }
}

/// Frames in the order in which they are to be written.
#[derive(Default)]
pub(super) struct Waiting {
    frames: Vec<Due>,
    came: u64,
    /// What is not written, and why, until whoever brought it asks. A frame is in here from its start, so that none is ever
    /// taken for written that is not.
    unwritten: BTreeMap<u64, Option<JournalError>>,
}

impl Waiting {
    /// Adds one: its number.
    pub fn push(&mut self, due: Due) -> u64 {
        let number = self.came;
        self.came += 1;
        self.unwritten.insert(number, None);
        self.frames.push(Due { number, ..due });
        number
    }

    /// All that wait. What becomes of each is to be told.
    pub fn take(&mut self) -> IntoIter<Due> {
        std::mem::take(&mut self.frames).into_iter()
    }

    /// That one is written.
    pub fn written(&mut self, number: u64) {
        self.unwritten.remove(&number);
    }

    /// That one can't be.
    pub fn lost(&mut self, number: u64, why: JournalError) {
        self.unwritten.insert(number, Some(why));
    }

    /// What became of that one. Asked once, when none waits.
    pub fn outcome(&mut self, number: u64) -> Result<(), JournalError> {
        let Some(why) = self.unwritten.remove(&number) else { return Ok(()) };
        Err(why.unwrap_or_else(|| io::Error::other("whoever wrote the journal stopped in the midst of it").into()))
    }
}

/// A frame that waits for others. It is written when this goes, if nobody has written it by then.
pub(super) struct Staged<'j> {
    journal: &'j Journal,
    /// Of whose call it tells.
    request: RequestId,
    number: Option<u64>,
}

impl<'j> Staged<'j> {
    pub fn new(journal: &'j Journal, due: Due) -> Self {
        let request = due.record.request();
        let number = Some(journal.writer().waiting.push(due));
        Self { journal, request, number }
    }

    /// Writes it now, with all that wait.
    pub fn write(mut self) -> Result<(), JournalError> {
        self.number.take().map_or(Ok(()), |number| self.journal.flush(number))
    }
}

impl Drop for Staged<'_> {
    fn drop(&mut self) {
        if let Some(number) = self.number.take()
            && let Err(error) = self.journal.flush(number)
        {
            tracing::error!(request = %self.request, %error, "what a call left behind could not be written to the journal");
        }
    }
}
