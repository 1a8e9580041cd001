//! `ownkey check`: what is wrong, before a start finds out.

use std::path::PathBuf;

use ownkey_store::StoreConfig;

use super::say;
use crate::{config, vaulting};

/// What to check.
#[derive(clap::Args)]
pub struct Args {
    /// The configuration file (default: ownkey.toml, if there is one).
    #[arg(long)]
    config: Option<PathBuf>,
}

/// Validates configuration, vault and store. It changes nothing, and may run beside a server.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let settings = config::load(args.config.as_deref(), config::our_variables(std::env::vars_os())?)?;
    say("configuration: ok");
    for name in &settings.without_effect {
        say(&format!("warning: {name} has no effect: it names no section and field as OWNKEY_SERVER__LISTEN does"));
    }
    let keyring = settings.vault.keyring()?;
    say(&format!("vault: ok, active KEK {}", keyring.active_id()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match vaulting::check_store(&keyring, &StoreConfig::new(&settings.database.url)).await? {
            true => say("store: ok"),
            false => say("store: none yet; `ownkey serve` will make it"),
        }
        Ok(())
    })
}
