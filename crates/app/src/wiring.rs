//! Puts the parts together and runs them until told to stop.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use ownkey_connections::{Connections, UnderWay, keep_fresh};
use ownkey_control::operator::setup_link;
use ownkey_control::{Control, Endpoint, HashCost, LadderLimits, Logins, Passwords, Throttle};
use ownkey_domain::catalogue::Catalogue;
use ownkey_domain::provider::Provider;
use ownkey_gateway::connections as over_connections;
use ownkey_gateway::directory::Directory;
use ownkey_gateway::edge::{Entrance, Identity};
use ownkey_gateway::metrics::Metrics;
use ownkey_gateway::rates::{Exceeded, Quota, Rates, Subject};
use ownkey_gateway::services::{self, Services};
use ownkey_gateway::upstream::{BaseUrl, Upstream};
use ownkey_gateway::{BodyRoom, Gateway, Plane, Rest, client, edge};
use ownkey_providers::key::hint;
use ownkey_store::{Actor, By, Holds, Journal, JournalLimits, Store, StoreConfig};
use ownkey_vault::{Keyring, PlatformKeyHasher};
use ownkey_webhooks::Webhooks;
use secrecy::SecretString;
use tokio::net::{TcpListener, TcpSocket};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::commands::say;
use crate::config::providers::ProviderSettings;
use crate::config::services::without_credential;
use crate::config::{Settings, Tls};
use crate::connections::HostTokens;
use crate::dashboard::Page;
use crate::health::KeyHealth;
use crate::journal::{self, JournalLedger};
use crate::ledger::{self, LedgerKeeper};
use crate::managed_keys::ManagedKeys;
use crate::reload::{Reload, Reread};
use crate::server::{Admin, Current, Server};
use crate::taking_over::TakingOver;
use crate::vaulting::{self, SystemKeys};
use crate::webhooks::Sending;
use crate::{clock, directory, retention};

/// How long the admin listener's last answers may take at the end; they are short.
const ADMIN_GRACE: Duration = Duration::from_secs(1);

/// How long refreshes that are under way may take at the end: an answer that is not awaited is lost.
const REFRESH_GRACE: Duration = Duration::from_secs(15);

/// Runs the server until it is told to stop, then lets open calls end.
pub async fn serve(settings: Settings, reread: Reread) -> anyhow::Result<()> {
    // From here on the signal does not end the process.
    let hangup = signal(SignalKind::hangup()).context("cannot listen for SIGHUP")?;
    let keyring = settings.vault.keyring()?;
    let identity = settings.server.tls.as_ref().map(Tls::identity).transpose()?;
    let store_config = StoreConfig::new(&settings.database.url);
    vaulting::check_store(&keyring, &store_config).await?;
    let store = Store::open(&store_config).await.context("cannot open the store")?;
    // Bound before anything is written: a taken port leaves no trace.
    let (public, shown) = entrance(&settings, identity)?;
    let admin = match settings.server.admin_listen {
        Some(address) => Some(bind(address)?),
        None => None,
    };
    vaulting::record_keks(&keyring, &store).await?;
    let keys = SystemKeys::open(&keyring, &store).await?;
    store.set_audit_mac(keys.audit_mac(&keyring, &store).await?);
    let (journal, takeover) = store.open_journal(&settings.database.journal_dir, JournalLimits::default()).await?;
    let health = Arc::new(KeyHealth::start(&store).await?);
    let (holds, holding) = store.holds(journal.node(), Arc::new(clock::now));
    let left = store.held_by(journal.node()).await?;
    store.node_lives(journal.node()).await?;
    tokio::spawn(holding.run());
    let (stop, stopped) = watch::channel(false);
    let taking_over = TakingOver::start(takeover.run(clock::now, wait(stopped.clone())), stopped);
    let logins = Arc::new(Logins::new(Passwords::new(HashCost::default())?));
    let directory = directory::follow(&store, settings.limits.workspaces_in_memory);
    let lasting = Lasting::new(
        (store, directory, public.listener.local_addr()?),
        (journal, holds, health),
        taking_over.alive(),
        (BodyRoom::new(&settings.limits), logins),
    );
    invite_the_operator(&settings, (&keyring, &keys), &lasting).await?;
    let keeping = LedgerKeeper { store: lasting.store.clone(), node: lasting.journal.node(), left };
    tokio::spawn(keeping.run(clock::now));
    let current = Arc::new(Current::new(assemble(&settings, keyring, &lasting).await?));
    let reload = Reload { reread, lasting, current: Arc::clone(&current), shown, started: settings };
    run(current, Listeners { public, admin }, (reload, hangup), (stop, taking_over)).await
}

