//! The vault from outside: what opens, what does not, and what is never said.

#![expect(clippy::unwrap_used, reason = "tests")]

mod keyring;
mod sealing;
