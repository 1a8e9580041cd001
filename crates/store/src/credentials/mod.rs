//! Stored provider keys. One that ended is never used again: its sealed bytes are overwritten.

mod health;
mod rebind;
mod row;

use ownkey_domain::id::{CredentialId, WorkspaceId};
use ownkey_domain::provider::Provider;
use ownkey_domain::time::Timestamp;
use ownkey_domain::verdict::Explained;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::change::ChangeKind;
use crate::db::on;
use crate::mutation::Mutation;
use crate::routing::at_provider;
use crate::{By, Note, Result, Store, workspaces};
pub use health::Health;
pub use rebind::{Rebound, SealedCredential};
use row::{CredentialRow, TestColumns};

/// What people may know of a stored provider key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// Its id.
    pub id: CredentialId,
    /// Whose it is.
    pub workspace: WorkspaceId,
    /// The provider it opens; absent if the row is damaged.
    pub provider: Option<Provider>,
    /// Where it may be sent: scheme, host, port.
    pub origin: String,
    /// Its last characters, by which people know it.
    pub hint: String,
    /// What its last test said.
    pub verdict: Option<Explained>,
    /// The models its last test found.
    pub models: Vec<String>,
    /// When it was last tested.
    pub last_tested_at: Option<Timestamp>,
    /// When a call last used it, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// What real traffic says of it.
    pub health: Health,
    /// Who stored it, as the audit log names him.
    pub created_by: String,
    /// When it was stored.
    pub created_at: Timestamp,
    /// When it ended by rotation or removal.
    pub ended_at: Option<Timestamp>,
}

impl Credential {
    /// Of a workspace's keys the one at a provider, by the rule of [`crate::Routing::credential`].
    pub fn at(all: &[Self], provider: Provider) -> Option<&Self> {
        at_provider(all, provider, |credential| credential.provider)
    }
}

/// The end of a provider key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Who ended it, as the audit log names him.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// A provider key to store.
#[derive(Debug, Clone)]
pub struct NewCredential {
    /// Its id, a fresh one.
    pub id: CredentialId,
    /// Whose it is.
    pub workspace: WorkspaceId,
    /// The provider it opens.
    pub provider: Provider,
    /// Where it may be sent: scheme, host, port.
    pub origin: String,
    /// The sealed key.
    pub sealed: Vec<u8>,
    /// The version of the sealed secret.
    pub secret_version: u32,
    /// Its last characters, by which people know it.
    pub hint: String,
    /// The test it was stored after; absent if it was not tested.
    pub test: Option<TestResult>,
}

/// What a test found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestResult {
    /// The verdict in words.
    pub verdict: Explained,
    /// The models the key can use.
    pub models: Vec<String>,
    /// When it was tested.
    pub at: Timestamp,
}

/// How a provider key was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// The workspace had none for the provider.
    New,
    /// It took the place of that one, which ended.
    Rotated(CredentialId),
}

/// What came of the removal of a provider key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// It has ended.
    Done,
    /// The workspace has none for the provider.
    Nothing,
    /// The workspace has another one than was meant; it stays.
    Another,
}

macro_rules! credentials {
    ($where:literal) => {
        concat!(
            "SELECT id, workspace, provider, origin, hint, verdict, models, last_tested_at, \
             last_used_at, last_error, last_error_at, invalid_since, created_by, created_at, ended_at \
             FROM credentials WHERE workspace = $1 AND ",
            $where
        )
    };
}

impl Store {
    /// Stores a provider key and ends the one before it, at once. `None` if there is no such workspace.
    pub async fn put_credential(&self, new: &NewCredential, by: By) -> Result<Option<Put>> {
        const SQL: &str = "INSERT INTO credentials (id, workspace, provider, origin, sealed, secret_version, hint, \
            verdict, models, last_tested_at, created_by, created_at) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
        let mut work = self.mutate(by).await?;
        if !workspaces::is_live(&mut work.tx, new.workspace).await? {
            return Ok(None);
        }
        let old = end_current(&mut work, new.workspace, new.provider).await?;
        let tested = TestColumns::of(new.test.as_ref());
        on!(work.tx.on(), c => sqlx::query(SQL)
            .bind(new.id.uuid()).bind(new.workspace.uuid()).bind(new.provider.as_str()).bind(&new.origin)
            .bind(&new.sealed).bind(i64::from(new.secret_version)).bind(&new.hint)
            .bind(&tested.verdict).bind(&tested.models).bind(tested.at)
            .bind(by.actor.to_string()).bind(by.at.millis())
            .execute(c).await.map(drop))?;
        work.changed(ChangeKind::Credential, new.workspace, new.id.uuid()).await?;
        let (action, put) = match old {
            Some(old) => ("credential.rotate", Put::Rotated(old)),
            None => ("credential.create", Put::New),
        };
        let detail = json!({"provider": new.provider, "origin": new.origin, "hint": new.hint, "ended": old});
        note(&mut work, action, (new.workspace, new.id), detail).await?;
        work.commit().await?;
        Ok(Some(put))
    }

