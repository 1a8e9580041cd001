//! Budgets: the bounds that a workspace sets itself, on what its calls cost at list price, whoever pays.

#![deny(clippy::as_conversions, clippy::float_arithmetic)]

use ownkey_domain::budget::{Budget, BudgetAction, BudgetName, BudgetPayer, BudgetPeriod, Scope, Unpriced};
use ownkey_domain::id::BudgetId;
use ownkey_domain::ledger::Account;
use ownkey_domain::money::NanoUsd;
use ownkey_domain::time::Timestamp;
use ownkey_providers::stray::holds_key;
use ownkey_store::PutBudget;
use serde::Serialize;

use crate::amount::{unprocessable, usd};
use crate::auth::InWorkspace;
use crate::body::Members;
use crate::control::Control;
use crate::problem::Problem;

pub(crate) mod create;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod preview;
pub(crate) mod put;
pub(crate) mod remove;

const SCOPE_FORM: &str = "`workspace`, the id of a platform key, or `agent/NAME`";
const PAYER_FORM: &str = "`any`, `byok` or `managed`";
const PERIOD_FORM: &str = "`day`, `month` or `total`";
const ACTION_FORM: &str = "`block` or `notify`";
const UNPRICED_FORM: &str = "`refuse` or `allow`";

/// A budget as the API shows it.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Budget)]
pub(crate) struct BudgetView {
    /// The name it was given.
    #[schema(value_type = String)]
    id: BudgetName,
    /// Which calls it counts: `workspace` for all, the id of a platform key, or `agent/NAME`.
    #[schema(value_type = String)]
    scope: Scope,
    /// Whose money it counts: `any`, `byok` or `managed`.
    #[schema(value_type = String)]
    payer: BudgetPayer,
    /// How long it lasts: `day`, `month` (both UTC's) or `total`.
    #[schema(value_type = String)]
    period: BudgetPeriod,
    /// How much may be used in a period.
    #[schema(value_type = String)]
    limit_usd: NanoUsd,
    /// What happens then: `block` refuses calls until the period ends, `notify` tells.
    #[schema(value_type = String)]
    action: BudgetAction,
    /// What a blocking budget does with calls whose cost can't be known: `refuse` or `allow`.
    #[schema(value_type = String)]
    unpriced: Unpriced,
    /// What is used in the present period, since the budget counts.
    #[schema(value_type = String)]
    used_usd: NanoUsd,
    /// What calls under way have set aside.
    #[schema(value_type = String)]
    held_usd: NanoUsd,
    /// The highest share of the limit that is used, in percent: 50, 80 or 100. Null below.
    threshold: Option<u8>,
    /// When the period ends; null is never.
    #[schema(value_type = Option<String>)]
    resets_at: Option<Timestamp>,
}

/// A budget to set.
#[expect(dead_code, reason = "says in OpenAPI what `read` reads")]
#[derive(utoipa::ToSchema)]
pub(crate) struct BudgetInput {
    /// `workspace` (if absent), the id of a platform key, or `agent/NAME`.
    scope: Option<String>,
    /// `any` (if absent), `byok` or `managed`.
    payer: Option<String>,
    /// `day`, `month` or `total`.
    period: String,
    /// How much may be used in a period: a decimal, not below 0.
    limit_usd: String,
    /// `block` (if absent) or `notify`.
    action: Option<String>,
    /// `refuse` (if absent) or `allow`.
    unpriced: Option<String>,
}

/// A budget from a body.
async fn read(
    control: &Control,
    access: &InWorkspace,
    (members, name): (&mut Members<'_>, Option<BudgetName>),
) -> Result<Budget, Problem> {
    let id = BudgetId::from_uuid(control.fresh_id()?);
    let budget = Budget {
        name: name.unwrap_or_else(|| id.into()),
        id,
        scope: members.optional("scope", SCOPE_FORM)?.unwrap_or(Scope::Workspace),
        payer: members.optional("payer", PAYER_FORM)?.unwrap_or_default(),
        period: members.required("period", PERIOD_FORM)?,
        limit_usd: usd(members, "limit_usd")?,
        action: members.optional("action", ACTION_FORM)?.unwrap_or_default(),
        unpriced: members.optional("unpriced", UNPRICED_FORM)?.unwrap_or_default(),
    };
    match &budget.scope {
        Scope::ApiKey(key) if control.store().api_key(access.id(), *key).await?.is_none() => {
            Err(unprocessable("scope", "This workspace has no such platform key.".to_owned()))
        }
        Scope::Agent(agent) if holds_key(agent.as_str()) => Err(Problem::stray_key("`scope`")),
        _ => Ok(budget),
    }
}

/// Sets it. Whether it is new, and how it stands.
async fn set(control: &Control, access: &InWorkspace, budget: Budget) -> Result<(bool, BudgetView), Problem> {
    let put = control.store().put_budget(access.id(), budget, control.by(&access.who)).await?;
    let (is_new, budget) = match put.ok_or_else(gone)? {
        PutBudget::Added(budget) => (true, budget),
        PutBudget::Changed(budget) => (false, budget),
        PutBudget::TooMany => {
            let most = ownkey_domain::budget::BUDGETS_MAX;
            return Err(Problem::conflict(format!("A workspace may have {most} budgets. Remove one first.")));
        }
    };
    let accounts = control.store().budget_accounts(access.id()).await?;
    Ok((is_new, BudgetView::of(budget, access, (&accounts, control.now()))))
}

/// All of the workspace's, by name.
async fn all(control: &Control, access: &InWorkspace) -> Result<Vec<BudgetView>, Problem> {
    let budgets = control.store().budgets(access.id()).await?.ok_or_else(gone)?;
    let (accounts, now) = (control.store().budget_accounts(access.id()).await?, control.now());
    Ok(budgets.into_iter().map(|budget| BudgetView::of(budget, access, (&accounts, now))).collect())
}

impl BudgetView {
    fn of(budget: Budget, access: &InWorkspace, (accounts, now): (&[Account], Timestamp)) -> Self {
        let line = budget.line(access.id(), now);
        let account = accounts.iter().find(|account| account.id == line.account);
        let used = account.map(Account::counted).unwrap_or_default();
        let held = account.map(|account| account.debits_pending).unwrap_or_default();
        Self {
            threshold: budget.threshold(used),
            id: budget.name,
            scope: budget.scope,
            payer: budget.payer,
            period: budget.period,
            limit_usd: budget.limit_usd,
            action: budget.action,
            unpriced: budget.unpriced,
            used_usd: NanoUsd::new(used.get()),
            held_usd: NanoUsd::new(held.get()),
            resets_at: line.ends_at,
        }
    }
}

fn name_of(access: &InWorkspace) -> Result<BudgetName, Problem> {
    access.segment("id").parse().map_err(|_| gone())
}

fn gone() -> Problem {
    Problem::not_found("There is no such budget in this workspace.")
}
