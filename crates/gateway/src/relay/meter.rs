//! What is learnt of an answer while it passes.

use bytes::Bytes;
use ownkey_domain::hold::{self, Produced};
use ownkey_providers::answer::{AnswerMeter, Served};
use ownkey_providers::stream::{Progress, StreamMeter, Terminal};

/// Meters an answer.
pub enum Meter {
    /// A stream of events.
    Stream(Box<StreamMeter>),
    /// Any other body.
    Plain(Plain),
}

/// All that was learnt.
pub struct Learnt {
    /// What the answer said of itself.
    pub served: Served,
    /// How it ended by its own word; `None` if it gave none.
    pub terminal: Option<Terminal>,
    /// About how many tokens of output passed.
    pub output: u64,
    /// Whether its provider told that it failed before any of it came.
    pub came_to_nothing: bool,
}

impl Meter {
    /// What of its output passed by now.
    pub fn output(&self) -> Produced {
        match self {
            Self::Stream(meter) => meter.output(),
            Self::Plain(plain) => Produced { pieces: 0, bytes: plain.bytes },
        }
    }

    /// What the answer said of itself by now; a plain one says nothing before its end.
    pub fn served(&self) -> Served {
        match self {
            Self::Stream(meter) => meter.served(),
            Self::Plain(_) => Served::unknown(),
        }
    }

    /// What was learnt, once nothing more comes.
    pub fn finish(self) -> Learnt {
        match self {
            Self::Stream(meter) => {
                let facts = meter.finish();
                Learnt {
                    served: facts.served,
                    terminal: facts.terminal,
                    output: facts.output.about(),
                    came_to_nothing: facts.came_to_nothing,
                }
            }
            // Whoever breaks off such a body breaks the connection, so that it ends is its word.
            Self::Plain(plain) => Learnt {
                served: plain.meter.finish(),
                terminal: Some(Terminal::Complete),
                output: hold::tokens_of(plain.bytes),
                came_to_nothing: false,
            },
        }
    }
}

/// Meters a body that is no stream of events.
pub struct Plain {
    meter: AnswerMeter,
    rest: Rest,
    bytes: u64,
}

/// How the end of a plain answer is known before its last byte goes out.
enum Rest {
    /// So many bytes are still to come.
    Bytes(u64),
    /// Not announced: this last byte is held back until the next piece or the end comes.
    Unknown(Bytes),
}

impl Plain {
    /// For a body of that length, if it is known.
    pub fn new(meter: AnswerMeter, length: Option<u64>) -> Self {
        let rest = length.map_or(Rest::Unknown(Bytes::new()), Rest::Bytes);
        Self { meter, rest, bytes: 0 }
    }

    /// The next piece: what goes on of the body, and whether that is its end.
    pub fn feed(&mut self, mut chunk: Bytes) -> (Bytes, bool) {
        self.meter.feed(&chunk);
        let length = chunk.len() as u64;
        self.bytes += length;
        match &mut self.rest {
            Rest::Unknown(held) => {
                let Some(last_at) = chunk.len().checked_sub(1) else { return (chunk, false) };
                let before = std::mem::replace(held, chunk.split_off(last_at));
                (joined(before, chunk), false)
            }
            Rest::Bytes(left) => {
                *left = left.saturating_sub(length);
                (chunk, *left == 0)
            }
        }
    }

    /// What was held back.
    pub fn held(&mut self) -> Bytes {
        match &mut self.rest {
            Rest::Unknown(held) => std::mem::take(held),
            Rest::Bytes(_) => Bytes::new(),
        }
    }
}

fn joined(before: Bytes, chunk: Bytes) -> Bytes {
    if before.is_empty() { chunk } else { [before, chunk].concat().into() }
}

/// What a piece of an answer was.
pub struct Step {
    /// What may go on of it.
    pub chunk: Bytes,
    /// Whether the answer is whole with it.
    pub is_end: bool,
    /// Where an error of the provider's begins in it.
    pub error_at: Option<usize>,
}

impl Meter {
    /// The next piece.
    pub fn feed(&mut self, chunk: Bytes) -> Step {
        match self {
            Self::Stream(meter) => {
                let Progress { terminal_at, error_at } = meter.feed(&chunk);
                Step { chunk, is_end: terminal_at.is_some(), error_at }
            }
            Self::Plain(plain) => {
                let (chunk, is_end) = plain.feed(chunk);
                Step { chunk, is_end, error_at: None }
            }
        }
    }
}
