//! The simulator as a program.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use ownkey_sim::provider::Provider;
use ownkey_sim::serve::{Port, listen, serve};
use ownkey_sim::sim::Sim;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// Simulated Anthropic and OpenAI for tests, a service that is no model, and an identity provider.
#[derive(Parser)]
#[command(version)]
struct Options {
    /// Where OpenAI listens; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:9801")]
    openai: SocketAddr,
    /// Where Anthropic listens.
    #[arg(long, default_value = "127.0.0.1:9802")]
    anthropic: SocketAddr,
    /// Where a service listens that is no model; absent for none.
    #[arg(long)]
    service: Option<SocketAddr>,
    /// Where an identity provider listens; absent for none.
    #[arg(long)]
    identity: Option<SocketAddr>,
    /// Where the control port listens.
    #[arg(long, default_value = "127.0.0.1:9800")]
    control: SocketAddr,
    /// Append each ended call to this file as one line of JSON.
    #[arg(long)]
    log: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            let _ = writeln!(std::io::stderr(), "ownkey-sim: {message}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> Result<(), String> {
    let file = match &options.log {
        Some(path) => {
            let file = std::fs::File::options().create(true).append(true).open(path);
            Some(file.map_err(|error| format!("cannot open {}: {error}", path.display()))?)
        }
        None => None,
    };
    let (openai, openai_at) = bind("openai", options.openai)?;
    let (anthropic, anthropic_at) = bind("anthropic", options.anthropic)?;
    let service = options.service.map(|address| bind("service", address)).transpose()?;
    let identity = options.identity.map(|address| bind("identity", address)).transpose()?;
    let (control, control_at) = bind("control", options.control)?;
    let mut end = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
    let mut stop = signal(SignalKind::interrupt()).map_err(|error| error.to_string())?;
    let sim = Arc::new(Sim::new(file));
    tokio::spawn(serve(openai, Arc::clone(&sim), Port::Provider(Provider::OpenAi)));
    tokio::spawn(serve(anthropic, Arc::clone(&sim), Port::Provider(Provider::Anthropic)));
    let mut more = String::new();
    if let Some((service, service_at)) = service {
        tokio::spawn(serve(service, Arc::clone(&sim), Port::Provider(Provider::Service)));
        more.push_str(&format!(",\"service\":\"http://{service_at}/api\""));
    }
    if let Some((identity, identity_at)) = identity {
        tokio::spawn(serve(identity, Arc::clone(&sim), Port::Identity));
        more.push_str(&format!(",\"identity\":\"http://{identity_at}\""));
    }
    tokio::spawn(serve(control, sim, Port::Control));
    let at = format!(
        "{{\"openai\":\"http://{openai_at}/v1\",\"anthropic\":\"http://{anthropic_at}\",\"control\":\"http://{control_at}\"{more}}}"
    );
    let mut out = std::io::stdout();
    writeln!(out, "{at}").and_then(|()| out.flush()).map_err(|error| error.to_string())?;
    tokio::select! {
        _ = end.recv() => {}
        _ = stop.recv() => {}
    }
    Ok(())
}

fn bind(name: &str, address: SocketAddr) -> Result<(TcpListener, SocketAddr), String> {
    let failed = |error| format!("cannot listen on {address} for {name}: {error}");
    let listener = listen(address).map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}
