//! What moves in a book that people want to be told of: budgets that reach a threshold, credits that run low. Asked only
//! when something was used, and only for workspaces that have a webhook for it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use ownkey_domain::budget::Budget;
use ownkey_domain::id::WorkspaceId;
use ownkey_domain::ledger::{Account, AccountId, Amount};
use ownkey_domain::money::{MicroCredits, NanoUsd};
use ownkey_domain::time::Timestamp;
use ownkey_domain::webhook::{Event, is_low};
use serde_json::json;
use uuid::Uuid;

use super::rows::{AccountRow, READ_NAMED, Wanted, WantedAccount};
use crate::budgets;
use crate::db::Tx;
use crate::dialect::WideStatement;
use crate::outbox::{self, Fact, Subscribers};
use crate::{Result, StoreError};

static READ_BUDGETS: LazyLock<WideStatement<Wanted>> =
    LazyLock::new(|| WideStatement::new("SELECT w.id, w.budgets FROM {rows} JOIN workspaces w ON w.id = v.column1"));

/// The accounts before and after, and when that was.
pub(super) struct Moved<'a> {
    pub before: &'a BTreeMap<AccountId, Account>,
    pub after: Vec<&'a Account>,
    pub now: Timestamp,
}

/// A workspace's credits: what is left, and of how many. What is used up or has expired does not count.
#[derive(Debug, Default, Clone, Copy)]
struct Left {
    credits: Amount,
    of: Amount,
}

impl Moved<'_> {
    /// Tells whoever wants to be told.
    pub async fn tell(&self, tx: &mut Tx) -> Result<()> {
        let (spent, low) = (self.budgets_that_counted(), self.workspaces_that_ran_low());
        let concerned: BTreeSet<_> = spent.iter().map(|a| a.id.workspace()).chain(low.keys().copied()).collect();
        if concerned.is_empty() {
            return Ok(());
        }
        let subscribers = Subscribers::of(tx, &concerned).await?;
        let wanting = subscribers.wanting(Event::BudgetThreshold);
        let mut facts: Vec<_> = low.into_iter().map(|(workspace, left)| ran_low(workspace, left)).collect();
        for (workspace, budgets) in read_budgets(tx, wanting).await? {
            let reached = spent.iter().filter(|account| account.id.workspace() == workspace);
            facts.extend(reached.filter_map(|account| self.reached(workspace, &budgets, account)));
        }
        subscribers.tell(tx, &facts, self.now).await
    }

    fn budgets_that_counted(&self) -> Vec<&Account> {
        let rose = |account: &&&Account| account.counted() > self.counted_before(account);
        self.after.iter().filter(|account| matches!(account.id, AccountId::Budget(..))).filter(rose).copied().collect()
    }

    fn counted_before(&self, account: &Account) -> Amount {
        self.before.get(&account.id).map(Account::counted).unwrap_or_default()
    }

    fn reached(&self, workspace: WorkspaceId, budgets: &[Budget], account: &Account) -> Option<Fact> {
        let AccountId::Budget(_, id, _) = account.id else { return None };
        let budget = budgets.iter().find(|budget| budget.id == id)?;
        let before = budget.threshold(self.counted_before(account));
        (budget.threshold(account.counted()) > before).then(|| reached(workspace, budget, account)).flatten()
    }

    fn workspaces_that_ran_low(&self) -> BTreeMap<WorkspaceId, Left> {
        // What expired just now was left before.
        let expired = |purse: &Account| self.after.iter().any(|a| a.id == purse.id && a.balance().is_zero());
        let before = left(self.before.values(), |purse| !purse.is_over(self.now) || expired(purse));
        let was_low = |workspace: &WorkspaceId| {
            let left = before.get(workspace).copied().unwrap_or_default();
            is_low(left.credits, left.of)
        };
        let after = left(self.after.iter().copied(), |purse| !purse.is_over(self.now));
        after.into_iter().filter(|(workspace, left)| is_low(left.credits, left.of) && !was_low(workspace)).collect()
    }
}

/// What is left in the purses that count.
fn left<'a>(
    accounts: impl Iterator<Item = &'a Account>,
    counts: impl Fn(&Account) -> bool,
) -> BTreeMap<WorkspaceId, Left> {
    let mut all: BTreeMap<WorkspaceId, Left> = BTreeMap::new();
    for purse in accounts.filter(|account| account.id.is_purse()) {
        let left = all.entry(purse.id.workspace()).or_default();
        if !purse.balance().is_zero() && counts(purse) {
            left.credits = left.credits.plus(purse.balance()).unwrap_or(left.credits);
            left.of = left.of.plus(purse.granted).unwrap_or(left.of);
        }
    }
    all
}

/// Tells of the threshold that a budget has reached by its limit having been lowered, if it has.
pub(crate) async fn limit_was_lowered(
    tx: &mut Tx,
    workspace: WorkspaceId,
    budget: &Budget,
    now: Timestamp,
) -> Result<()> {
    let id = budget.line(workspace, now).account.to_string();
    let Some(row) = READ_NAMED.fetch::<AccountRow>(tx, vec![WantedAccount { id }]).await?.pop() else { return Ok(()) };
    match reached(workspace, budget, &row.account()?) {
        Some(fact) => outbox::tell(tx, fact, now).await,
        None => Ok(()),
    }
}

/// The threshold that a budget has reached.
fn reached(workspace: WorkspaceId, budget: &Budget, account: &Account) -> Option<Fact> {
    let AccountId::Budget(_, id, start) = account.id else { return None };
    let used = account.counted();
    let percent = budget.threshold(used)?;
    let data = json!({
        "budget": budget.name,
        "threshold": percent,
        "limit_usd": budget.limit_usd,
        "used_usd": NanoUsd::new(used.get()),
        "scope": budget.scope,
        "period": budget.period,
        "action": budget.action,
        "resets_at": account.expires_at,
    });
    // Another limit tells anew; what is taken back and counted again does not.
    let once = format!("budget/{id}/{start}/{}/{percent}", budget.limit_usd.get());
    Some(Fact { workspace, event: Event::BudgetThreshold, data, once: Some(once) })
}

fn ran_low(workspace: WorkspaceId, left: Left) -> Fact {
    let data = json!({
        "left_credits": MicroCredits::new(left.credits.get()),
        "of_credits": MicroCredits::new(left.of.get()),
    });
    Fact { workspace, event: Event::CreditsLow, data, once: None }
}

async fn read_budgets(tx: &mut Tx, of: BTreeSet<WorkspaceId>) -> Result<Vec<(WorkspaceId, Vec<Budget>)>> {
    let wanted: Vec<_> = of.into_iter().map(|workspace| Wanted { id: workspace.uuid() }).collect();
    let rows: Vec<(Uuid, String)> = READ_BUDGETS.fetch(tx, wanted).await?;
    rows.into_iter()
        .map(|(id, text)| Ok((WorkspaceId::from_uuid(id), budgets::parse(&text)?)))
        .collect::<Result<_, StoreError>>()
}
