//! `ownkey user reset-link MAIL`.

use std::path::PathBuf;

use anyhow::{Context, anyhow};
use ownkey_control::operator::{LinkMade, reset_link_for};
use ownkey_domain::person::Mail;
use serde_json::json;

use super::say;
use crate::config::{self, Settings};
use crate::keeper::{Keeper, OpenStore};

/// Whose password.
#[derive(clap::Args)]
pub struct Args {
    /// The configuration file (default: ownkey.toml, if there is one).
    #[arg(long)]
    config: Option<PathBuf>,
    /// The mail address of the account.
    mail: Mail,
}

/// Prints a link by which somebody who forgot his password chooses another one.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let settings = config::load(args.config.as_deref(), config::our_variables(std::env::vars_os())?)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let made = runtime.block_on(async {
        match Keeper::find(&settings).await? {
            Keeper::Us(open) => here(&settings, &open, args.mail.clone()).await,
            Keeper::Server(server) => {
                let answer = server.post("reset-link", &json!({"mail": args.mail})).await?;
                serde_json::from_value::<LinkMade>(answer).context("the server's answer is not understood")
            }
        }
    })?;
    say(&format!("Whoever opens this link chooses another password for {}. It works once and for a day:", args.mail));
    say(&format!("  {}", made.link));
    Ok(())
}

async fn here(settings: &Settings, open: &OpenStore, mail: Mail) -> anyhow::Result<LinkMade> {
    let tokens = open.keys.tokens(&open.keyring, &open.store).await?;
    let site = settings.server.site(settings.server.listen)?;
    let made = reset_link_for(&open.store, (&tokens, &site), mail, OpenStore::by()).await?;
    made.ok_or_else(|| anyhow!("there is no account of that mail address"))
}