/// What lasts as long as the process. All else is made anew from each configuration that is read.
#[derive(Clone)]
pub struct Lasting {
    /// The store.
    pub store: Store,
    /// What the data plane remembers of it.
    pub directory: Arc<Directory>,
    journal: Arc<Journal>,
    holds: Holds,
    health: Arc<KeyHealth>,
    managed_keys: Arc<ManagedKeys>,
    metrics: Arc<Metrics>,
    rates: Arc<Rates>,
    /// Whether the take-over of the journal runs.
    alive: watch::Receiver<bool>,
    /// The word that ends calls, also those of gateways that were replaced.
    cut_off: watch::Sender<bool>,
    rest: Rest,
    body_room: BodyRoom,
    key_tests: Arc<Throttle>,
    logins: Arc<Logins>,
    /// What refreshing counts.
    refreshing: Arc<ownkey_connections::Metrics>,
    /// What is being refreshed, also by configurations that were replaced.
    under_way: Arc<UnderWay>,
    /// The connections as the configuration last read makes them; none before it is read.
    connections: watch::Sender<Option<Arc<Connections>>>,
    /// What tells webhooks.
    sending: Sending,
    /// Where the public listener is bound.
    listening: SocketAddr,
}

impl Lasting {
    fn new(
        (store, directory, listening): (Store, Arc<Directory>, SocketAddr),
        (journal, holds, health): (Arc<Journal>, Holds, Arc<KeyHealth>),
        alive: watch::Receiver<bool>,
        (body_room, logins): (BodyRoom, Arc<Logins>),
    ) -> Self {
        let rates = Arc::new(Rates::new(Instant::now()));
        let cut_off = watch::Sender::new(false);
        let key_tests = Arc::new(Throttle::new(LadderLimits::default().tests_per_minute));
        let (metrics, managed_keys, rest) = (Arc::default(), Arc::default(), Rest::default());
        let (refreshing, under_way) = (Arc::default(), Arc::default());
        Self {
            store,
            directory,
            journal,
            holds,
            health,
            managed_keys,
            metrics,
            rates,
            alive,
            cut_off,
            rest,
            body_room,
            key_tests,
            logins,
            refreshing,
            under_way,
            connections: watch::Sender::new(None),
            sending: Sending::new(),
            listening,
        }
    }

    /// Where the data plane's money and receipts go.
    fn ledger(&self) -> Arc<JournalLedger> {
        let (journal, health) = (Arc::clone(&self.journal), Arc::clone(&self.health));
        let managed_keys = Arc::clone(&self.managed_keys);
        Arc::new(JournalLedger { journal, holds: self.holds.clone(), health, managed_keys })
    }
}

/// While there is no person who runs this installation, every start prints a link that makes him. To the standard
/// output: it is no line of the log, which goes to more places.
async fn invite_the_operator(
    settings: &Settings,
    (keyring, keys): (&Keyring, &SystemKeys),
    lasting: &Lasting,
) -> anyhow::Result<()> {
    let (store, by) = (&lasting.store, By::new(Actor::System, clock::now()));
    let (tokens, site) = (keys.tokens(keyring, store).await?, settings.server.site(lasting.listening)?);
    if let Some(made) = setup_link(store, (&tokens, &site), by).await? {
        say(
            "No operator can sign in yet. Whoever opens this link first becomes the operator (it works once and for a day):",
        );
        say(&format!("  {}", made.link));
    }
    Ok(())
}

/// What both planes use.
struct Shared {
    keyring: Arc<Keyring>,
    keys: SystemKeys,
    catalogue: Arc<Catalogue>,
    lasting: Lasting,
    plane: Plane,
    connections: Arc<Connections>,
    webhooks: Arc<Webhooks>,
}

struct Listeners {
    public: Entrance,
    admin: Option<TcpListener>,
}

/// Both planes, as the configuration says.
pub async fn assemble(settings: &Settings, keyring: Keyring, lasting: &Lasting) -> anyhow::Result<Server> {
    let keys = SystemKeys::open(&keyring, &lasting.store).await?;
    let catalogue = Arc::clone(&settings.rules.catalogue);
    let plane = plane(settings, keys.hasher(&keyring, &lasting.store).await?, lasting)?;
    let keyring = Arc::new(keyring);
    let connections = Arc::new(connections(settings, &keyring, lasting)?);
    let webhooks = Arc::new(lasting.sending.assemble(&settings.webhooks, &lasting.store, &keyring)?);
    let shared = Shared { keyring, keys, catalogue, lasting: lasting.clone(), plane, connections, webhooks };
    let (cors, proxies) = (settings.server.cors.clone(), settings.server.trusted_proxies.clone());
    let server = Server {
        gateway: gateway(settings, &shared)?,
        services: services(settings, &shared),
        connections: calls_over_connections(settings, &shared),
        control: control(settings, &shared).await?,
        dashboard: Page::new(&settings.dashboard.product_name),
        cors,
        proxies,
    };
    lasting.connections.send_replace(Some(shared.connections));
    lasting.sending.go_by(shared.webhooks);
    Ok(server)
}

