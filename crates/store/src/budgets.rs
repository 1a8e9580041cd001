//! The bounds that workspaces set themselves.

use ownkey_domain::budget::{BUDGETS_MAX, Budget, BudgetName};
use ownkey_domain::id::WorkspaceId;

use serde_json::{Value, json};

use crate::change::ChangeKind;
use crate::db::on;
use crate::ledger::{carry_over, limit_was_lowered};
use crate::mutation::Mutation;
use crate::{By, Note, Result, Store, StoreError};

/// What came of setting a budget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PutBudget {
    /// The workspace had none of that name.
    Added(Budget),
    /// It had one.
    Changed(Budget),
    /// It has as many as it may.
    TooMany,
}

const READ: &str = "SELECT budgets FROM workspaces WHERE id = $1 AND deleted_at IS NULL";

impl Store {
    /// A workspace's budgets, by name; `None` if there is no such workspace.
    pub async fn budgets(&self, workspace: WorkspaceId) -> Result<Option<Vec<Budget>>> {
        let row: Option<(String,)> =
            on!(self.inner.db.read(), c => sqlx::query_as(READ).bind(workspace.uuid()).fetch_optional(c).await)?;
        row.map(|(text,)| parse(&text)).transpose()
    }

    /// Sets the budget of that name. One that goes on to count the same calls keeps what it has counted, and its id with
    /// it; any other goes on under the id it brings, with what was counted in its period if that is the same calls. `None` if there is no such workspace.
    pub async fn put_budget(&self, workspace: WorkspaceId, new: Budget, by: By) -> Result<Option<PutBudget>> {
        let mut work = self.mutate(by).await?;
        let Some(mut budgets) = read(&mut work, workspace).await? else { return Ok(None) };
        let Some(place) = budgets.iter_mut().find(|budget| budget.name == new.name) else {
            if budgets.len() >= BUDGETS_MAX {
                return Ok(Some(PutBudget::TooMany));
            }
            budgets.push(new.clone());
            budgets.sort_by(|one, other| one.name.cmp(&other.name));
            write(&mut work, workspace, &budgets).await?;
            save(work, workspace, (&new, None)).await?;
            return Ok(Some(PutBudget::Added(new)));
        };
        let id = if new.counts_like(place) { place.id } else { new.id };
        let new = Budget { id, ..new };
        if *place != new {
            let before = std::mem::replace(place, new.clone());
            if new.id == before.id && new.limit_usd < before.limit_usd {
                limit_was_lowered(&mut work.tx, workspace, &new, by.at).await?;
            }
            write(&mut work, workspace, &budgets).await?;
            if new.id != before.id && new.takes_over(&before, by.at) {
                carry_over(&mut work.tx, workspace, (&before, &new), by.at).await?;
            }
            save(work, workspace, (&new, Some(&before))).await?;
        }
        Ok(Some(PutBudget::Changed(new)))
    }

    /// Removes the budget of that name. Whether there was one.
    pub async fn remove_budget(&self, workspace: WorkspaceId, name: &BudgetName, by: By) -> Result<bool> {
        let mut work = self.mutate(by).await?;
        let Some(mut budgets) = read(&mut work, workspace).await? else { return Ok(false) };
        let Some(place) = budgets.iter().position(|budget| budget.name == *name) else { return Ok(false) };
        let before = budgets.remove(place);
        write(&mut work, workspace, &budgets).await?;
        note(&mut work, workspace, ("budget.remove", name), json!({"before": before})).await?;
        work.commit().await?;
        Ok(true)
    }
}

/// Budgets as stored.
pub(crate) fn parse(text: &str) -> Result<Vec<Budget>> {
    serde_json::from_str(text).map_err(|_| StoreError::Corrupt("budgets"))
}

async fn read(work: &mut Mutation<'_>, workspace: WorkspaceId) -> Result<Option<Vec<Budget>>> {
    let row: Option<(String,)> =
        on!(work.tx.on(), c => sqlx::query_as(READ).bind(workspace.uuid()).fetch_optional(c).await)?;
    row.map(|(text,)| parse(&text)).transpose()
}

async fn save(
    mut work: Mutation<'_>,
    workspace: WorkspaceId,
    (changed, before): (&Budget, Option<&Budget>),
) -> Result<()> {
    let mut detail = json!(changed);
    detail["before"] = json!(before);
    note(&mut work, workspace, ("budget.set", &changed.name), detail).await?;
    work.commit().await
}

async fn write(work: &mut Mutation<'_>, workspace: WorkspaceId, budgets: &[Budget]) -> Result<()> {
    const SQL: &str = "UPDATE workspaces SET budgets = $2 WHERE id = $1";
    on!(work.tx.on(), c => sqlx::query(SQL)
        .bind(workspace.uuid()).bind(json!(budgets).to_string()).execute(c).await.map(drop))?;
    work.changed(ChangeKind::Workspace, workspace, workspace.uuid()).await
}

async fn note(
    work: &mut Mutation<'_>,
    workspace: WorkspaceId,
    (action, name): (&'static str, &BudgetName),
    detail: Value,
) -> Result<()> {
    work.note(&Note { workspace: Some(workspace), action, object: name.to_string(), detail }).await
}
