//! `ownkey vault rotate`.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use anyhow::{Context, bail};
use ownkey_control::operator::{Rotated, rotate_step};
use serde_json::json;

use super::say;
use crate::config;
use crate::keeper::{Keeper, OpenStore};

/// What to rotate.
#[derive(clap::Args)]
pub struct Args {
    /// The configuration file (default: ownkey.toml, if there is one).
    #[arg(long)]
    config: Option<PathBuf>,
}

/// A second pass finds what was made during the first; a fifth has another reason.
const PASSES_MAX: u32 = 5;
const BAR_CELLS: u64 = 40;

/// Wraps every data key under the active KEK.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let settings = config::load(args.config.as_deref(), config::our_variables(std::env::vars_os())?)?;
    let active = settings.vault.keyring()?.active_id().to_string();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let keeper = Keeper::find(&settings).await?;
        let mut rewrapped = 0;
        for _ in 0..PASSES_MAX {
            let pass = pass(&keeper, &active).await?;
            rewrapped += pass.rewrapped;
            if pass.unreadable > 0 {
                bail!(
                    "{} of {} data keys can't be opened by any configured KEK and stay as they are (the log names \
                     them); do not remove a KEK before this is understood",
                    pass.unreadable,
                    pass.total
                );
            }
            if pass.rewrapped == 0 {
                say(&format!(
                    "All {} data keys are under the KEK `{active}`; {rewrapped} were wrapped anew.",
                    pass.total
                ));
                say("Older KEKs can be removed from the configuration now. Then send the server SIGHUP.");
                return Ok(());
            }
        }
        bail!("data keys under another KEK keep coming: is another server running with an older configuration?")
    })
}

/// Goes through all data keys once. `seen` of what it returns counts all of them.
async fn pass(keeper: &Keeper, active: &str) -> anyhow::Result<Rotated> {
    let mut progress = Progress { terminal: std::io::stderr().is_terminal() };
    let mut whole: Option<Rotated> = None;
    loop {
        let after = whole.as_ref().and_then(|so_far| so_far.next.clone());
        let step = step(keeper, after.as_deref()).await?;
        if step.kek != active {
            bail!(
                "the server's active KEK is `{}`, the configuration's is `{active}`: send the server SIGHUP first",
                step.kek
            );
        }
        let so_far = whole.map_or(step.clone(), |so_far| Rotated {
            seen: so_far.seen + step.seen,
            rewrapped: so_far.rewrapped + step.rewrapped,
            unreadable: so_far.unreadable + step.unreadable,
            ..step
        });
        progress.show(&so_far);
        if so_far.next.is_none() {
            return Ok(so_far);
        }
        whole = Some(so_far);
    }
}

async fn step(keeper: &Keeper, after: Option<&str>) -> anyhow::Result<Rotated> {
    match keeper {
        Keeper::Server(server) => {
            let answer = server.post("vault/rotate", &json!({"after": after})).await?;
            serde_json::from_value(answer).context("the server's answer is not understood: is it of another version?")
        }
        Keeper::Us(open) => {
            let after = after.map(str::parse).transpose().context("a place that is none")?;
            Ok(rotate_step(&open.store, &open.keyring, after, OpenStore::by()).await?)
        }
    }
}

/// A bar on a terminal, lines elsewhere.
struct Progress {
    terminal: bool,
}

impl Progress {
    fn show(&mut self, so_far: &Rotated) {
        let Rotated { seen, total, next, .. } = so_far;
        let mut out = std::io::stderr();
        let _ = if self.terminal {
            let filled = (seen * BAR_CELLS).checked_div(*total).unwrap_or(BAR_CELLS).min(BAR_CELLS);
            let bar: String = (0..BAR_CELLS).map(|cell| if cell < filled { '#' } else { '.' }).collect();
            let end = if next.is_none() { "\n" } else { "" };
            write!(out, "\r[{bar}] {seen} of {total} data keys{end}").and_then(|()| out.flush())
        } else {
            writeln!(out, "{seen} of {total} data keys")
        };
    }
}
