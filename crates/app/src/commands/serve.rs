//! `ownkey serve`.

use std::path::PathBuf;

use tracing_subscriber::EnvFilter;

use crate::{config, wiring};

/// How to serve.
#[derive(clap::Args)]
pub struct Args {
    /// The configuration file (default: ownkey.toml, if there is one).
    #[arg(long)]
    config: Option<PathBuf>,
}

/// Runs the server until it is told to stop.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let settings = config::load(args.config.as_deref(), config::our_variables(std::env::vars_os())?)?;
    let filter = EnvFilter::try_from_env("OWNKEY_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    // That library logs messages whole, which anything may be pasted into.
    let filter = filter.add_directive("rmcp=off".parse()?);
    let colours = std::io::IsTerminal::is_terminal(&std::io::stderr());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colours).init();
    for name in &settings.without_effect {
        tracing::warn!(
            name,
            "this variable has no effect: it names no section and field as OWNKEY_SERVER__LISTEN does"
        );
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().thread_name("ownkey").build()?;
    let file = args.config.clone();
    let reread = Box::new(move || config::load(file.as_deref(), config::our_variables(std::env::vars_os())?));
    runtime.block_on(wiring::serve(settings, reread))
}
