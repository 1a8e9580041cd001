//! `ownkey check`: what is wrong, before a start finds out.

use std::path::PathBuf;

use super::say;
use crate::{config, vaulting};

/// What to check.
#[derive(clap::Args)]
pub struct Args {
    /// The configuration file (default: ownkey.toml, if there is one).
    #[arg(long)]
    config: Option<PathBuf>,
}

/// Validates configuration, vault and store.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let settings = config::load(args.config.as_deref(), std::env::vars().collect())?;
    say("configuration: ok");
    let keyring = settings.vault.keyring()?;
    say(&format!("vault: ok, active KEK {}", keyring.active_id()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let store = ownkey_store::Store::open(&ownkey_store::StoreConfig::new(&settings.database.url)).await?;
        store.ping().await?;
        vaulting::check_keks(&keyring, &store).await?;
        say("store: ok");
        Ok(())
    })
}
