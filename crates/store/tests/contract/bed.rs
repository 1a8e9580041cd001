//! What every test stands on: an empty store, and things to put into it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ownkey_domain::caller::PlatformKey;
use ownkey_domain::id::{ApiKeyId, CredentialId, RequestId, WorkspaceId};
use ownkey_domain::money::{MicroCredits, PicoUsd};
use ownkey_domain::payer::PayerKind;
use ownkey_domain::platform_key;
use ownkey_domain::provider::Provider;
use ownkey_domain::receipt::{Outcome, Receipt, Timing};
use ownkey_domain::scope::Scope;
use ownkey_domain::time::Timestamp;
use ownkey_domain::usage::{Measured, TokenClass, Usage};
use ownkey_store::{
    Actor, AuditMac, By, Journal, JournalLimits, KeyPurpose, Limits, NewApiKey, NewCredential, NewWorkspace, Store,
    StoreConfig, WrappedDek,
};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use uuid::Uuid;

/// 2026-11-22 17:00 UTC.
pub const NOW: Timestamp = Timestamp::from_millis(1_795_366_800_000);
/// Longer than any test.
const LONG: Duration = Duration::from_secs(3600);
pub const BY: By = By::new(Actor::Operator, NOW);

pub struct Bed {
    pub store: Store,
    pub config: StoreConfig,
    pub dir: TempDir,
}

impl Bed {
    pub async fn sqlite() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("data/ownkey.db");
        Self::open(StoreConfig::new(format!("sqlite://{}", path.display())), dir).await
    }

    /// A database of its own on the server, if there is a server.
    pub async fn postgres() -> Option<Self> {
        Some(Self::open(StoreConfig::new(Self::postgres_database().await?), tempfile::tempdir().unwrap()).await)
    }

    /// The URL of an empty database of its own on the server, if there is a server.
    pub async fn postgres_database() -> Option<String> {
        let server = std::env::var("TEST_POSTGRES_URL").ok()?;
        let name = format!("ownkey_{}", Uuid::now_v7().simple());
        let mut connection = PgConnection::connect(&server).await.unwrap();
        sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut connection).await.unwrap();
        let (base, _) = server.rsplit_once('/').unwrap();
        Some(format!("{base}/{name}"))
    }

    /// Ends every connection that the database has (PostgreSQL only), as a restart of the server would.
    pub async fn cut_connections(&self) {
        const SQL: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
            WHERE datname = current_database() AND pid <> pg_backend_pid()";
        let mut connection = PgConnection::connect(&self.config.url).await.unwrap();
        sqlx::query(SQL).execute(&mut connection).await.unwrap();
    }

    pub async fn open(config: StoreConfig, dir: TempDir) -> Self {
        let store = Store::open(&config).await.unwrap();
        store.set_audit_mac(mac());
        Self { store, config, dir }
    }

    /// The same database in a new store, as after a restart.
    pub async fn reopen(self) -> Self {
        self.store.close().await;
        let Self { store, config, dir } = self;
        drop(store);
        Self::open(config, dir).await
    }

    /// Another node's store (PostgreSQL only).
    pub async fn beside(&self) -> Store {
        let store = Store::open(&self.config).await.unwrap();
        store.set_audit_mac(mac());
        store
    }

    /// Opens the journal and runs its takeover. Receipts that nobody waits for stay in the journal for as long as any test
    /// runs, so whatever is noticed of others does not come by itself.
    pub async fn start(&self, limits: JournalLimits) -> Running {
        let (journal, takeover) = self.store.open_journal(&self.journal_dir(), limits).await.unwrap();
        let takeover = takeover.lingering(LONG);
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(takeover.run(|| NOW, async move { drop(stopped.await) }));
        Running { journal, stop, task }
    }

    pub fn journal_dir(&self) -> PathBuf {
        self.dir.path().join("journal")
    }

    /// Runs a statement past the store, as damage or another program would.
    pub async fn execute(&self, sql: &str) {
        try_execute(&self.config.url, sql).await.unwrap();
    }

    pub async fn workspace(&self) -> WorkspaceId {
        let new = new_workspace();
        self.store.create_workspace(&new, BY).await.unwrap().id
    }
}

/// The same, which may be refused.
pub async fn try_execute(url: &str, sql: &str) -> Result<(), sqlx::Error> {
    let sql = AssertSqlSafe(sql.to_owned());
    if url.starts_with("sqlite") {
        let mut c = SqliteConnection::connect(url).await?;
        sqlx::query(sql).execute(&mut c).await.map(drop)
    } else {
        let mut c = PgConnection::connect(url).await?;
        sqlx::query(sql).execute(&mut c).await.map(drop)
    }
}

