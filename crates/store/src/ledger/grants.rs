//! What the operator has granted, over all workspaces.

use ownkey_domain::id::{GrantId, WorkspaceId};
use ownkey_domain::ledger::AccountId;
use ownkey_domain::money::MicroCredits;
use ownkey_domain::time::Timestamp;
use sqlx::FromRow;

use super::rows::account_id;
use crate::db::on;
use crate::{Page, Result, Store, StoreError, page};

/// What became of a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantState {
    /// Something is left of it.
    Active,
    /// Nothing is left.
    Spent,
    /// It can't be spent any more.
    Expired,
}

impl GrantState {
    /// The name in JSON and in queries.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Spent => "spent",
            Self::Expired => "expired",
        }
    }
}

/// Which grants.
#[derive(Debug, Clone, Copy, Default)]
pub struct GrantFilter {
    /// Only this workspace's.
    pub workspace: Option<WorkspaceId>,
    /// Only those of which this became.
    pub state: Option<GrantState>,
}

/// Credits that the operator gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantRecord {
    /// Its number in the ledger: grants are in this order.
    pub seq: i64,
    /// Its id.
    pub id: GrantId,
    /// To whom.
    pub workspace: WorkspaceId,
    /// The workspace's name.
    pub workspace_name: String,
    /// How many.
    pub credits: MicroCredits,
    /// What is left, held or not.
    pub balance: MicroCredits,
    /// Why.
    pub reason: Option<String>,
    /// When.
    pub at: Timestamp,
    /// Until when they can be spent; absent is for ever.
    pub expires_at: Option<Timestamp>,
    /// What became of it.
    pub state: GrantState,
}

#[derive(FromRow)]
struct GrantRow {
    seq: i64,
    name: String,
    purse: String,
    amount: i64,
    balance: i64,
    reason: Option<String>,
    at: i64,
    expires_at: Option<i64>,
}

impl Store {
    /// Grants, newest first, before number `before` if given. What their state is at `now`.
    pub async fn grants(
        &self,
        filter: GrantFilter,
        now: Timestamp,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Page<GrantRecord>> {
        const SQL: &str = "SELECT t.seq, w.name, t.credit_account AS purse, t.amount, \
            a.credits_posted - a.debits_posted AS balance, t.reason, t.at, a.expires_at \
            FROM transfers t JOIN accounts a ON a.id = t.credit_account JOIN workspaces w ON w.id = t.workspace \
            WHERE t.kind = 'grant' AND t.seq < $1 AND ($2 IS NULL OR t.workspace = $2) AND ($3 IS NULL OR $3 = CASE \
            WHEN a.expires_at <= $4 THEN 'expired' WHEN a.credits_posted = a.debits_posted THEN 'spent' \
            ELSE 'active' END) ORDER BY t.seq DESC LIMIT $5";
        self.caught_up().await?;
        let rows: Vec<GrantRow> = on!(self.inner.db.read(), c => sqlx::query_as(SQL)
            .bind(before.unwrap_or(i64::MAX)).bind(filter.workspace.map(WorkspaceId::uuid))
            .bind(filter.state.map(GrantState::as_str)).bind(now.millis()).bind(page::rows(limit))
            .fetch_all(c).await)?;
        Ok(Page::of(rows.into_iter().map(|row| row.grant(now)).collect::<Result<_>>()?, limit))
    }
}

impl GrantRow {
    fn grant(self, now: Timestamp) -> Result<GrantRecord> {
        let AccountId::Grant(workspace, id) = account_id(&self.purse)? else {
            return Err(StoreError::Corrupt("grant"));
        };
        let expires_at = self.expires_at.map(Timestamp::from_millis);
        let state = match expires_at {
            Some(at) if at <= now => GrantState::Expired,
            _ if self.balance == 0 => GrantState::Spent,
            _ => GrantState::Active,
        };
        Ok(GrantRecord {
            seq: self.seq,
            id,
            workspace,
            workspace_name: self.name,
            credits: MicroCredits::new(self.amount),
            balance: MicroCredits::new(self.balance),
            reason: self.reason,
            at: Timestamp::from_millis(self.at),
            expires_at,
            state,
        })
    }
}
