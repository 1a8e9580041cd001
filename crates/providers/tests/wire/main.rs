//! What providers send, held against what we make of it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod corpus;
mod deferred;
mod golden;
