//! What pages show at a glance, in a few statements.

#![deny(clippy::as_conversions, clippy::float_arithmetic)]

use std::collections::BTreeMap;

use ownkey_domain::id::WorkspaceId;
use ownkey_domain::money::{MicroCredits, PicoUsd};
use ownkey_domain::payer::PayerKind;
use ownkey_domain::time::Timestamp;
use uuid::Uuid;

use crate::db::on;
use crate::usage::sum;
use crate::{Result, Store, StoreError};

/// What a workspace uses, at a glance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WorkspaceSummary {
    /// What its calls on own keys cost in that time at list price.
    pub own_usd: PicoUsd,
    /// The credits that it paid for all others.
    pub credits_paid: MicroCredits,
}

/// What one payer's calls cost in one step of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PayerSpend {
    /// Its start.
    pub at: Timestamp,
    /// Who paid.
    pub payer: PayerKind,
    /// At list price.
    pub cost: PicoUsd,
    /// The credits that the workspace paid for them.
    pub credits_paid: MicroCredits,
}

impl Store {
    /// What each payer's calls cost, step by step of that many milliseconds; steps without calls are not there.
    pub async fn spend_by_payer(
        &self,
        workspace: WorkspaceId,
        (from, to): (Timestamp, Timestamp),
        step_ms: i64,
    ) -> Result<Vec<PayerSpend>> {
        const SQL: &str = concat!(
            "SELECT hour - hour % $1 AS at, payer, ",
            sum!("cost_pico"),
            ", ",
            sum!("(credits_micro - overrun_micro)" as "credits_paid"),
            " FROM usage_totals WHERE workspace = $2 AND hour >= $3 AND hour < $4 AND payer <> '' \
             GROUP BY 1, 2 ORDER BY 1, 2"
        );
        self.caught_up().await?;
        let rows: Vec<(i64, String, i64, i64)> = on!(self.inner.db.read(), c => sqlx::query_as(SQL)
            .bind(step_ms).bind(workspace.uuid()).bind(from.hour().millis()).bind(to.millis()).fetch_all(c).await)?;
        let spend = |(at, payer, cost, credits): (i64, String, i64, i64)| {
            let payer = [PayerKind::Byok, PayerKind::Managed].into_iter().find(|kind| kind.as_str() == payer);
            Ok(PayerSpend {
                at: Timestamp::from_millis(at),
                payer: payer.ok_or(StoreError::Corrupt("usage total"))?,
                cost: PicoUsd::new(cost.into()),
                credits_paid: MicroCredits::new(credits),
            })
        };
        rows.into_iter().map(spend).collect()
    }

    /// Summaries of the workspaces whose ids lie between those two, both included, with what they used since `from`.
    /// One without any is not there. (A page of workspaces is a range of ids.)
    pub async fn summaries(
        &self,
        (first, last): (WorkspaceId, WorkspaceId),
        from: Timestamp,
    ) -> Result<BTreeMap<WorkspaceId, WorkspaceSummary>> {
        const SPENT: &str = concat!(
            "SELECT workspace, ",
            sum!("(CASE WHEN payer = 'byok' THEN cost_pico ELSE 0 END)" as "own_pico"),
            ", ",
            sum!("(credits_micro - overrun_micro)" as "credits_paid"),
            " FROM usage_totals WHERE workspace >= $1 AND workspace <= $2 AND hour >= $3 GROUP BY workspace"
        );
        self.caught_up().await?;
        let (first, last) = (first.uuid(), last.uuid());
        let spent: Vec<(Uuid, i64, i64)> = on!(self.inner.db.read(), c => sqlx::query_as(SPENT)
            .bind(first).bind(last).bind(from.hour().millis()).fetch_all(c).await)?;
        let summary = |(workspace, cost, credits): (Uuid, i64, i64)| {
            let own_usd = PicoUsd::new(cost.into());
            let summary = WorkspaceSummary { own_usd, credits_paid: MicroCredits::new(credits) };
            (WorkspaceId::from_uuid(workspace), summary)
        };
        Ok(spent.into_iter().map(summary).collect())
    }
}
