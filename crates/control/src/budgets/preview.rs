//! What a budget would have done to the calls of today, had it been there.

use ownkey_domain::budget::{Budget, BudgetAction, BudgetPayer, Scope};
use ownkey_domain::money::PicoUsd;
use ownkey_domain::payer::PayerKind;
use ownkey_domain::period::Period;
use ownkey_domain::time::Timestamp;
use ownkey_store::{GroupBy, UsageFilter, UsageQuery};
use serde::Serialize;

use crate::auth::InWorkspace;
use crate::control::Control;
use crate::problem::Problem;

/// Looking at more calls of a day than this would take longer than the answer is worth.
const CALLS_MAX: u32 = 10_000;

/// What a budget would have done.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct BudgetPreview {
    /// Calls of today (UTC) that somebody paid for and that it counts; null if they are more than 10,000.
    calls_today: Option<u64>,
    /// How many of them it would have refused; null likewise.
    stopped_today: Option<u64>,
}

/// What that budget would have done today.
pub(super) async fn preview(
    control: &Control,
    access: &InWorkspace,
    budget: &Budget,
) -> Result<BudgetPreview, Problem> {
    let (store, now) = (control.store(), control.now());
    let (today, only) = (Period::day(now).start, filter(budget));
    let counted = (only.payer, only.agent.as_deref(), only.api_key);
    let Some(costs) = store.costs_since(access.id(), today, counted, CALLS_MAX).await? else {
        return Ok(BudgetPreview { calls_today: None, stopped_today: None });
    };
    let before = spent(control, access, (budget.period_at(now).start, today), only).await?;
    Ok(BudgetPreview {
        calls_today: u64::try_from(costs.len()).ok(),
        stopped_today: Some(stopped(budget, before, &costs)),
    })
}

/// The calls that it counts.
fn filter(budget: &Budget) -> UsageFilter {
    let payer = match budget.payer {
        BudgetPayer::Any => None,
        BudgetPayer::Byok => Some(PayerKind::Byok),
        BudgetPayer::Managed => Some(PayerKind::Managed),
    };
    let (agent, api_key) = match &budget.scope {
        Scope::Workspace => (None, None),
        Scope::ApiKey(key) => (None, Some(*key)),
        Scope::Agent(agent) => (Some(agent.as_str().to_owned()), None),
    };
    UsageFilter { payer, agent, api_key, ..UsageFilter::default() }
}

/// What such calls cost earlier in the present period. One without end begins to count once it is set.
async fn spent(
    control: &Control,
    access: &InWorkspace,
    (from, to): (Timestamp, Timestamp),
    only: UsageFilter,
) -> Result<PicoUsd, Problem> {
    if from >= to || from == Period::TOTAL.start {
        return Ok(PicoUsd::ZERO);
    }
    let query = UsageQuery { from, to, group_by: GroupBy::Payer, only };
    let rows = control.store().usage(access.id(), &query).await?;
    Ok(rows.iter().fold(PicoUsd::ZERO, |sum, row| plus(sum, row.totals.cost_usd)))
}

/// How many calls a budget refuses that come one after the other. What it refuses costs nothing.
fn stopped(budget: &Budget, before: PicoUsd, costs: &[Option<PicoUsd>]) -> u64 {
    if budget.action != BudgetAction::Block {
        return 0;
    }
    let limit = PicoUsd::of_nano(budget.limit_usd);
    let (mut used, mut stopped) = (before, 0);
    for cost in costs {
        match cost {
            _ if used >= limit => stopped += 1,
            None if budget.refuses_unpriced() => stopped += 1,
            None => {}
            Some(cost) => used = plus(used, *cost),
        }
    }
    stopped
}

fn plus(sum: PicoUsd, more: PicoUsd) -> PicoUsd {
    sum.checked_add(more).unwrap_or(sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ownkey_domain::budget::{BudgetPeriod, Unpriced};
    use ownkey_domain::id::BudgetId;
    use ownkey_domain::money::NanoUsd;
    use uuid::Uuid;

    fn budget(limit: &str) -> Budget {
        let id = BudgetId::from_uuid(Uuid::from_u128(1));
        Budget {
            name: id.into(),
            id,
            scope: Scope::Workspace,
            payer: BudgetPayer::Any,
            period: BudgetPeriod::Day,
            limit_usd: NanoUsd::parse_usd(limit).unwrap(),
            action: BudgetAction::Block,
            unpriced: Unpriced::Allow,
        }
    }

    fn usd(text: &str) -> PicoUsd {
        PicoUsd::parse_usd(text).unwrap()
    }

    #[test]
    fn calls_after_the_limit_are_stopped() {
        let costs = ["1", "1.5", "0", "7"].map(|cost| Some(usd(cost)));
        assert_eq!(stopped(&budget("2"), PicoUsd::ZERO, &costs), 2);
        assert_eq!(stopped(&budget("2.5"), PicoUsd::ZERO, &costs), 2, "reached is used up");
        assert_eq!(stopped(&budget("9.6"), PicoUsd::ZERO, &costs), 0);
        assert_eq!(stopped(&budget("9.6"), usd("8.6"), &costs), 3, "with what the month had cost before");
        assert_eq!(stopped(&budget("0"), PicoUsd::ZERO, &costs), 4);
        assert_eq!(stopped(&Budget { action: BudgetAction::Notify, ..budget("0") }, PicoUsd::ZERO, &costs), 0);
    }

    #[test]
    fn calls_of_unknown_cost_pass_or_are_stopped_as_it_says() {
        let costs = [None, Some(usd("1")), None];
        assert_eq!(stopped(&budget("5"), PicoUsd::ZERO, &costs), 0);
        assert_eq!(stopped(&Budget { unpriced: Unpriced::Refuse, ..budget("5") }, PicoUsd::ZERO, &costs), 2);
    }
}