    /// The current provider keys of a workspace, by provider, with their last use as of all calls that have ended.
    pub async fn credentials(&self, workspace: WorkspaceId) -> Result<Vec<Credential>> {
        const SQL: &str = credentials!("ended_at IS NULL ORDER BY provider");
        self.caught_up().await?;
        let rows: Vec<CredentialRow> =
            on!(self.inner.db.read(), c => sqlx::query_as(SQL).bind(workspace.uuid()).fetch_all(c).await)?;
        Ok(rows.into_iter().map(Credential::from).collect())
    }

    /// A provider key of the workspace, also one that ended.
    pub async fn credential(&self, workspace: WorkspaceId, id: CredentialId) -> Result<Option<Credential>> {
        const SQL: &str = credentials!("id = $2");
        let row: Option<CredentialRow> = on!(self.inner.db.read(), c => sqlx::query_as(SQL)
            .bind(workspace.uuid()).bind(id.uuid()).fetch_optional(c).await)?;
        Ok(row.map(Credential::from))
    }

    /// Who ended the workspace's last key for a provider, and when. `None` where none has ended, or nobody noted who it
    /// was.
    pub async fn last_end(&self, workspace: WorkspaceId, provider: Provider) -> Result<Option<Ended>> {
        const SQL: &str = "SELECT ended_by, ended_at FROM credentials WHERE workspace = $1 AND provider = $2 \
            AND ended_at IS NOT NULL ORDER BY ended_at DESC LIMIT 1";
        let row: Option<(Option<String>, i64)> = on!(self.inner.db.read(), c => sqlx::query_as(SQL)
            .bind(workspace.uuid()).bind(provider.as_str()).fetch_optional(c).await)?;
        Ok(row.and_then(|(by, at)| Some(Ended { by: by?, at: Timestamp::from_millis(at) })))
    }

    /// Ends the workspace's key for a provider; where one is named, that one only.
    pub async fn remove_credential(
        &self,
        workspace: WorkspaceId,
        (provider, meant): (Provider, Option<CredentialId>),
        by: By,
    ) -> Result<Removal> {
        let mut work = self.mutate(by).await?;
        let Some(id) = end_current(&mut work, workspace, provider).await? else { return Ok(Removal::Nothing) };
        if meant.is_some_and(|meant| meant != id) {
            // Not committed, so it has not ended.
            return Ok(Removal::Another);
        }
        note(&mut work, "credential.remove", (workspace, id), json!({"provider": provider})).await?;
        work.commit().await?;
        Ok(Removal::Done)
    }

    /// Keeps what a test of a stored key found. Whether the workspace has such a key and it is current.
    pub async fn record_test(
        &self,
        workspace: WorkspaceId,
        id: CredentialId,
        test: &TestResult,
        by: By,
    ) -> Result<bool> {
        const SQL: &str = "UPDATE credentials SET verdict = $3, models = $4, last_tested_at = $5 \
            WHERE workspace = $1 AND id = $2 AND ended_at IS NULL";
        let tested = TestColumns::of(Some(test));
        let mut work = self.mutate(by).await?;
        let touched = on!(work.tx.on(), c => sqlx::query(SQL)
            .bind(workspace.uuid()).bind(id.uuid()).bind(&tested.verdict).bind(&tested.models).bind(tested.at)
            .execute(c).await.map(|r| r.rows_affected()))?;
        if touched == 0 {
            return Ok(false);
        }
        work.changed(ChangeKind::Health, workspace, id.uuid()).await?;
        let detail = json!({"verdict": test.verdict.verdict});
        note(&mut work, "credential.test", (workspace, id), detail).await?;
        work.commit().await?;
        Ok(true)
    }
}

/// Ends the current key and overwrites its sealed bytes.
async fn end_current(
    work: &mut Mutation<'_>,
    workspace: WorkspaceId,
    provider: Provider,
) -> Result<Option<CredentialId>> {
    const SQL: &str = "UPDATE credentials SET ended_at = $3, sealed = $4, ended_by = $5 \
        WHERE workspace = $1 AND provider = $2 AND ended_at IS NULL RETURNING id";
    let at = work.by.at.millis();
    let ended: Option<(Uuid,)> = on!(work.tx.on(), c => sqlx::query_as(SQL)
        .bind(workspace.uuid()).bind(provider.as_str()).bind(at).bind(Vec::<u8>::new())
        .bind(work.by.actor.to_string())
        .fetch_optional(c).await)?;
    let Some((id,)) = ended else { return Ok(None) };
    work.erased();
    work.changed(ChangeKind::Credential, workspace, id).await?;
    Ok(Some(CredentialId::from_uuid(id)))
}

async fn note(
    work: &mut Mutation<'_>,
    action: &'static str,
    (workspace, id): (WorkspaceId, CredentialId),
    detail: Value,
) -> Result<()> {
    work.note(&Note { workspace: Some(workspace), action, object: id.to_string(), detail }).await
}
