//! The commands of the binary.

pub mod backup;
pub mod check;
pub mod completions;
pub mod generate_kek;
pub mod init;
pub mod ledger_check;
pub mod rebind;
pub mod reset_link;
pub mod rotate;
pub mod serve;

use std::io::Write;

/// Prints a line for people.
pub fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Prints why a command failed, with its causes, and nothing else.
pub fn say_error(error: &anyhow::Error) {
    let _ = writeln!(std::io::stderr(), "ownkey: {error:#}");
}
