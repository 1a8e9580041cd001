//! Puts the parts together and runs them until told to stop.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use ownkey_control::{Control, Endpoint, LadderLimits};
use ownkey_domain::catalogue::Catalogue;
use ownkey_domain::plan::{DEFAULT_PLAN, Plan};
use ownkey_domain::provider::Provider;
use ownkey_gateway::directory::Directory;
use ownkey_gateway::metrics::Metrics;
use ownkey_gateway::upstream::{BaseUrl, Upstream};
use ownkey_gateway::{Gateway, client, edge};
use ownkey_store::{Journal, JournalLimits, Store, StoreConfig};
use ownkey_vault::Keyring;
use secrecy::SecretString;
use tokio::net::{TcpListener, TcpSocket};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::clock;
use crate::config::Settings;
use crate::config::providers::ProviderSettings;
use crate::journal::{self, JournalLedger};
use crate::server::{Admin, Server};
use crate::source::{self, StoreSource};
use crate::taking_over::TakingOver;
use crate::vaulting::{self, SystemKeys};

/// Callers and workspaces kept in memory, each.
const DIRECTORY_ENTRIES: usize = 20_000;
/// How long the admin listener's last answers may take at the end; they are short.
const ADMIN_GRACE: Duration = Duration::from_secs(1);

/// Runs the server until it is told to stop, then lets open calls end.
pub async fn serve(settings: Settings) -> anyhow::Result<()> {
    let keyring = Arc::new(settings.vault.keyring()?);
    let store_config = StoreConfig::new(&settings.database.url);
    vaulting::check_store(&keyring, &store_config).await?;
    let store = Store::open(&store_config).await.context("cannot open the store")?;
    // Bound before anything is written: a taken port leaves no trace.
    let public = bind(settings.server.listen)?;
    let admin = match settings.server.admin_listen {
        Some(address) => Some(bind(address)?),
        None => None,
    };
    vaulting::record_keks(&keyring, &store).await?;
    let keys = SystemKeys::open(&keyring, &store).await?;
    store.set_audit_mac(keys.audit_mac(&keyring, &store).await?);
    let (journal, takeover) = store.open_journal(&settings.database.journal_dir, JournalLimits::default()).await?;
    let (stop, stopped) = watch::channel(false);
    let taking_over = TakingOver::start(takeover.run(wait(stopped.clone())), stopped);
    let (metrics, alive) = (Arc::new(Metrics::default()), taking_over.alive());
    let catalogue = Arc::new(Catalogue::builtin()?);
    let shared = Shared { keyring, keys, store, catalogue, metrics, journal, alive };
    let server =
        Arc::new(Server { gateway: gateway(&settings, &shared).await?, control: control(&settings, &shared).await? });
    run(&settings, server, Listeners { public, admin }, &shared, (stop, taking_over)).await
}

/// What both planes use.
struct Shared {
    keyring: Arc<Keyring>,
    keys: SystemKeys,
    store: Store,
    catalogue: Arc<Catalogue>,
    metrics: Arc<Metrics>,
    journal: Arc<Journal>,
    /// Whether the take-over of the journal runs.
    alive: watch::Receiver<bool>,
}

struct Listeners {
    public: TcpListener,
    admin: Option<TcpListener>,
}

async fn run(
    settings: &Settings,
    server: Arc<Server>,
    listeners: Listeners,
    shared: &Shared,
    (stop, taking_over): (watch::Sender<bool>, TakingOver),
) -> anyhow::Result<()> {
    let admin = listeners.admin.map(|listener| {
        let admin = Arc::new(Admin { metrics: rendered(shared) });
        let (limits, stopped) = (settings.limits.clone(), stop.subscribe());
        tokio::spawn(async move { edge::serve(listener, admin, &limits, wait(stopped)).await })
    });
    let end = async {
        tokio::select! {
            () = terminated() => {}
            // Receipts would pile up, and no reader would see one: better to end than to go on like that.
            () = taking_over.ended() => {}
        }
    };
    tracing::info!(address = %listeners.public.local_addr()?, "serving");
    edge::serve(listeners.public, server, &settings.limits, end).await;
    tracing::info!("no calls are open; taking over the last receipts");
    let _ = stop.send(true);
    let taken_over = taking_over.finish().await;
    if let Some(mut admin) = admin
        && tokio::time::timeout(ADMIN_GRACE, &mut admin).await.is_err()
    {
        admin.abort();
    }
    // So that the database is one file, without a log beside it.
    shared.store.close().await;
    taken_over
}

