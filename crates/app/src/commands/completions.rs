//! `ownkey completions SHELL`.

use clap_complete::{Shell, generate};

/// Prints a script for that shell.
pub fn run(shell: Shell, mut command: clap::Command) -> anyhow::Result<()> {
    let name = command.get_name().to_owned();
    // Not to the standard output itself, whose end the generator takes for a bug.
    let mut script = Vec::new();
    generate(shell, &mut command, name, &mut script);
    super::say(std::str::from_utf8(&script)?);
    Ok(())
}