async fn run(
    server: Arc<Current>,
    listeners: Listeners,
    (reload, hangup): (Reload, Signal),
    (stop, taking_over): (watch::Sender<bool>, TakingOver),
) -> anyhow::Result<()> {
    let limits = reload.started.limits.clone();
    let lasting = reload.lasting.clone();
    let admin = listeners.admin.map(|listener| {
        let admin = Arc::new(Admin { metrics: rendered(&lasting) });
        let (limits, stopped) = (limits.clone(), stop.subscribe());
        tokio::spawn(async move { edge::serve(Entrance::plain(listener), admin, &limits, wait(stopped)).await })
    });
    let sweeping = tokio::spawn(retention::keep(lasting.store.clone(), reload.started.retention, clock::now));
    let refreshing = tokio::spawn(keep_fresh(lasting.connections.subscribe()));
    let sending = lasting.sending.start();
    let reloading = tokio::spawn(reload.at_each(hangup));
    let end = async {
        tokio::select! {
            () = terminated() => {}
            // Receipts would pile up, and no reader would see one: better to end than to go on like that.
            () = taking_over.ended() => {}
        }
    };
    let (address, tls) = (listeners.public.listener.local_addr()?, listeners.public.identity.is_some());
    tracing::info!(%address, tls, "serving");
    edge::serve(listeners.public, server, &limits, end).await;
    reloading.abort();
    sweeping.abort();
    refreshing.abort();
    if tokio::time::timeout(REFRESH_GRACE, lasting.under_way.rest()).await.is_err() {
        tracing::warn!("a provider of connections did not answer in time; its answer may be lost");
    }
    lasting.sending.end(&sending).await;
    tracing::info!("no calls are open; taking over the last receipts");
    let _ = stop.send(true);
    let taken_over = taking_over.finish().await;
    if let Some(mut admin) = admin
        && tokio::time::timeout(ADMIN_GRACE, &mut admin).await.is_err()
    {
        admin.abort();
    }
    // So that the database is one file, without a log beside it.
    lasting.store.close().await;
    taken_over
}

/// What all calls are made with.
fn plane(settings: &Settings, hasher: PlatformKeyHasher, lasting: &Lasting) -> anyhow::Result<Plane> {
    let Lasting { directory, metrics, rates, cut_off, body_room, .. } = lasting;
    Ok(Plane {
        directory: Arc::clone(directory),
        hasher: Arc::new(hasher),
        client: client::client(&settings.limits)?,
        ledger: lasting.ledger(),
        rates: Arc::clone(rates),
        metrics: Arc::clone(metrics),
        cut_off: cut_off.clone(),
        body_room: body_room.clone(),
        limits: settings.limits.clone(),
        clock: clock::now,
        new_id: clock::request_id,
    })
}

fn gateway(settings: &Settings, shared: &Shared) -> anyhow::Result<Gateway> {
    let upstreams = Provider::ALL.map(|provider| upstream(provider, settings.providers.of(provider)));
    Ok(Gateway::new(ownkey_gateway::Parts {
        plane: shared.plane.clone(),
        keyring: Arc::clone(&shared.keyring),
        catalogue: Arc::clone(&shared.catalogue),
        plans: Arc::new(settings.rules.plans.clone().into_iter().collect()),
        credits: settings.rules.credits,
        managed: Arc::clone(&settings.rules.managed),
        managed_paths: settings.managed_paths.clone(),
        unlisted: settings.unlisted,
        ask_usage: settings.ask_usage,
        upstreams: upstreams.into_iter().collect::<anyhow::Result<_>>()?,
        rest: shared.lasting.rest.clone(),
        over_tls: settings.server.tls.is_some(),
    }))
}

fn services(settings: &Settings, shared: &Shared) -> Services {
    for service in without_credential(&settings.services) {
        tracing::warn!(service, "this service can't be called: the credential that it names is not set");
    }
    Services::new(services::Parts {
        plane: shared.plane.clone(),
        plans: Arc::new(settings.rules.plans.clone().into_iter().collect()),
        services: Arc::clone(&settings.services),
    })
}

fn calls_over_connections(settings: &Settings, shared: &Shared) -> over_connections::Connections {
    let hosts = Arc::clone(&settings.connections.hosts);
    over_connections::Connections::new(over_connections::Parts {
        plane: shared.plane.clone(),
        tokens: Arc::new(HostTokens { connections: Arc::clone(&shared.connections), hosts }),
    })
}

