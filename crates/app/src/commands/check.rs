//! `ownkey check`: what is wrong, before a start finds out.

use std::path::PathBuf;

use anyhow::{Context, bail};
use ownkey_vault::Origin;

use super::say;
use crate::config::{self, Settings};
use crate::keeper::{Keeper, OpenStore};

/// What to check.
#[derive(clap::Args)]
pub struct Args {
    /// The configuration file (default: ownkey.toml, if there is one).
    #[arg(long)]
    config: Option<PathBuf>,
    /// After a restore: mark all provider keys as to be tested, and list open holds. The server must be stopped.
    #[arg(long)]
    after_restore: bool,
}

/// Provider keys read at a time.
const KEYS_AT_A_TIME: u32 = 500;
/// Holds that are listed; more than these are counted.
const HOLDS_SHOWN: u32 = 100;

/// Validates configuration, vault and store.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let settings = config::load(args.config.as_deref(), std::env::vars().collect())?;
    say("configuration: ok");
    if settings.operator.tokens.is_empty() {
        say("configuration: no operator token, so nobody can make workspaces; `ownkey init` writes one");
    }
    let keyring = settings.vault.keyring()?;
    say(&format!("vault: ok, active KEK {}", keyring.active_id()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match Keeper::find(&settings).await? {
            Keeper::Server(_) if args.after_restore => bail!("the store is in use: stop the server first"),
            Keeper::Server(server) => {
                server.connect().await?;
                say("store: in use by a running server, which is checked at /readyz");
                Ok(())
            }
            Keeper::Us(open) => {
                open.store.ping().await?;
                say("store: ok");
                if args.after_restore {
                    after_restore(&open).await?;
                }
                keys(&settings, &open).await
            }
        }
    })
}

/// Whether each key opens and may be sent where it is bound to.
async fn keys(settings: &Settings, open: &OpenStore) -> anyhow::Result<()> {
    let (mut total, mut unreadable, mut homeless) = (0_u64, 0_u64, 0_u64);
    let mut after = None;
    loop {
        let found = open.store.sealed_credentials(after, KEYS_AT_A_TIME).await?;
        let Some(last) = found.last() else { break };
        after = Some(last.stored.id);
        for held in &found {
            total += 1;
            if !ownkey_control::operator::opens(&open.keyring, held) {
                unreadable += 1;
                say(&format!("provider key {} of {}: can't be opened", held.stored.id, held.workspace));
                continue;
            }
            let mut urls = settings.providers.of(held.stored.provider).urls();
            if !urls.any(|url| Origin::of_url(url).is_ok_and(|origin| origin.to_string() == held.stored.origin)) {
                homeless += 1;
                say(&format!(
                    "provider key {} of {}: bound to {}, which is not configured",
                    held.stored.id, held.workspace, held.stored.origin
                ));
            }
        }
    }
    if unreadable + homeless == 0 {
        say(&format!("provider keys: ok, {total}"));
        return Ok(());
    }
    bail!(
        "{unreadable} of {total} provider keys can't be opened (their workspaces must paste them again) and {homeless} \
         are bound to an address that is not configured (configure it, or `ownkey vault rebind`)"
    )
}

async fn after_restore(open: &OpenStore) -> anyhow::Result<()> {
    let doubted = open.store.doubt_credentials(OpenStore::by()).await.context("the keys could not be marked")?;
    say(&format!("provider keys: {doubted} marked as to be tested; keys that were removed after the backup are back"));
    let holds = open.store.open_holds(HOLDS_SHOWN).await?;
    say(&format!("open holds: {}", holds.len()));
    for hold in holds {
        say(&format!("  {} {} {} {} since {}", hold.workspace, hold.request, hold.amount, hold.asset, hold.since));
    }
    Ok(())
}
