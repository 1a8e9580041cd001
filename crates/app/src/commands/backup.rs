//! `ownkey backup FILE`.

use std::path::PathBuf;

use anyhow::Context;
use ownkey_control::operator::{BackedUp, copy_to};
use serde_json::json;

use super::say;
use crate::config;
use crate::keeper::{Keeper, OpenStore};

/// Where to.
#[derive(clap::Args)]
pub struct Args {
    /// The configuration file (default: ownkey.toml, if there is one).
    #[arg(long)]
    config: Option<PathBuf>,
    /// The file to write; it must not be there yet.
    file: PathBuf,
}

/// Copies the database; for PostgreSQL tells how that is done.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let settings = config::load(args.config.as_deref(), config::our_variables(std::env::vars_os())?)?;
    if !settings.database.is_sqlite() {
        // Not the URL itself: it may hold a password.
        say("PostgreSQL is copied by its own tool; with the configured URL in OWNKEY_DATABASE__URL:");
        say(&format!("  pg_dump --format=custom --file={} \"$OWNKEY_DATABASE__URL\"", args.file.display()));
        return Ok(());
    }
    let file = std::path::absolute(&args.file).context("the file's path can't be made absolute")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let done = runtime.block_on(async {
        match Keeper::find(&settings).await? {
            Keeper::Us(open) => Ok(copy_to(&open.store, &file, OpenStore::by()).await?),
            Keeper::Server(server) => {
                let answer = server.post("backup", &json!({"file": file})).await?;
                serde_json::from_value::<BackedUp>(answer).context("the server's answer is not understood")
            }
        }
    })?;
    say(&format!("Wrote {} ({} bytes). The KEK is not in it: keep that elsewhere.", done.file.display(), done.bytes));
    say("After a restore run `ownkey check --after-restore` before `ownkey serve`.");
    Ok(())
}
