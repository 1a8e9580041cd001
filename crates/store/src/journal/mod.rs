//! The receipt journal: a bounded run of files between the end of a call and the database.

use ownkey_domain::receipt::Receipt;

/// How large the journal may grow.
#[derive(Debug, Clone, Copy)]
pub struct JournalLimits {
    /// Bytes of a file before the next one is begun.
    pub segment_bytes: u32,
    /// Bytes of all files together.
    pub total_bytes: u64,
}

impl Default for JournalLimits {
    fn default() -> Self {
        Self { segment_bytes: 8 << 20, total_bytes: 256 << 20 }
    }
}

/// Why the journal did not take a receipt, or can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The database is away for too long.
    #[error("the receipt journal is full")]
    Full,
}

/// A place in the journal: the end of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Position {
    /// The number of the file.
    pub segment: u32,
    /// Bytes from its start.
    pub offset: u32,
}

/// This node's receipt journal.
#[derive(Debug)]
pub struct Journal {}

impl Journal {
    /// Appends a receipt: one write, no fsync, no wait for the database.
    pub fn append(&self, receipt: &Receipt) -> Result<Position, JournalError> {
        let _ = receipt;
        Err(JournalError::Full)
    }

    /// Whether there is room for the receipts of calls yet to come, beyond those of calls already admitted.
    pub fn has_room(&self) -> bool {
        false
    }
}

/// Takes the journal over into the database.
#[derive(Debug)]
pub struct Takeover {}

impl Takeover {
    /// Runs until `shutdown` is done, then takes over what is left and ends.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send) {
        shutdown.await;
    }
}
