//! What is said to somebody who used a command wrongly. What he wrote is not repeated: it may be a key in the wrong place.

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// The same error without anything of what was written.
pub fn unquoted(mut error: clap::Error) -> clap::Error {
    let mut written = vec![ContextKind::InvalidValue, ContextKind::InvalidSubcommand];
    // They may say how to pass it all the same.
    error.remove(ContextKind::Suggested);
    error.remove(ContextKind::TrailingArg);
    if let Some(ours) = misplaced(&error) {
        let hint = format!("{ours} stands after the command: ownkey models {ours}");
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![hint.into()]));
    }
    match error.kind() {
        // Else it is the name of one of ours.
        ErrorKind::UnknownArgument => written.push(ContextKind::InvalidArg),
        // Nobody wrote it: it is the command that lacks one.
        ErrorKind::MissingSubcommand => written.clear(),
        _ => {}
    }
    for kind in written {
        if error.get(kind).is_some() {
            error.insert(kind, ContextValue::String("…".to_owned()));
        }
    }
    error
}

/// An option of the commands that ask a server, given before the command.
fn misplaced(error: &clap::Error) -> Option<&'static str> {
    let ContextValue::String(written) = error.get(ContextKind::InvalidArg)? else { return None };
    let name = written.split(['=', ' ']).next().filter(|_| error.kind() == ErrorKind::UnknownArgument)?;
    ["--json", "--url", "--allow-plain-http"].into_iter().find(|ours| *ours == name)
}
