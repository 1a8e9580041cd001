//! `ownkey vault rebind`.

use std::path::PathBuf;

use anyhow::{Context, anyhow, bail};
use ownkey_control::operator::{Move, RebindStep, rebind_step};
use ownkey_domain::provider::Provider;
use ownkey_vault::Origin;
use serde_json::json;

use super::say;
use crate::config;
use crate::keeper::{Keeper, OpenStore};

/// Which keys, from where to where.
#[derive(clap::Args)]
pub struct Args {
    /// The configuration file (default: ownkey.toml, if there is one).
    #[arg(long)]
    config: Option<PathBuf>,
    /// The provider that has moved.
    #[arg(long)]
    provider: String,
    /// The origin the keys are bound to, such as <https://old.example.com>.
    #[arg(long)]
    from: String,
    /// The origin they shall be sent to from now on; it must be configured.
    #[arg(long)]
    to: String,
}

/// Seals the keys anew, some at a time.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let settings = config::load(args.config.as_deref(), config::our_variables(std::env::vars_os())?)?;
    let origin = |text: &str| text.parse::<Origin>().map_err(|_| anyhow!("`{text}` is no scheme://host:port"));
    let provider: Provider = args.provider.parse().map_err(|_| anyhow!("there is no such provider"))?;
    let moved = Move { provider, from: origin(&args.from)?, to: origin(&args.to)? };
    if !settings.providers.of(provider).urls().any(|url| Origin::of_url(url).as_ref() == Ok(&moved.to)) {
        bail!("`{}` is not configured for {provider}: set its `base_url` (or `origins`) first", moved.to);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let done = runtime.block_on(async {
        let keeper = Keeper::find(&settings).await?;
        let mut done = RebindStep::default();
        loop {
            let step = step(&keeper, &moved, done.next.as_deref()).await?;
            done.rebound += step.rebound;
            done.unreadable += step.unreadable;
            done.next = step.next;
            if done.next.is_none() {
                return anyhow::Ok(done);
            }
        }
    })?;
    say(&format!(
        "{} keys of {provider} were bound to {} and are now bound to {}.",
        done.rebound, moved.from, moved.to
    ));
    if done.unreadable > 0 {
        bail!("{} keys can't be opened and stay as they are; the log names them", done.unreadable);
    }
    Ok(())
}

async fn step(keeper: &Keeper, moved: &Move, after: Option<&str>) -> anyhow::Result<RebindStep> {
    match keeper {
        Keeper::Server(server) => {
            let Move { provider, from, to } = moved;
            let (from, to) = (from.to_string(), to.to_string());
            let body = json!({"provider": provider.as_str(), "from": from, "to": to, "after": after});
            let answer = server.post("vault/rebind", &body).await?;
            serde_json::from_value(answer).context("the server's answer is not understood: is it of another version?")
        }
        Keeper::Us(open) => {
            let after = after.map(str::parse).transpose().context("a place that is none")?;
            Ok(rebind_step(&open.store, &open.keyring, moved, (after, OpenStore::by())).await?)
        }
    }
}
