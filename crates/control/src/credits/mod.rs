//! Credits: what a workspace has, and what the operator gives.

#![deny(clippy::as_conversions, clippy::float_arithmetic)]

use ownkey_domain::ledger::{Account, AccountId};
use ownkey_domain::money::MicroCredits;
use ownkey_domain::time::Timestamp;
use ownkey_store::{Credits, Purse};
use serde::Serialize;

use crate::auth::InWorkspace;
use crate::control::Control;
use crate::problem::Problem;

pub(crate) mod get;
pub(crate) mod grant;
mod order;
pub(crate) mod refund;
mod runway;

/// Credits that came together and expire together.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Grant)]
pub(crate) struct PurseView {
    /// `grant_…`, or `allowance/` and the start of its period.
    id: String,
    /// `grant`: given by the operator; `allowance`: by the plan, for the present period.
    kind: &'static str,
    /// How many were granted. What is given back to it later is only in its balance.
    #[schema(value_type = String)]
    credits: MicroCredits,
    /// What is left of it, held or not.
    #[schema(value_type = String)]
    balance: MicroCredits,
    /// What calls under way have set aside.
    #[schema(value_type = String)]
    held: MicroCredits,
    /// When what is left expires; null is never.
    #[schema(value_type = Option<String>)]
    expires_at: Option<Timestamp>,
    /// Why it was granted; null of allowances, and of credits given back after their grant had expired.
    reason: Option<String>,
    /// When it came.
    #[schema(value_type = String)]
    created_at: Timestamp,
}

impl From<Purse> for PurseView {
    fn from(purse: Purse) -> Self {
        let Account { id, granted, debits_pending, expires_at, opened_at, .. } = purse.account;
        Self {
            id: purse_name(id),
            kind: if matches!(id, AccountId::Allowance(..)) { "allowance" } else { "grant" },
            credits: MicroCredits::new(granted.get()),
            balance: MicroCredits::new(purse.account.balance().get()),
            held: MicroCredits::new(debits_pending.get()),
            expires_at,
            reason: purse.reason,
            created_at: opened_at,
        }
    }
}

/// What a purse is called within its workspace.
pub(crate) fn purse_name(id: AccountId) -> String {
    match id {
        AccountId::Allowance(_, start) => format!("allowance/{start}"),
        AccountId::Grant(_, grant) => grant.to_string(),
        other => other.to_string(),
    }
}

/// What the workspace has now, once its plan's allowance for the present period is granted.
pub(crate) async fn present(control: &Control, access: &InWorkspace) -> Result<Credits, Problem> {
    let by = control.by(&access.who);
    let draw = control.plan(&access.workspace.plan).draw(by.at, access.workspace.period_anchor);
    let before = control.store().credits(access.id(), by.at).await?;
    let Some(allowance) = draw.allowance else { return Ok(before) };
    // Nothing is written where nothing is due, and pages that ask again and again keep nobody from writing.
    if allowance.due(before.purses.iter().map(|purse| &purse.account), by.at).is_zero() {
        return Ok(before);
    }
    if let Err(error) = control.store().allow(access.id(), allowance, by).await {
        tracing::warn!(%error, workspace = %access.id(), "an allowance can't be granted at the moment; calls ask again");
        return Ok(before);
    }
    Ok(control.store().credits(access.id(), by.at).await?)
}
