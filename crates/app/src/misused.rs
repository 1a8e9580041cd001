//! What is said to somebody who used a command wrongly. What he wrote is not repeated: it may be a key in the wrong place.

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// The same error without anything of what was written.
pub fn unquoted(mut error: clap::Error) -> clap::Error {
    let mut written = vec![ContextKind::InvalidValue, ContextKind::InvalidSubcommand];
    if error.kind() == ErrorKind::UnknownArgument {
        // Else it is the name of one of ours.
        written.push(ContextKind::InvalidArg);
    }
    for kind in written {
        if error.get(kind).is_some() {
            error.insert(kind, ContextValue::String("…".to_owned()));
        }
    }
    // They may say how to pass it all the same.
    error.remove(ContextKind::Suggested);
    error.remove(ContextKind::TrailingArg);
    error
}
