//! How fast holds and settlements go, and how long a call waits for its hold: `cargo run --release --package
//! ownkey-store --example ledger_speed`. On SQLite in a folder of its own, and on PostgreSQL if `TEST_POSTGRES_URL` names
//! a database that may be written to.

#![expect(clippy::print_stdout, reason = "a figure is for whoever runs it")]

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use ownkey_domain::id::{GrantId, RequestId, WorkspaceId};
use ownkey_domain::ledger::{Amount, Charge, Funds, Grant, HoldCall, Order, Settlement};
use ownkey_domain::money::{MicroCredits, NanoUsd};
use ownkey_domain::payer::PayerKind;
use ownkey_domain::receipt::{Outcome, Receipt, Timing};
use ownkey_domain::time::Timestamp;
use ownkey_domain::usage::{Measured, Usage};
use ownkey_store::{Actor, By, Holds, Journal, JournalLimits, NewWorkspace, Store, StoreConfig, WrappedDek};
use serde_json::json;
use uuid::Uuid;

/// How long each case runs.
const SPAN: Duration = Duration::from_secs(5);
const WORKSPACES: usize = 100;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("ownkey.db");
    measure("SQLite", &format!("sqlite://{}", path.display()), &dir.path().join("journal")).await?;
    if let Ok(url) = std::env::var("TEST_POSTGRES_URL") {
        measure("PostgreSQL", &url, &dir.path().join("journal-postgres")).await?;
    }
    Ok(())
}

/// What a case needs.
struct Bench {
    store: Store,
    journal: Arc<Journal>,
    holds: Holds,
    workspaces: Vec<WorkspaceId>,
}

async fn measure(name: &str, url: &str, journal: &std::path::Path) -> Result<(), Box<dyn Error>> {
    let store = Store::open(&StoreConfig::new(url)).await?;
    store.set_audit_mac(Arc::new(|_| [0; 32]));
    let mut workspaces = Vec::new();
    for _ in 0..WORKSPACES {
        workspaces.push(workspace(&store).await?);
    }
    let (journal, takeover) = store.open_journal(journal, JournalLimits::default()).await?;
    tokio::spawn(takeover.run(|| Timestamp::from_millis(0), std::future::pending()));
    let (holds, holding) = store.holds(journal.node(), Arc::new(now));
    tokio::spawn(holding.run());
    let bench = Arc::new(Bench { store, journal, holds, workspaces });
    for callers in [1, 64, 512] {
        bench.run(name, callers).await?;
    }
    let check = bench.store.check_ledger().await?;
    println!("{name}: {} transfers, {} problems", check.transfers, check.problems.len());
    Ok(())
}

impl Bench {
    async fn run(self: &Arc<Self>, name: &str, callers: usize) -> Result<(), Box<dyn Error>> {
        let begun = Instant::now();
        let pairs = Arc::new(AtomicU64::new(0));
        let callers_tasks = (0..callers).map(|n| {
            let (bench, pairs) = (Arc::clone(self), Arc::clone(&pairs));
            tokio::spawn(async move { bench.call_on(n, begun, &pairs).await })
        });
        let tasks: Vec<_> = callers_tasks.collect();
        let mut waits = Vec::new();
        for task in tasks {
            waits.extend(task.await?);
        }
        self.store.catch_up(Duration::from_secs(60)).await?;
        let took = begun.elapsed();
        waits.sort_unstable();
        let at = |percent: usize| waits.get(waits.len().saturating_sub(1) * percent / 100).copied().unwrap_or_default();
        let rate = pairs.load(Ordering::Relaxed) * 1_000 / u64::try_from(took.as_millis())?.max(1);
        println!("{name}, {callers} callers: {rate} pairs/s, hold p50 {:?} p99 {:?}", at(50), at(99));
        Ok(())
    }

    /// Holds and settles until the time is over. How long each hold took.
    async fn call_on(&self, n: usize, begun: Instant, pairs: &AtomicU64) -> Vec<Duration> {
        let mut waits = Vec::new();
        let workspace = self.workspaces[n % self.workspaces.len()];
        while begun.elapsed() < SPAN {
            let charge = Charge { credits: MicroCredits::new(1_000), usd: NanoUsd::new(10_000) };
            let request = RequestId::from_uuid(Uuid::now_v7());
            let (funds, allowance) = (Funds::All, None);
            let draft = Some(Box::new(receipt(request, workspace, charge)));
            let call = HoldCall { request, workspace, amount: charge, funds, allowance, budgets: Vec::new(), draft };
            let asked = Instant::now();
            if self.holds.hold(call).await.is_err() {
                continue;
            }
            waits.push(asked.elapsed());
            if self.journal.append(receipt(request, workspace, charge)).is_ok() {
                pairs.fetch_add(1, Ordering::Relaxed);
            }
        }
        waits
    }
}

async fn workspace(store: &Store) -> Result<WorkspaceId, Box<dyn Error>> {
    let by = By::new(Actor::Operator, now());
    let new = NewWorkspace {
        id: WorkspaceId::from_uuid(Uuid::now_v7()),
        name: "bench".to_owned(),
        external_id: None,
        plan: "default".to_owned(),
        features: Vec::new(),
        period_anchor: None,
        dek: WrappedDek { wrapped: vec![1], version: 1 },
    };
    let id = store.create_workspace(&new, by).await?.id;
    let order = Order { reason: "bench".to_owned(), idempotency_key: None };
    let credits = Amount::at_least_zero(1 << 50);
    let grant = Grant { id: GrantId::from_uuid(Uuid::now_v7()), workspace: id, credits, expires_at: None, order };
    store.grant(&grant, (&json!(1), &json!(1)), by).await?;
    Ok(id)
}

fn receipt(id: RequestId, workspace: WorkspaceId, charge: Charge) -> Receipt {
    Receipt {
        id,
        at: now(),
        workspace,
        api_key: None,
        agent: None,
        user: None,
        client_request_id: None,
        route: "/v1/messages".to_owned(),
        service: None,
        provider: None,
        model: None,
        model_served: None,
        stream: false,
        payer: Some(PayerKind::Managed),
        credential: None,
        status: 200,
        error: None,
        outcome: Outcome::Complete,
        credits: charge.credits,
        overrun: MicroCredits::ZERO,
        credits_at_rate: None,
        included: false,
        cost_usd: None,
        price_version: None,
        credit_rate: None,
        usage: Usage::default(),
        measured: Measured::Measured,
        attempts: Vec::new(),
        timing: Timing::default(),
        settlement: Some(Settlement { charge, funds: Funds::All, ..Settlement::NOTHING }),
        response: None,
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
