//! The API with all that is behind it, and a way to call it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Method, Request};
use http_body_util::BodyExt;
use indexmap::IndexMap;
use ownkey_connections::{Connections, Endpoints, Place, Provider as Provided};
use ownkey_control::{
    CALLBACK, Control, Endpoint, HashCost, LadderLimits, Logins, Parts, Passwords, Site, Throttle, Tokens, router,
};
use ownkey_domain::catalogue::Catalogue;
use ownkey_domain::connection::RefreshTimes;
use ownkey_domain::managed_key::ManagedKeyRecord;
use ownkey_domain::money::{CreditPrice, CreditRate, MicroCredits};
use ownkey_domain::plan::{DEFAULT_PLAN, Managed, Plan};
use ownkey_domain::provider::Provider;
use ownkey_domain::scope::Scope;
use ownkey_domain::service::{Service, ServiceUnit};
use ownkey_domain::time::Timestamp;
use ownkey_store::{Store, StoreConfig};
use ownkey_vault::{Keyring, Origin, PepperId, PlatformKeyHasher, Secret};
use ownkey_webhooks::{Networks, Webhooks};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

use crate::fake::Fake;

pub const OPERATOR: &str = "operator-token-of-thirty-two-characters-or-more";
pub const NOW: i64 = 1_795_366_800_000;
pub const ANTHROPIC_KEY: &str = "sk-ant-api03-CANARYaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaAA";
pub const OTHER_KEY: &str = "sk-ant-api03-CANARYbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbAA";
pub const OPENAI_KEY: &str = "sk-proj-CANARYcccccccccccccccccccccccccccccT3BlbkFJcccccccccc";

/// A KEK, and another one.
pub const KEK: &str = "a:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
pub const OTHER_KEK: &str = "b:YWJjZGVmZ2hpamFiY2RlZmdoaWphYmNkZWZnaGlqYWI=";

/// A service that is called here, and one that is only booked.
fn services() -> BTreeMap<String, Service> {
    let service = |name: &str, unit, credits, is_served| Service {
        name: name.to_owned(),
        unit,
        credits: CreditPrice::parse(credits).unwrap(),
        items_max: None,
        is_served,
    };
    let all = [service("tool", ServiceUnit::Call, "0.05", true), service("phone", ServiceUnit::Second, "0.01", false)];
    all.into_iter().map(|service| (service.name.clone(), service)).collect()
}

pub struct App {
    router: Router,
    clock: Arc<AtomicI64>,
    /// Makes the readiness check panic.
    pub broken: Arc<AtomicBool>,
    /// What calls have shown of the operator's key at Anthropic.
    pub managed_key: Arc<Mutex<ManagedKeyRecord>>,
    pub store: Store,
    pub anthropic: Fake,
    pub openai: Fake,
    pub dir: Arc<TempDir>,
}

/// An answer.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
    pub body: Value,
}

/// A workspace with a platform key that has every scope.
#[derive(Clone)]
pub struct Tenant {
    pub id: String,
    pub key: String,
    pub key_id: String,
}

impl App {
    pub async fn new() -> Self {
        Self::with(LadderLimits { pause: Duration::ZERO, ..LadderLimits::default() }).await
    }

    pub async fn with(ladder: LadderLimits) -> Self {
        let (anthropic, openai) = (Fake::start().await, Fake::start().await);
        let dir = Arc::new(tempfile::tempdir().unwrap());
        let store = open_store(dir.path()).await;
        let clock = Arc::new(AtomicI64::new(NOW));
        let (broken, managed_key) = (Arc::default(), Arc::default());
        let mut app = Self { router: Router::new(), clock, broken, managed_key, store, anthropic, openai, dir };
        app.router = app.router_of(KEK, &app.anthropic.url, ladder);
        app
    }

    /// The same store under another KEK, or with Anthropic elsewhere.
    pub fn changed(&self, kek: &str, anthropic: &str) -> Self {
        let router = self.router_of(kek, anthropic, LadderLimits::default());
        let (clock, broken) = (Arc::clone(&self.clock), Arc::clone(&self.broken));
        let managed_key = Arc::clone(&self.managed_key);
        let (store, dir) = (self.store.clone(), Arc::clone(&self.dir));
        Self {
            router,
            clock,
            broken,
            managed_key,
            store,
            dir,
            anthropic: self.anthropic.clone(),
            openai: self.openai.clone(),
        }
    }

