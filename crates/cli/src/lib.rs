//! The command line for people and CI: what a workspace's own people and jobs do every day, against a server.
//!
//! A command is one or two requests of the management API under the platform key in `OWNKEY_API_KEY`, so it may what that
//! key's scopes say. A provider key comes from a prompt without echo or from the standard input, never from an argument,
//! where every program of the machine could read it.

#![warn(missing_docs)]

mod address;
mod agents;
mod credits;
mod failure;
mod keys;
mod models;
mod output;
mod secret;
mod server;
mod table;
mod usage;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use address::address;
use failure::Failure;
use output::Output;
use server::Server;

/// What a person or a job asks of a server.
#[derive(Subcommand)]
pub enum Command {
    /// The workspace's provider keys: list, put, test, remove.
    Keys(Noun<keys::Command>),
    /// The models: which can be called, and why others can't.
    Models(Leaf<models::Question>),
    /// What calls add up to.
    Usage(Leaf<usage::Question>),
    /// The workspace's credits.
    Credits(Common),
    /// The workspace's agents and their models.
    Agents(Noun<agents::Command>),
}

/// What every command takes.
#[derive(Args)]
#[command(after_help = "The platform key is read from OWNKEY_API_KEY.\n\
    Ends with 0 (done), 1 (refused or failed), 2 (used wrongly), 3 (no server reached), 4 (not authorised).")]
pub struct Common {
    /// The server's address.
    #[arg(long, env = "OWNKEY_URL", hide_env_values = true, default_value = "http://127.0.0.1:8080", global = true)]
    url: String,
    /// Talk without TLS to a server that is not on this machine. Whoever is on the way can read the keys.
    #[arg(long, global = true)]
    allow_plain_http: bool,
    /// Print the API's own answer as JSON, and what goes wrong as JSON on the standard error.
    #[arg(long, global = true)]
    json: bool,
}

/// A noun with verbs.
#[derive(Args)]
pub struct Noun<C: Subcommand> {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: C,
}

/// A noun with a question.
#[derive(Args)]
pub struct Leaf<Q: Args> {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    question: Q,
}

/// Runs a command to its end, and says how it went.
pub fn run(command: Command) -> ExitCode {
    let output = command.output();
    match attempt(command) {
        // Whoever reads the output has read as much as he wants.
        Ok(()) | Err(Failure::Unread) => ExitCode::SUCCESS,
        Err(failure) => {
            output.complain(&failure.to_string(), || failure.document());
            failure.exit_code()
        }
    }
}

impl Command {
    fn output(&self) -> Output {
        match self {
            Self::Keys(Noun { common, .. }) => common.output(),
            Self::Models(Leaf { common, .. }) => common.output(),
            Self::Usage(Leaf { common, .. }) => common.output(),
            Self::Credits(common) => common.output(),
            Self::Agents(Noun { common, .. }) => common.output(),
        }
    }
}

fn attempt(command: Command) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::Terminal)?;
    runtime.block_on(async {
        match command {
            Command::Keys(Noun { common, command }) => keys::run(&common.session()?, command).await,
            Command::Models(Leaf { common, question }) => models::run(&common.session()?, &question).await,
            Command::Usage(Leaf { common, question }) => usage::run(&common.session()?, &question).await,
            Command::Credits(common) => credits::run(&common.session()?).await,
            Command::Agents(Noun { common, command }) => agents::run(&common.session()?, command).await,
        }
    })
}

/// A server to ask, and a way to tell what it said.
struct Session {
    server: Server,
    output: Output,
}

impl Common {
    fn output(&self) -> Output {
        if self.json { Output::Json } else { Output::Text }
    }

    fn session(&self) -> Result<Session, Failure> {
        Ok(Session { server: Server::new(&address(&self.url, self.allow_plain_http)?)?, output: self.output() })
    }
}

impl Session {
    /// Shows an answer: as it is for programs, else in the words that `text` makes of it.
    fn show(&self, answer: &Value, text: impl FnOnce(&Value) -> String) -> Result<(), Failure> {
        match self.output {
            Output::Json => output::say(&format!("{answer:#}")),
            Output::Text => output::say(&text(answer)),
        }
    }

    /// Says on the standard error what may not be meant.
    fn warn(&self, text: &str) {
        self.output.complain(text, || json!({"warning": text}));
    }
}
