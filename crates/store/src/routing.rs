//! What the data plane needs of a workspace, in one read.

use ownkey_domain::agent::Agents;
use ownkey_domain::budget::Budget;
use ownkey_domain::id::{CredentialId, WorkspaceId};
use ownkey_domain::policy::{Fallback, PayerPolicy};
use ownkey_domain::provider::Provider;
use ownkey_domain::time::Timestamp;

use sqlx::FromRow;
use uuid::Uuid;

use crate::db::on;
use crate::{Result, Store, StoreError, WrappedDek, agents, budgets};

/// A workspace as calls see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Routing {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The id of its plan.
    pub plan: String,
    /// Features it has beyond its plan's.
    pub features: Vec<String>,
    /// Who it wants to pay.
    pub policy: PayerPolicy,
    /// The models that it has chosen for its agents.
    pub agents: Agents,
    /// When managed access may step in for its own keys.
    pub fallback: Fallback,
    /// The bounds that it has set itself.
    pub budgets: Vec<Budget>,
    /// When its periods begin, if not with the calendar's months.
    pub period_anchor: Option<Timestamp>,
    /// Its DEK.
    pub dek: WrappedDek,
    /// Its current provider keys.
    pub credentials: Vec<StoredCredential>,
}

impl Routing {
    /// The workspace's key at a provider. A row that no longer says whose it is stands for every provider without a
    /// sound one: it may be the key of any of them, and a call must not pass for one of a workspace without a key.
    pub fn credential(&self, provider: Provider) -> Option<&StoredCredential> {
        at_provider(&self.credentials, provider, |credential| credential.provider)
    }
}

/// The one at that provider, else one whose provider can't be read. There is one current key a provider at most, so
/// a damaged row is none of those that are told.
pub(crate) fn at_provider<T>(all: &[T], provider: Provider, of: impl Fn(&T) -> Option<Provider>) -> Option<&T> {
    let sound = all.iter().find(|one| of(one) == Some(provider));
    sound.or_else(|| all.iter().find(|one| of(one).is_none()))
}

/// A provider key as stored: sealed. What its row no longer tells is absent; such a key can't be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCredential {
    /// Its id.
    pub id: CredentialId,
    /// The provider it opens.
    pub provider: Option<Provider>,
    /// Where it may be sent: scheme, host, port.
    pub origin: String,
    /// The sealed key.
    pub sealed: Vec<u8>,
    /// The version of the sealed secret.
    pub secret_version: Option<u32>,
}

impl Store {
    /// A workspace as calls see it; `None` if there is none or it is deleted.
    pub async fn routing(&self, workspace: WorkspaceId) -> Result<Option<Routing>> {
        // One statement sees one state: two could pair an old policy with a new key.
        const SQL: &str = "SELECT w.plan, w.features, w.policy, w.agents, w.fallback, w.budgets, w.period_anchor, w.wrapped_dek, w.dek_version, \
            c.id, c.provider, c.origin, c.sealed, c.secret_version \
            FROM workspaces w LEFT JOIN credentials c ON c.workspace = w.id AND c.ended_at IS NULL \
            WHERE w.id = $1 AND w.deleted_at IS NULL ORDER BY c.provider";
        let rows: Vec<RoutingRow> =
            on!(self.inner.db.read(), c => sqlx::query_as(SQL).bind(workspace.uuid()).fetch_all(c).await)?;
        let Some(first) = rows.first() else { return Ok(None) };
        let (Ok(policy), Ok(features)) = (first.policy.parse(), serde_json::from_str(&first.features)) else {
            return Err(StoreError::Corrupt("workspace"));
        };
        Ok(Some(Routing {
            workspace,
            plan: first.plan.clone(),
            features,
            policy,
            agents: agents::parse(&first.agents)?,
            fallback: serde_json::from_str(&first.fallback).map_err(|_| StoreError::Corrupt("fallback"))?,
            budgets: budgets::parse(&first.budgets)?,
            period_anchor: first.period_anchor.map(Timestamp::from_millis),
            dek: WrappedDek { wrapped: first.wrapped_dek.clone(), version: first.dek_version },
            credentials: rows.into_iter().filter_map(RoutingRow::credential).collect(),
        }))
    }
}

#[derive(FromRow)]
struct RoutingRow {
    plan: String,
    features: String,
    policy: String,
    agents: String,
    fallback: String,
    budgets: String,
    period_anchor: Option<i64>,
    wrapped_dek: Vec<u8>,
    #[sqlx(try_from = "i64")]
    dek_version: u32,
    id: Option<Uuid>,
    provider: Option<String>,
    origin: Option<String>,
    sealed: Option<Vec<u8>>,
    secret_version: Option<i64>,
}

impl RoutingRow {
    /// The credential of this row; `None` if the workspace has none.
    fn credential(self) -> Option<StoredCredential> {
        let id = CredentialId::from_uuid(self.id?);
        let (origin, sealed) = (self.origin?, self.sealed?);
        let (provider, secret_version) = (self.provider?.parse().ok(), u32::try_from(self.secret_version?).ok());
        if provider.is_none() || secret_version.is_none() {
            tracing::error!(credential = %id, "the row of a provider key is damaged: the key counts as sealed");
        }
        Some(StoredCredential { id, provider, origin, sealed, secret_version })
    }
}