    fn router_of(&self, kek: &str, anthropic: &str, ladder: LadderLimits) -> Router {
        let openai = format!("{}/v1/", self.openai.url);
        let now = Arc::clone(&self.clock);
        let broken = Arc::clone(&self.broken);
        let control = Control::new(Parts {
            store: self.store.clone(),
            keyring: Arc::new(Keyring::parse(kek).unwrap()),
            hasher: PlatformKeyHasher::new(PepperId(1), &Secret::new(vec![7; 32])),
            catalogue: Arc::new(Catalogue::builtin().unwrap()),
            plans: plans(),
            credits: Some(CreditRate::parse("0.01", "1.5").unwrap()),
            managed_paths: Vec::new(),
            services: services(),
            endpoints: BTreeMap::from([
                (
                    Provider::Anthropic,
                    Endpoint::new(&[anthropic, "https://eu.example.com"], Some("sk-ant-…wxyz".to_owned())).unwrap(),
                ),
                (Provider::OpenAi, Endpoint::new(&[&openai], None).unwrap()),
            ]),
            operator_tokens: vec!["another-token-of-thirty-two-characters".into(), OPERATOR.into()],
            clock: Arc::new(move || Timestamp::from_millis(now.fetch_add(1, Ordering::SeqCst))),
            config_file: Some("/etc/ownkey/ownkey.toml".into()),
            managed_keys: {
                let record = Arc::clone(&self.managed_key);
                Arc::new(move |provider| match provider {
                    Provider::Anthropic => record.lock().unwrap().clone(),
                    Provider::OpenAi => ManagedKeyRecord::default(),
                })
            },
            metrics: Arc::new(|| "ownkey_up 1\n".to_owned()),
            ready: Arc::new(move || {
                let broken = broken.load(Ordering::SeqCst);
                Box::pin(async move {
                    assert!(!broken, "a secret of the readiness check");
                    Ok(())
                })
            }),
            throttle: Arc::new(Throttle::new(ladder.tests_per_minute)),
            ladder,
            logins: Arc::new(Logins::new(Passwords::new(HashCost { kib: 32, passes: 1 }).unwrap())),
            tokens: tokens(),
            site: site(),
            product_name: "Celune".to_owned(),
            connections: Arc::new(connections(self.store.clone(), kek)),
            webhooks: Arc::new(webhooks(self.store.clone(), kek)),
            webhooks_asked: Arc::new(Throttle::new(3)),
            key_rates: Arc::new(|_| Ok(())),
        });
        router(Arc::new(control.unwrap()))
    }

    pub fn clock(&self) -> impl Fn() -> Timestamp + Send + Sync + use<> {
        let now = Arc::clone(&self.clock);
        move || Timestamp::from_millis(now.load(Ordering::SeqCst))
    }

    pub fn pass(&self, time: Duration) {
        self.clock.fetch_add(i64::try_from(time.as_millis()).unwrap(), Ordering::SeqCst);
    }

    pub async fn send(&self, request: Request<Body>) -> Reply {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Reply { status: parts.status.as_u16(), headers: parts.headers, text, body }
    }

    /// Calls with a bearer credential (none if empty) and a JSON body (none if null).
    pub async fn call(&self, method: &str, path: &str, credential: &str, body: Value) -> Reply {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = Request::builder().method(method).uri(path).header("host", "127.0.0.1:8080");
        if !credential.is_empty() {
            request = request.header("authorization", format!("Bearer {credential}"));
        }
        let body = match body {
            Value::Null => Body::empty(),
            body => {
                request = request.header("content-type", "application/json");
                Body::from(body.to_string())
            }
        };
        self.send(request.body(body).unwrap()).await
    }

    /// Gives credits, or takes an order of another kind, as the operator, under that idempotency key.
    pub async fn order(&self, path: &str, key: &str, body: Value) -> Reply {
        let request = Request::post(path)
            .header("authorization", format!("Bearer {OPERATOR}"))
            .header("content-type", "application/json")
            .header("idempotency-key", key);
        self.send(request.body(Body::from(body.to_string())).unwrap()).await
    }

    pub async fn get(&self, path: &str, credential: &str) -> Reply {
        self.call("GET", path, credential, Value::Null).await
    }

    /// A new workspace on that plan.
    pub async fn tenant_on(&self, plan: &str) -> Tenant {
        let body = json!({"name": "Acme", "plan": plan});
        let made = self.call("POST", "/api/v1/workspaces", OPERATOR, body).await.is(201);
        let id = made.body["id"].as_str().unwrap().to_owned();
        let all: Vec<Scope> = Scope::ALL.to_vec();
        let (key_id, key) = self.key(&id, &all).await;
        Tenant { id, key, key_id }
    }

