//! `ownkey keys`.

use std::ffi::OsString;
use std::io::{BufRead, IsTerminal};

use clap::Subcommand;
use http::Method;
use ownkey_domain::provider::Provider;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::Session;
use crate::failure::Failure;
use crate::output;
use crate::secret::provider_key;
use crate::table::{cell, rows, table};

const KEYS: &str = "workspaces/current/provider-keys";

/// What to do with provider keys.
#[derive(Subcommand)]
pub enum Command {
    /// Show every provider with its key's state. Takes the scope providers:read.
    List,
    /// Add a key, or put another in its place. It is asked for without echo, or read from the standard input, and tested
    /// before it is stored. Takes the scope providers:write.
    Put {
        /// The provider's id.
        provider: String,
        /// Store it even if the provider can't be asked now.
        #[arg(long)]
        save_unverified: bool,
        /// Keys that people gave here all the same.
        #[arg(hide = true, allow_hyphen_values = true)]
        pasted: Vec<OsString>,
    },
    /// Test the stored key. Ends with 1 unless it works. Takes the scope providers:write.
    Test {
        /// The provider's id.
        provider: String,
    },
    /// Remove the stored key. Takes the scope providers:write.
    Remove {
        /// The provider's id.
        provider: String,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
}

pub(crate) async fn run(session: &Session, command: Command) -> Result<(), Failure> {
    match command {
        Command::List => list(session).await,
        Command::Put { pasted, .. } if !pasted.is_empty() => Err(Failure::Usage(
            "a key is no argument: whoever is on this machine can read those, and nothing was sent. Pipe it in, or \
             leave it out to be asked for it",
        )),
        Command::Put { provider, save_unverified, .. } => put(session, known(&provider)?, save_unverified).await,
        Command::Test { provider } => test(session, known(&provider)?).await,
        Command::Remove { provider, yes } => remove(session, known(&provider)?, yes).await,
    }
}

async fn list(session: &Session) -> Result<(), Failure> {
    let keys = session.server.get(KEYS, &[]).await?;
    session.show(&keys, |keys| {
        let headings = ["PROVIDER", "STATE", "KEY", "LAST TEST", "TESTED AT", "USED AT", "PAYS NOW"];
        let places = [
            "/provider",
            "/state",
            "/hint",
            "/verdict/verdict",
            "/last_tested_at",
            "/last_used_at",
            "/payer_now/payer",
        ];
        table(&headings, rows(keys, &places))
    })
}

async fn put(session: &Session, provider: Provider, save_unverified: bool) -> Result<(), Failure> {
    let key = provider_key(provider.title())?;
    let body = json!({"key": key.expose_secret().trim(), "save_unverified": save_unverified});
    let stored = session.server.send_to(Method::PUT, &format!("{KEYS}/{provider}"), &body).await?;
    session.show(&stored, |stored| {
        let [hint, state, title] = ["/hint", "/state", "/verdict/title"].map(|place| cell(stored, place));
        format!("{provider}: {hint} is stored ({state}). {title}")
    })
}

async fn test(session: &Session, provider: Provider) -> Result<(), Failure> {
    let tested = session.server.send_to(Method::POST, &format!("{KEYS}/{provider}/test"), &json!({})).await?;
    session.show(&tested, |tested| verdict(provider, tested))?;
    match tested.pointer("/verdict/verdict").and_then(Value::as_str) {
        Some("valid" | "valid_limited") => Ok(()),
        _ => Err(Failure::not_good("the key does not work now")),
    }
}

fn verdict(provider: Provider, tested: &Value) -> String {
    let [word, title, cause] =
        ["/verdict/verdict", "/verdict/title", "/verdict/cause"].map(|place| cell(tested, place));
    let action = match [cell(tested, "/verdict/action/label"), cell(tested, "/verdict/action/url")] {
        [label, _] if label == "-" => String::new(),
        [label, url] if url == "-" => format!("\n  What to do: {label}"),
        [label, url] => format!("\n  What to do: {label}: {url}"),
    };
    format!("{provider}: {word}. {title}\n  {cause}{action}")
}

async fn remove(session: &Session, provider: Provider, yes: bool) -> Result<(), Failure> {
    if !yes {
        confirm(session, provider).await?;
    }
    session.server.delete(&format!("{KEYS}/{provider}")).await?;
    let removed = json!({"provider": provider, "removed": true});
    session.show(&removed, |_| format!("{provider}: the key is removed; no call starts with it any more"))
}

/// Says what comes of it, and asks.
async fn confirm(session: &Session, provider: Provider) -> Result<(), Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::Usage("nobody can be asked here whether to remove the key: say --yes"));
    }
    let keys = session.server.get(KEYS, &[]).await?;
    let all = keys.get("data").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let held = all.iter().find(|key| cell(key, "/provider") == provider.as_str()).unwrap_or(&Value::Null);
    let next = match cell(held, "/payer_if_disconnected/payer").as_str() {
        "-" => format!("calls of its models then fail ({})", cell(held, "/payer_if_disconnected/reason/code")),
        payer => format!("then pays for its models: {payer}"),
    };
    output::complain(&format!("remove the key of {provider} ({})? {next}. [y/N]", cell(held, "/hint")));
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).map_err(Failure::Terminal)?;
    if matches!(answer.trim(), "y" | "Y" | "yes") { Ok(()) } else { Err(Failure::not_good("nothing was removed")) }
}

/// Looked up here, and never told: it may be a key in the wrong place.
fn known(provider: &str) -> Result<Provider, Failure> {
    provider.parse().map_err(|_| Failure::Usage("there is no such provider: `ownkey keys list` shows all"))
}
