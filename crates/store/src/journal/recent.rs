//! What this process appended last, kept in memory until it is taken over. The files stay the truth: a start reads them,
//! and so does a takeover that failed or falls behind. But what was written a moment ago need not be read and parsed again.

use std::collections::VecDeque;

use ownkey_domain::id::RequestId;
use ownkey_domain::receipt::Receipt;

use super::Position;
use crate::ledger::{Evidence, moves_books};

/// A few batches, by the length of their frames. What is appended while it is full is read from its file.
pub(super) const KEPT_BYTES_MAX: u32 = 4 << 20;

/// What a frame holds.
#[derive(Debug)]
pub(super) enum Record {
    Receipt(Box<Receipt>),
    /// What a call under way costs by then.
    Evidence(Evidence),
}

impl Record {
    /// The call that it tells of.
    pub fn request(&self) -> RequestId {
        match self {
            Self::Receipt(receipt) => receipt.id,
            Self::Evidence(evidence) => evidence.request,
        }
    }

    /// Whether its takeover does something that somebody may wait for who does not wait for the takeover: see
    /// [`super::takeover`].
    pub fn is_due(&self) -> bool {
        matches!(self, Self::Receipt(receipt) if moves_books(receipt))
    }
}

/// Records in the order of their frames.
#[derive(Debug, Default)]
pub(super) struct Recent {
    kept: VecDeque<Kept>,
    /// Of all frames that were kept since this is filled.
    bytes: u32,
}

#[derive(Debug)]
struct Kept {
    /// The end of the frame before it, perhaps in another file.
    behind: Position,
    /// The end of its own.
    upto: Position,
    record: Record,
}

impl Recent {
    /// Keeps a record, if there is room for its frame: where the frame before it ends, and where its own does.
    pub fn push(&mut self, (behind, upto): (Position, Position), bytes: u32, record: Record) {
        let filled = self.bytes.saturating_add(bytes);
        if filled <= KEPT_BYTES_MAX {
            self.bytes = filled;
            self.kept.push_back(Kept { behind, upto, record });
        }
    }

    /// The record of the frame that follows there, and where that ends. Those before are forgotten.
    pub fn next(&mut self, at: Position) -> Option<(Record, Position)> {
        while self.kept.pop_front_if(|kept| kept.behind < at).is_some() {}
        self.kept.pop_front_if(|kept| kept.behind == at).map(|kept| (kept.record, kept.upto))
    }

    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }
}