fn connections(settings: &Settings, keyring: &Arc<Keyring>, lasting: &Lasting) -> anyhow::Result<Connections> {
    let configured = &settings.connections;
    let site = settings.server.site(lasting.listening)?;
    Ok(Connections::new(ownkey_connections::Parts {
        store: lasting.store.clone(),
        keyring: Arc::clone(keyring),
        providers: configured.providers.clone(),
        times: configured.times,
        timeout: configured.timeout,
        callback: site.at(ownkey_control::CALLBACK),
        under_way: Arc::clone(&lasting.under_way),
        metrics: Arc::clone(&lasting.refreshing),
        clock: clock::now,
    })?)
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
        let managed_hint = provider_settings.managed_key.as_ref().map(|key| hint(provider, key.0.expose_str()));
        endpoints.insert(provider, Endpoint::new(&urls, managed_hint)?);
    }
    let Lasting { store, alive, directory, managed_keys, .. } = shared.lasting.clone();
    let control = Control::new(ownkey_control::Parts {
        store: store.clone(),
        keyring: Arc::clone(&shared.keyring),
        hasher: shared.keys.hasher(&shared.keyring, &store).await?,
        catalogue: Arc::clone(&shared.catalogue),
        plans: settings.rules.plans.clone(),
        credits: settings.rules.credits,
        managed_paths: settings.managed_paths.clone(),
        services: settings.services.iter().map(|(name, metered)| (name.clone(), metered.service.clone())).collect(),
        endpoints,
        operator_tokens: settings.operator.tokens.iter().map(|t| SecretString::from(t.expose())).collect(),
        clock: Arc::new(clock::now),
        config_file: settings.file.clone(),
        managed_keys: Arc::new(move |provider| managed_keys.of(provider)),
        metrics: rendered(&shared.lasting),
        ready: Arc::new(move || {
            let (store, taking_over, trusted) = (store.clone(), *alive.borrow(), directory.is_trusted());
            Box::pin(async move {
                if !taking_over {
                    return Err("the receipt journal is not taken over any more".to_owned());
                }
                if !trusted {
                    return Err("changes made by other nodes are not heard of".to_owned());
                }
                store.ping().await.map_err(|error| error.to_string())
            })
        }),
        ladder: LadderLimits::default(),
        throttle: Arc::clone(&shared.lasting.key_tests),
        logins: Arc::clone(&shared.lasting.logins),
        tokens: shared.keys.tokens(&shared.keyring, &shared.lasting.store).await?,
        site: settings.server.site(shared.lasting.listening)?,
        product_name: settings.dashboard.product_name.clone(),
        connections: Arc::clone(&shared.connections),
        webhooks: Arc::clone(&shared.webhooks),
        webhooks_asked: Arc::clone(&shared.lasting.sending.asked),
        key_rates: key_rates(Arc::clone(&shared.lasting.rates)),
    })?;
    Ok(ownkey_control::router(Arc::new(control)))
}

/// One quota of a platform key for calls of models and for what it fetches of the management API.
fn key_rates(rates: Arc<Rates>) -> ownkey_control::KeyRates {
    Arc::new(move |key| {
        let quota = Quota { requests: key.requests_per_minute, tokens: None };
        let taken = rates.admit(&[(Subject::Key(key.id), quota)], Instant::now());
        taken.map(drop).map_err(Exceeded::wait_s)
    })
}

fn rendered(lasting: &Lasting) -> ownkey_control::Metrics {
    let (metrics, journal, store) = (Arc::clone(&lasting.metrics), Arc::clone(&lasting.journal), lasting.store.clone());
    let (refreshing, sending) = (Arc::clone(&lasting.refreshing), lasting.sending.clone());
    Arc::new(move || {
        let mut text = String::new();
        metrics.render(&mut text);
        refreshing.render(&mut text);
        sending.render(&mut text);
        text.push_str(&journal::metrics(&journal));
        text.push_str(&ledger::metrics(&store));
        text
    })
}

/// The public listener, and where to put the identity that it shows from then on, if it shows one.
fn entrance(
    settings: &Settings,
    identity: Option<Identity>,
) -> anyhow::Result<(Entrance, Option<watch::Sender<Identity>>)> {
    let (shown, identity) = identity.map(watch::channel).unzip();
    let listener = bind(settings.server.listen)?;
    let (proxies, proxies_only) = (settings.server.trusted_proxies.clone(), identity.is_none());
    Ok((Entrance { listener, identity, proxies, proxies_only }, shown))
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