/// A journal and the task that takes it over.
pub struct Running {
    pub journal: Arc<Journal>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Running {
    /// Ends the takeover in the middle of what it does.
    pub async fn kill(self) -> Arc<Journal> {
        self.task.abort();
        // It says that it was aborted.
        drop(self.task.await);
        self.journal
    }

    /// Lets the takeover finish its work.
    pub async fn stop(self) -> Arc<Journal> {
        drop(self.stop);
        self.task.await.unwrap();
        self.journal
    }
}

/// A receipt of that workspace, with numbers that follow from `n`.
pub fn receipt(workspace: WorkspaceId, n: u32) -> Receipt {
    let at = NOW.plus_millis(i64::from(n) * 60_000);
    let seconds = u64::try_from(at.millis() / 1000).unwrap();
    let id = Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, 0));
    let served = !n.is_multiple_of(5);
    Receipt {
        id: RequestId::from_uuid(id),
        at,
        workspace,
        api_key: None,
        agent: (n.is_multiple_of(2)).then(|| "lead".to_owned()),
        user: (n.is_multiple_of(3)).then(|| "ada".to_owned()),
        client_request_id: Some(format!("c{n}")),
        route: "/v1/messages".to_owned(),
        service: None,
        provider: served.then_some(Provider::Anthropic),
        model: Some(format!("model-{}", n % 3)),
        model_served: None,
        stream: true,
        payer: served.then_some(PayerKind::Byok),
        credential: None,
        status: if served { 200 } else { 429 },
        error: (!served).then(|| "rate_limited".to_owned()),
        outcome: if served { Outcome::Complete } else { Outcome::Refused },
        credits: MicroCredits::new(i64::from(n)),
        overrun: MicroCredits::ZERO,
        credits_at_rate: None,
        included: false,
        cost_usd: (served && !n.is_multiple_of(4)).then(|| PicoUsd::new(i128::from(n) * 1000)),
        price_version: Some("1".to_owned()),
        credit_rate: None,
        usage: if served { Usage::default().with(TokenClass::Input, n.into()) } else { Usage::default() },
        measured: if served { Measured::Measured } else { Measured::Unknown },
        attempts: Vec::new(),
        timing: Timing { own_us: 40, upstream_first_ms: Some(3), total_ms: 5 },
        settlement: None,
        response: None,
    }
}

/// A keyed checksum will do for tests.
pub fn mac() -> AuditMac {
    Arc::new(|bytes| {
        let mut mac = [7u8; 32];
        for (i, byte) in bytes.iter().enumerate() {
            mac[i % 32] = mac[i % 32].wrapping_mul(31).wrapping_add(*byte);
        }
        mac
    })
}

pub fn new_workspace() -> NewWorkspace {
    NewWorkspace {
        id: WorkspaceId::from_uuid(Uuid::now_v7()),
        name: "Acme".to_owned(),
        external_id: None,
        plan: "default".to_owned(),
        features: vec!["apex".to_owned()],
        period_anchor: Some(NOW),
        dek: WrappedDek { wrapped: vec![1, 2, 3], version: 1 },
    }
}

pub fn new_credential(workspace: WorkspaceId, sealed: &[u8]) -> NewCredential {
    NewCredential {
        id: CredentialId::from_uuid(Uuid::now_v7()),
        workspace,
        provider: Provider::Anthropic,
        origin: "https://api.anthropic.com".to_owned(),
        sealed: sealed.to_vec(),
        secret_version: 1,
        hint: "…wxyz".to_owned(),
        test: None,
    }
}

pub fn new_api_key(workspace: WorkspaceId) -> NewApiKey {
    let id = Uuid::now_v7();
    let mut entropy = [0; platform_key::ENTROPY_LEN];
    entropy.iter_mut().zip(id.as_bytes().iter().rev().cycle()).for_each(|(e, b)| *e = *b);
    let limits = Limits { requests_per_minute: Some(60), tokens_per_minute: Some(1 << 40) };
    NewApiKey {
        name: "ci".to_owned(),
        lookup: platform_key::generate(&entropy).0,
        key: PlatformKey {
            requests_per_minute: limits.requests_per_minute,
            tokens_per_minute: limits.tokens_per_minute,
            id: ApiKeyId::from_uuid(id),
            workspace,
            scopes: vec![Scope::Inference, Scope::UsageRead],
            hash: [5; 32],
            pepper: 1,
            expires_at: Some(NOW.plus_millis(1000)),
        },
        limits,
        purpose: KeyPurpose::Own,
    }
}
