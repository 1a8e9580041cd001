//! `ownkey ledger check`.

use std::path::PathBuf;

use anyhow::{Context, bail};
use ownkey_control::operator::{LedgerChecked, check_ledger};
use serde_json::json;

use super::say;
use crate::config;
use crate::keeper::Keeper;

/// Which ledger.
#[derive(clap::Args)]
pub struct Args {
    /// The configuration file (default: ownkey.toml, if there is one).
    #[arg(long)]
    config: Option<PathBuf>,
}

/// Looks through the whole book. Fails if anything is wrong with it.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let settings = config::load(args.config.as_deref(), config::our_variables(std::env::vars_os())?)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let checked: LedgerChecked = runtime.block_on(async {
        match Keeper::find(&settings).await? {
            Keeper::Us(open) => Ok(check_ledger(&open.store).await?),
            Keeper::Server(server) => {
                let answer = server.post("ledger/check", &json!({})).await?;
                serde_json::from_value(answer)
                    .context("the server's answer is not understood: is it of another version?")
            }
        }
    })?;
    let LedgerChecked { accounts, transfers, holds, wrong, problems } = checked;
    say(&format!("ledger: {accounts} accounts, {transfers} transfers, {holds} open holds"));
    for problem in &problems {
        say(problem);
    }
    if wrong > 0 {
        bail!("the ledger is not sound: {wrong} problems; keep a copy of the database as it is before anything else");
    }
    say("ledger: ok");
    Ok(())
}
