//! What the data plane needs of a workspace, in one read.

use ownkey_domain::id::{CredentialId, WorkspaceId};
use ownkey_domain::policy::PayerPolicy;
use ownkey_domain::provider::Provider;

use sqlx::FromRow;
use uuid::Uuid;

use crate::db::on;
use crate::{Result, Store, StoreError, WrappedDek};

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
    /// Its DEK.
    pub dek: WrappedDek,
    /// Its current provider keys.
    pub credentials: Vec<StoredCredential>,
}

/// A provider key as stored: sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCredential {
    /// Its id.
    pub id: CredentialId,
    /// The provider it opens.
    pub provider: Provider,
    /// Where it may be sent: scheme, host, port.
    pub origin: String,
    /// The sealed key.
    pub sealed: Vec<u8>,
    /// The version of the sealed secret.
    pub secret_version: u32,
}

impl Store {
    /// A workspace as calls see it; `None` if there is none or it is deleted.
    pub async fn routing(&self, workspace: WorkspaceId) -> Result<Option<Routing>> {
        // One statement sees one state: two could pair an old policy with a new key.
        const SQL: &str = "SELECT w.plan, w.features, w.policy, w.wrapped_dek, w.dek_version, \
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
            dek: WrappedDek { wrapped: first.wrapped_dek.clone(), version: first.dek_version },
            credentials: rows.into_iter().filter_map(RoutingRow::credential).collect::<Result<_>>()?,
        }))
    }
}

#[derive(FromRow)]
struct RoutingRow {
    plan: String,
    features: String,
    policy: String,
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
    fn credential(self) -> Option<Result<StoredCredential>> {
        let id = CredentialId::from_uuid(self.id?);
        let (origin, sealed) = (self.origin?, self.sealed?);
        let (provider, version) = (self.provider?.parse(), u32::try_from(self.secret_version?));
        Some(match (provider, version) {
            (Ok(provider), Ok(secret_version)) => Ok(StoredCredential { id, provider, origin, sealed, secret_version }),
            _ => Err(StoreError::Corrupt("credential")),
        })
    }
}
