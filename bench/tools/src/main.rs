//! What the benchmark measures with: an upstream that answers at once, and a driver that checks every byte of what it
//! said. Knows nothing of Ownkey.

mod answers;
mod ask;
mod body;
mod check;
mod client;
mod drive;
mod report;
mod upstream;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

/// Parts of the benchmark that must be fast.
#[derive(Parser)]
#[command(version)]
enum Cli {
    /// Answer as a provider would, at once or at a given pace.
    Upstream(upstream::Options),
    /// Make calls, check what comes back, and tell how long it took as JSON.
    Drive(drive::Options),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let done = match Cli::parse() {
        Cli::Upstream(options) => upstream::run(&options).await,
        Cli::Drive(options) => drive::run(options).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            let _ = writeln!(std::io::stderr(), "ownkey-bench: {message}");
            ExitCode::FAILURE
        }
    }
}