    pub async fn tenant(&self) -> Tenant {
        self.tenant_on(DEFAULT_PLAN).await
    }

    /// A new platform key: its id and its text.
    pub async fn key(&self, workspace: &str, scopes: &[Scope]) -> (String, String) {
        let path = format!("/api/v1/workspaces/{workspace}/api-keys");
        let made = self.call("POST", &path, OPERATOR, json!({"name": "k", "scopes": scopes})).await.is(201);
        let text = |name: &str| made.body[name].as_str().unwrap().to_owned();
        (text("id"), text("secret"))
    }

    /// Stores a provider key.
    pub async fn put_key(&self, tenant: &Tenant, provider: &str, key: &str) -> Reply {
        let path = format!("/api/v1/workspaces/current/provider-keys/{provider}");
        self.call("PUT", &path, &tenant.key, json!({"key": key})).await
    }

    /// What the list shows of a provider.
    pub async fn shown(&self, tenant: &Tenant, provider: &str) -> Value {
        let list = self.get("/api/v1/workspaces/current/provider-keys", &tenant.key).await.is(200);
        let all = list.body["data"].as_array().unwrap().clone();
        all.into_iter().find(|one| one["provider"] == provider).unwrap()
    }
}

impl Reply {
    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    #[track_caller]
    pub fn problem(self, status: u16, code: &str) -> Self {
        assert_eq!(self.headers["content-type"], "application/problem+json", "{}", self.text);
        assert_eq!((self.status, self.body["code"].as_str()), (status, Some(code)), "{}", self.text);
        assert_eq!(self.body["status"], status);
        self
    }
}

pub async fn open_store(dir: &Path) -> Store {
    let path = dir.join("test.db");
    let store = Store::open(&StoreConfig::new(format!("sqlite://{}", path.display()))).await.unwrap();
    store.set_audit_mac(Arc::new(|bytes: &[u8]| {
        // Enough of a MAC for a test: the chain only needs some 32 bytes that depend on the event.
        let mut mac = [0; 32];
        bytes.iter().enumerate().for_each(|(at, byte)| mac[at % 32] ^= byte);
        mac
    }));
    store
}

pub fn tokens() -> Tokens {
    Tokens::new(PlatformKeyHasher::new(PepperId(1), &Secret::new(vec![8; 32])))
}

pub fn site() -> Site {
    let origin = |url| Origin::of_url(url).unwrap();
    Site::new(Some(origin("https://keys.example.com")), &origin("http://127.0.0.1:8080"))
}

/// One provider, which is not there.
fn connections(store: Store, kek: &str) -> Connections {
    let at = |path: &str| format!("http://127.0.0.1:9/{path}");
    let endpoints = Endpoints { authorize: at("authorize"), token: at("token"), revoke: None, says_who: false };
    let provider = Provided::new("Calendar".to_owned(), Place::Known(endpoints), "ownkey".to_owned());
    Connections::new(ownkey_connections::Parts {
        store,
        keyring: Arc::new(Keyring::parse(kek).unwrap()),
        providers: BTreeMap::from([("calendar".to_owned(), provider)]),
        times: RefreshTimes { poll_ms: 300_000, margin_ms: 60_000 },
        timeout: Duration::from_secs(1),
        callback: site().at(CALLBACK),
        under_way: Arc::default(),
        metrics: Arc::default(),
        clock: || Timestamp::from_millis(NOW),
    })
    .unwrap()
}

fn webhooks(store: Store, kek: &str) -> Webhooks {
    Webhooks::new(ownkey_webhooks::Parts {
        store,
        keyring: Arc::new(Keyring::parse(kek).unwrap()),
        networks: Networks::default(),
        timeout: Duration::from_secs(1),
        slots: Arc::default(),
        metrics: Arc::default(),
        clock: || Timestamp::from_millis(NOW),
    })
    .unwrap()
}

fn plans() -> IndexMap<String, Plan> {
    let keyless = Plan { name: "Free".to_owned(), managed: Managed::Included, ..Plan::nothing("free") };
    let paid = |id: &str, allowance: &str| Plan {
        byok: true,
        managed: Managed::Credits,
        allowance_credits: Some(MicroCredits::parse(allowance).unwrap()),
        ..Plan::nothing(id)
    };
    let plans = [Plan::default(), keyless, paid("pro", "200"), paid("team", "500"), paid("prepaid", "5")];
    plans.into_iter().map(|plan| (plan.id.clone(), plan)).collect()
}
