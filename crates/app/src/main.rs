//! The `ownkey` binary: the composition root. It reads the configuration, builds the parts and wires them.

mod client;
mod clock;
mod commands;
mod config;
mod connections;
mod dashboard;
mod directory;
mod health;
mod journal;
mod keeper;
mod ledger;
mod lockdown;
mod managed_keys;
mod misused;
mod reload;
mod retention;
mod server;
mod source;
mod taking_over;
mod vaulting;
mod webhooks;
mod wiring;

use clap::{CommandFactory, Parser, Subcommand};
use tikv_jemallocator::Jemalloc;

/// A tenth of a call's processor time less than with the system's: `docs/decisions/0027`.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

/// Bring your own key for AI products: one gateway that decides who pays for each model call.
#[derive(Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write ownkey.toml, a KEK file and an operator token into this folder. Never overwrites.
    Init(commands::init::Args),
    /// Run the server.
    Serve(commands::serve::Args),
    /// Validate configuration, vault and store, and say what is wrong.
    Check(commands::check::Args),
    /// Write a consistent copy of the database to a new file.
    Backup(commands::backup::Args),
    /// The ledger of credits and budgets.
    Ledger {
        #[command(subcommand)]
        command: LedgerCommand,
    },
    /// People who sign in.
    User {
        #[command(subcommand)]
        command: UserCommand,
    },
    /// Keys of the vault.
    Vault {
        #[command(subcommand)]
        command: VaultCommand,
    },
    /// Print what makes a shell complete these commands.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// What a workspace's people and jobs do, against a running server.
    #[command(flatten)]
    Remote(ownkey_cli::Command),
}

#[derive(Subcommand)]
enum UserCommand {
    /// Print a link by which somebody who forgot his password chooses another one.
    ResetLink(commands::reset_link::Args),
}

#[derive(Subcommand)]
enum VaultCommand {
    /// Print a new key-encryption key.
    GenerateKek,
    /// Wrap every data key under the active KEK. Online, and can be repeated at any time.
    Rotate(commands::rotate::Args),
    /// Seal a provider's stored keys anew for its new address.
    Rebind(commands::rebind::Args),
}

#[derive(Subcommand)]
enum LedgerCommand {
    /// Look through the whole book, and say what is wrong.
    Check(commands::ledger_check::Args),
}

fn main() -> std::process::ExitCode {
    lockdown::apply();
    let cli = Cli::try_parse().unwrap_or_else(|error| misused::unquoted(error).exit());
    let result = match cli.command {
        Command::Init(args) => commands::init::run(&args),
        Command::Serve(args) => commands::serve::run(&args),
        Command::Check(args) => commands::check::run(&args),
        Command::Ledger { command: LedgerCommand::Check(args) } => commands::ledger_check::run(&args),
        Command::Vault { command: VaultCommand::GenerateKek } => commands::generate_kek::run(),
        Command::Vault { command: VaultCommand::Rotate(args) } => commands::rotate::run(&args),
        Command::Vault { command: VaultCommand::Rebind(args) } => commands::rebind::run(&args),
        Command::User { command: UserCommand::ResetLink(args) } => commands::reset_link::run(&args),
        Command::Backup(args) => commands::backup::run(&args),
        Command::Completions { shell } => commands::completions::run(shell, Cli::command()),
        Command::Remote(command) => return ownkey_cli::run(command),
    };
    match result {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            commands::say_error(&error);
            std::process::ExitCode::FAILURE
        }
    }
}
