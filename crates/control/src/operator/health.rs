//! How the installation fares: the operator's own keys, the vault, the nodes, the database, the queue of receipts.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use ownkey_domain::id::{NodeId, WorkspaceId};
use ownkey_domain::managed_key::{ManagedKeyRecord, ManagedSeen};
use ownkey_domain::provider::Provider;
use ownkey_domain::time::Timestamp;
use ownkey_store::{NodeRecord, Queue, Store};
use ownkey_vault::{Keyring, WrappedDek};
use serde::Serialize;

use crate::auth::Access;
use crate::control::Control;
use crate::problem::{Problem, ProblemDocument};

const NODES_SHOWN: u32 = 50;
/// Data keys read at a time.
const STEP: u32 = 1_000;

/// How the installation fares.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = InstallationHealth)]
pub(crate) struct HealthView {
    /// This program's version.
    version: &'static str,
    /// Why calls can't be served; null if they can.
    not_ready: Option<String>,
    /// The operator's own keys, those that fail first.
    managed_keys: Vec<ManagedKeyView>,
    /// The key-encryption keys.
    kek: KekView,
    /// The database.
    database: DatabaseView,
    /// The processes that serve calls over this database, or did.
    nodes: Vec<NodeView>,
    /// Receipts on their way into the database, on the node that answers.
    queue: Option<QueueView>,
}

/// The operator's own key at a provider, as calls through the node that answers have found it since it started.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = ManagedKey)]
pub(crate) struct ManagedKeyView {
    /// The provider.
    #[schema(value_type = String)]
    provider: Provider,
    /// How the key begins and ends; null if there is none.
    hint: Option<String>,
    /// How it stands.
    state: ManagedState,
    /// Since when.
    #[schema(value_type = Option<String>)]
    since: Option<Timestamp>,
    /// When a call on it was last served.
    #[schema(value_type = Option<String>)]
    last_success_at: Option<Timestamp>,
    /// When a call on it last failed for a reason that is not the caller's.
    #[schema(value_type = Option<String>)]
    last_failure_at: Option<Timestamp>,
    /// Calls of the last hour.
    hour_calls: u64,
    /// Those of them that failed for a reason that is not the caller's.
    hour_failed: u64,
}

/// How the operator's own key stands, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ManagedState {
    /// The provider refuses it, or its account has no money.
    Refused,
    /// Its account is over its limit.
    Limited,
    /// The provider does not answer, or with an error of its own.
    Unavailable,
    /// Calls are served.
    Works,
    /// No call went out on it yet.
    Unused,
    /// None is configured.
    None,
}

/// The key-encryption keys, and how far the data keys are wrapped under the active one.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct KekView {
    /// The id of the active one.
    active: String,
    /// The ids of the others that are configured.
    others: Vec<String>,
    /// All data keys.
    data_keys: u64,
    /// Those that are wrapped under the active one.
    under_active: u64,
}

/// The database.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct DatabaseView {
    /// `sqlite` or `postgres`.
    kind: &'static str,
    /// Whether it answers and can be written.
    answers: bool,
}

/// A process that serves calls over this database, or did.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct NodeView {
    /// Its id.
    #[schema(value_type = String)]
    id: NodeId,
    /// Whether it lives.
    alive: bool,
    /// Whether it is the one that answers.
    this: bool,
    /// When it last said that it lives.
    #[schema(value_type = String)]
    seen_at: Timestamp,
}

/// Receipts on their way into the database.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct QueueView {
    /// Bytes that wait.
    waiting_bytes: u64,
    /// The most that may wait; a little before that, calls are turned away.
    most_bytes: u64,
    /// Receipts that the database refused since the start; they are kept in a file beside the journal.
    set_aside: u64,
}

/// Shows how the installation fares.
#[utoipa::path(
    get,
    path = "/api/v1/operator/health",
    operation_id = "get_health",
    tag = "operator",
    responses(
        (status = 200, body = HealthView),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn get(State(control): State<Arc<Control>>, _: Access) -> Result<Json<HealthView>, Problem> {
    let (store, now) = (control.store(), control.now());
    let offered = Provider::ALL.into_iter().filter(|provider| control.endpoint(*provider).is_some());
    let mut managed_keys: Vec<_> = offered.map(|provider| managed_key(&control, provider, now)).collect();
    managed_keys.sort_by_key(|key| key.state);
    let this = store.node();
    let node = |NodeRecord { id, alive, seen_at }| NodeView { id, alive, this: Some(id) == this, seen_at };
    Ok(Json(HealthView {
        version: env!("CARGO_PKG_VERSION"),
        not_ready: (control.parts.ready)().await.err(),
        managed_keys,
        kek: kek(store, &control.parts.keyring).await?,
        database: DatabaseView { kind: store.database_kind(), answers: store.ping().await.is_ok() },
        nodes: store.nodes(NODES_SHOWN).await?.into_iter().map(node).collect(),
        queue: store.queue().map(|Queue { waiting_bytes, most_bytes, set_aside }| QueueView {
            waiting_bytes,
            most_bytes,
            set_aside,
        }),
    }))
}

fn managed_key(control: &Control, provider: Provider, now: Timestamp) -> ManagedKeyView {
    let record: ManagedKeyRecord = (control.parts.managed_keys)(provider);
    let hour = record.last_hour(now);
    let hint = control.endpoint(provider).and_then(|endpoint| endpoint.managed_hint().map(str::to_owned));
    let (state, since) = match (&hint, record.standing) {
        (None, _) => (ManagedState::None, None),
        (Some(_), None) => (ManagedState::Unused, None),
        (Some(_), Some((seen, since))) => (seen.into(), Some(since)),
    };
    ManagedKeyView {
        provider,
        hint,
        state,
        since,
        last_success_at: record.served_at,
        last_failure_at: record.failed_at,
        hour_calls: hour.calls,
        hour_failed: hour.failed,
    }
}

impl From<ManagedSeen> for ManagedState {
    fn from(seen: ManagedSeen) -> Self {
        match seen {
            ManagedSeen::Served => Self::Works,
            ManagedSeen::Refused => Self::Refused,
            ManagedSeen::Limited => Self::Limited,
            ManagedSeen::Unavailable => Self::Unavailable,
        }
    }
}

async fn kek(store: &Store, keyring: &Keyring) -> Result<KekView, Problem> {
    let active = keyring.active_id();
    let is_under = |wrapped: Vec<u8>| WrappedDek::from_bytes(wrapped).is_ok_and(|dek| dek.kek_id() == active);
    let (mut data_keys, mut under_active) = (0_u64, 0_u64);
    let mut count = |wrapped: Vec<u8>| {
        data_keys = data_keys.saturating_add(1);
        under_active = under_active.saturating_add(u64::from(is_under(wrapped)));
    };
    if let Some(dek) = store.system_dek().await? {
        count(dek.wrapped);
    }
    let mut after: Option<WorkspaceId> = None;
    loop {
        let deks = store.workspace_deks(after, STEP).await?;
        let Some(last) = deks.last().map(|dek| dek.workspace) else { break };
        after = Some(last);
        deks.into_iter().for_each(|found| count(found.dek.wrapped));
    }
    let others = keyring.ids().filter(|id| *id != active).map(|id| id.as_str().to_owned());
    Ok(KekView { active: active.as_str().to_owned(), others: others.collect(), data_keys, under_active })
}
