//! The models that workspaces choose for their agents.

use ownkey_domain::agent::{AGENTS_MAX, AgentName, Agents};
use ownkey_domain::id::WorkspaceId;

use serde_json::json;

use crate::change::ChangeKind;
use crate::db::on;
use crate::mutation::Mutation;
use crate::{By, Note, Result, Store, StoreError};

/// What came of setting an agent's model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetAgent {
    /// The workspace had no agent of that name.
    Added,
    /// It had one.
    Changed,
    /// It has as many as it may.
    TooMany,
}

const READ: &str = "SELECT agents FROM workspaces WHERE id = $1 AND deleted_at IS NULL";

impl Store {
    /// The models that a workspace has chosen; `None` if there is no such workspace.
    pub async fn agents(&self, workspace: WorkspaceId) -> Result<Option<Agents>> {
        let row: Option<(String,)> =
            on!(self.inner.db.read(), c => sqlx::query_as(READ).bind(workspace.uuid()).fetch_optional(c).await)?;
        row.map(|(text,)| parse(&text)).transpose()
    }

    /// Chooses the model of an agent. `None` if there is no such workspace.
    pub async fn set_agent(
        &self,
        workspace: WorkspaceId,
        name: &AgentName,
        model: &str,
        by: By,
    ) -> Result<Option<SetAgent>> {
        let mut work = self.mutate(by).await?;
        let Some(mut agents) = read(&mut work, workspace).await? else { return Ok(None) };
        if !agents.contains_key(name) && agents.len() >= AGENTS_MAX {
            return Ok(Some(SetAgent::TooMany));
        }
        let before = agents.insert(name.clone(), model.to_owned());
        if before.as_deref() != Some(model) {
            write(&mut work, workspace, &agents).await?;
            let was = before.as_ref().map(|model| json!({"model": model}));
            let detail = json!({"model": model, "before": was});
            note(&mut work, workspace, ("agent.set", name), detail).await?;
            work.commit().await?;
        }
        Ok(Some(before.map_or(SetAgent::Added, |_| SetAgent::Changed)))
    }

    /// Forgets the choice for an agent. Whether there was one.
    pub async fn remove_agent(&self, workspace: WorkspaceId, name: &AgentName, by: By) -> Result<bool> {
        let mut work = self.mutate(by).await?;
        let Some(mut agents) = read(&mut work, workspace).await? else { return Ok(false) };
        let Some(model) = agents.remove(name) else { return Ok(false) };
        write(&mut work, workspace, &agents).await?;
        note(&mut work, workspace, ("agent.remove", name), json!({"before": {"model": model}})).await?;
        work.commit().await?;
        Ok(true)
    }
}

/// Agents as stored.
pub(crate) fn parse(text: &str) -> Result<Agents> {
    serde_json::from_str(text).map_err(|_| StoreError::Corrupt("agents"))
}

async fn read(work: &mut Mutation<'_>, workspace: WorkspaceId) -> Result<Option<Agents>> {
    let row: Option<(String,)> =
        on!(work.tx.on(), c => sqlx::query_as(READ).bind(workspace.uuid()).fetch_optional(c).await)?;
    row.map(|(text,)| parse(&text)).transpose()
}

async fn write(work: &mut Mutation<'_>, workspace: WorkspaceId, agents: &Agents) -> Result<()> {
    const SQL: &str = "UPDATE workspaces SET agents = $2 WHERE id = $1";
    on!(work.tx.on(), c => sqlx::query(SQL)
        .bind(workspace.uuid()).bind(json!(agents).to_string()).execute(c).await.map(drop))?;
    work.changed(ChangeKind::Workspace, workspace, workspace.uuid()).await
}

async fn note(
    work: &mut Mutation<'_>,
    workspace: WorkspaceId,
    (action, name): (&'static str, &AgentName),
    detail: serde_json::Value,
) -> Result<()> {
    work.note(&Note { workspace: Some(workspace), action, object: name.to_string(), detail }).await
}
