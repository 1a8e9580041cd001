//! What is printed, and where.

use std::io::{ErrorKind, Write};

use serde_json::Value;

use crate::failure::Failure;

/// For whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Output {
    /// For people.
    Text,
    /// For programs.
    Json,
}

impl Output {
    /// Prints what went wrong, for whom it is.
    pub(crate) fn complain(self, text: &str, document: impl FnOnce() -> Value) {
        match self {
            Self::Text => complain(text),
            // On a line of its own. Where nobody reads it there is nobody to tell.
            Self::Json => drop(writeln!(std::io::stderr(), "{}", document())),
        }
    }
}

/// Prints an answer.
pub(crate) fn say(text: &str) -> Result<(), Failure> {
    writeln!(std::io::stdout(), "{text}").map_err(|error| match error.kind() {
        ErrorKind::BrokenPipe => Failure::Unread,
        _ => Failure::Terminal(error),
    })
}

/// Prints what went wrong, or what is asked. Where nobody reads it there is nobody to tell.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(std::io::stderr(), "ownkey: {text}");
}