async fn gateway(settings: &Settings, shared: &Shared) -> anyhow::Result<Gateway> {
    let source = Box::new(StoreSource(shared.store.clone()));
    let directory = Arc::new(Directory::new(source, DIRECTORY_ENTRIES));
    let told = Arc::clone(&directory);
    shared.store.on_change(Box::new(move |change| source::tell(&told, change)));
    let upstreams = Provider::ALL.map(|provider| upstream(provider, settings.providers.of(provider)));
    Ok(Gateway::new(ownkey_gateway::Parts {
        directory,
        keyring: Arc::clone(&shared.keyring),
        hasher: Arc::new(shared.keys.hasher(&shared.keyring, &shared.store).await?),
        catalogue: Arc::clone(&shared.catalogue),
        plans: Arc::new(plans().into_iter().collect::<HashMap<_, _>>()),
        upstreams: upstreams.into_iter().collect::<anyhow::Result<_>>()?,
        client: client::client(&settings.limits)?,
        ledger: Arc::new(JournalLedger(Arc::clone(&shared.journal))),
        metrics: Arc::clone(&shared.metrics),
        limits: settings.limits.clone(),
        clock: clock::now,
        new_id: clock::request_id,
    }))
}

fn upstream(provider: Provider, settings: &ProviderSettings) -> anyhow::Result<Upstream> {
    let bases = settings.urls().map(BaseUrl::parse).collect::<Result<_, _>>()?;
    let managed_key = settings.managed_key.as_ref().map(|key| Arc::clone(&key.0));
    Ok(Upstream { provider, bases, managed_key })
}

async fn control(settings: &Settings, shared: &Shared) -> anyhow::Result<axum::Router> {
    let mut endpoints = BTreeMap::new();
    for provider in Provider::ALL {
        let provider_settings = settings.providers.of(provider);
        let urls: Vec<&str> = provider_settings.urls().collect();
        endpoints.insert(provider, Endpoint::new(&urls, provider_settings.managed_key.is_some())?);
    }
    let (store, alive) = (shared.store.clone(), shared.alive.clone());
    let control = Control::new(ownkey_control::Parts {
        store: shared.store.clone(),
        keyring: Arc::clone(&shared.keyring),
        hasher: shared.keys.hasher(&shared.keyring, &shared.store).await?,
        catalogue: Arc::clone(&shared.catalogue),
        plans: plans().into_iter().collect(),
        endpoints,
        operator_tokens: settings.operator.tokens.iter().map(|t| SecretString::from(t.expose())).collect(),
        clock: Arc::new(clock::now),
        metrics: rendered(shared),
        ready: Arc::new(move || {
            let (store, taking_over) = (store.clone(), *alive.borrow());
            Box::pin(async move {
                if !taking_over {
                    return Err("the receipt journal is not taken over any more".to_owned());
                }
                store.ping().await.map_err(|error| error.to_string())
            })
        }),
        ladder: LadderLimits::default(),
    })?;
    Ok(ownkey_control::router(Arc::new(control)))
}

/// Until plans are configuration there is one.
fn plans() -> [(String, Plan); 1] {
    [(DEFAULT_PLAN.to_owned(), Plan::default())]
}

fn rendered(shared: &Shared) -> ownkey_control::Metrics {
    let (metrics, journal) = (Arc::clone(&shared.metrics), Arc::clone(&shared.journal));
    Arc::new(move || {
        let mut text = String::new();
        metrics.render(&mut text);
        text.push_str(&journal::metrics(&journal));
        text
    })
}

/// Connections that may wait to be accepted: agents arrive in bursts, and the usual 128 would turn some away.
const BACKLOG: u32 = 4_096;

fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listen = || {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    listen().with_context(|| format!("cannot listen on {address}"))
}

async fn wait(mut stopped: watch::Receiver<bool>) {
    // An error means that the sender is gone, which is as good a reason to stop.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// Resolves when the process is asked to end.
async fn terminated() {
    let (Ok(mut term), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = term.recv() => tracing::info!("asked to stop: no new connections, open calls may end"),
        _ = interrupt.recv() => tracing::info!("interrupted: no new connections, open calls may end"),
    }
}
