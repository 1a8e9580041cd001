//! What a workspace's first page shows beside its totals: who paid when, how fast calls are, why some failed.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use ownkey_domain::money::{MicroCredits, PicoUsd};
use ownkey_domain::payer::PayerKind;
use ownkey_domain::receipt::Receipt;
use ownkey_domain::time::{HOUR_MS, Timestamp};
use ownkey_store::{PayerSpend, Range, ReceiptFilter};
use serde::Serialize;

use crate::auth::InWorkspace;
use crate::control::Control;
use crate::problem::{Problem, ProblemDocument};
use crate::query::{Params, range};

const DAY_MS: i64 = 24 * HOUR_MS;
const DAYS_MAX: i64 = 400;
/// Calls that speed and failures are taken from: enough for a 95th percentile.
const NEWEST: u32 = 1_000;

/// Which time to look at.
#[expect(dead_code, reason = "says in OpenAPI what is read")]
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct OverviewParams {
    /// From the hour that holds this time (RFC 3339).
    from: String,
    /// Up to the end of the hour that holds the last moment before this time.
    to: String,
    /// `hour` or `day` (if absent; UTC's): the steps of `spend`.
    step: Option<String>,
}

/// What happened in that time.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Overview)]
pub(crate) struct OverviewView {
    /// What calls cost, by who paid; hours or days without calls are not there.
    spend: Vec<SpendView>,
    /// How fast the newest calls were.
    speed: SpeedView,
    /// Why calls among the newest failed, the most frequent first.
    failures: Vec<FailureView>,
}

/// What calls cost in one hour or day.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Spend)]
pub(crate) struct SpendView {
    /// Its start.
    #[schema(value_type = String)]
    at: Timestamp,
    /// On own keys, at list price.
    #[schema(value_type = String)]
    own_usd: PicoUsd,
    /// By managed access, at list price.
    #[schema(value_type = String)]
    managed_usd: PicoUsd,
    /// The credits that the workspace paid.
    #[schema(value_type = String)]
    credits_paid: MicroCredits,
}

/// How fast the newest calls were, 1,000 at most.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Speed)]
pub(crate) struct SpeedView {
    /// How many calls this is taken from: those that a provider answered.
    calls: usize,
    /// Milliseconds until the provider began to answer: half of the calls were as fast.
    first_p50_ms: Option<u64>,
    /// The same of 95 in 100 calls.
    first_p95_ms: Option<u64>,
    /// Microseconds that were spent here before the request went out: half of the calls were as fast.
    own_p50_us: Option<u64>,
}

/// A cause of failures.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = FailureCount)]
pub(crate) struct FailureView {
    /// The code that callers saw.
    code: String,
    /// Who was to pay: `byok` or `managed`; null of calls that never got so far.
    #[schema(value_type = Option<String>)]
    payer: Option<PayerKind>,
    /// How many calls.
    calls: usize,
}

/// Shows who paid when, how fast the newest calls were, and why some failed.
#[utoipa::path(
    get,
    path = "/api/v1/workspaces/{ws}/overview",
    operation_id = "get_overview",
    tag = "requests",
    params(("ws" = String, Path, description = "The workspace's id, or `current`"), OverviewParams),
    responses(
        (status = 200, body = OverviewView),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn get(
    State(control): State<Arc<Control>>,
    access: InWorkspace,
    mut params: Params,
) -> Result<Json<OverviewView>, Problem> {
    let (time, step_ms) = read(&mut params)?;
    params.finish()?;
    let spend = control.store().spend_by_payer(access.id(), time, step_ms).await?;
    let filter = ReceiptFilter { from: Some(time.0), to: Some(time.1), ..ReceiptFilter::default() };
    let newest = control.store().receipts(access.id(), &filter, None, NEWEST).await?.items;
    Ok(Json(OverviewView { spend: by_step(spend), speed: SpeedView::of(&newest), failures: failures(&newest) }))
}

fn read(params: &mut Params) -> Result<((Timestamp, Timestamp), i64), Problem> {
    let Range { from, to } = range(params)?;
    let step = |text: &str| match text {
        "hour" => Some(HOUR_MS),
        "day" => Some(DAY_MS),
        _ => None,
    };
    let step_ms = params.read("step", "`hour` or `day`", step)?.unwrap_or(DAY_MS);
    match (from, to) {
        (Some(from), Some(to)) if from < to && from >= to.plus_millis(-DAYS_MAX * DAY_MS) => Ok(((from, to), step_ms)),
        _ => Err(Problem::bad_request("Say `from` and `to`, at most 400 days after it.")),
    }
}

fn by_step(spend: Vec<PayerSpend>) -> Vec<SpendView> {
    let mut steps: BTreeMap<Timestamp, SpendView> = BTreeMap::new();
    for PayerSpend { at, payer, cost, credits_paid } in spend {
        let nothing =
            SpendView { at, own_usd: PicoUsd::ZERO, managed_usd: PicoUsd::ZERO, credits_paid: MicroCredits::ZERO };
        let step = steps.entry(at).or_insert(nothing);
        match payer {
            PayerKind::Byok => step.own_usd = cost,
            PayerKind::Managed => (step.managed_usd, step.credits_paid) = (cost, credits_paid),
        }
    }
    steps.into_values().collect()
}

impl SpeedView {
    fn of(receipts: &[Receipt]) -> Self {
        let answered = receipts.iter().filter_map(|receipt| Some((receipt.timing.upstream_first_ms?, receipt)));
        let (mut first, mut own): (Vec<u64>, Vec<u64>) =
            answered.map(|(first_ms, receipt)| (first_ms, receipt.timing.own_us)).unzip();
        first.sort_unstable();
        own.sort_unstable();
        Self {
            calls: first.len(),
            first_p50_ms: percentile(&first, 50),
            first_p95_ms: percentile(&first, 95),
            own_p50_us: percentile(&own, 50),
        }
    }
}

/// The least value that so many in a hundred do not exceed.
fn percentile(sorted: &[u64], percent: usize) -> Option<u64> {
    let rank = sorted.len().saturating_mul(percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied()
}

fn failures(receipts: &[Receipt]) -> Vec<FailureView> {
    let mut counts: BTreeMap<(&str, Option<PayerKind>), usize> = BTreeMap::new();
    for receipt in receipts {
        if let Some(code) = receipt.error.as_deref() {
            *counts.entry((code, receipt.payer)).or_default() += 1;
        }
    }
    let view = |((code, payer), calls): ((&str, _), _)| FailureView { code: code.to_owned(), payer, calls };
    let mut failures: Vec<_> = counts.into_iter().map(view).collect();
    failures.sort_by_key(|failure| std::cmp::Reverse(failure.calls));
    failures
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_there() {
        let values: Vec<u64> = (1..=20).collect();
        assert_eq!((percentile(&values, 50), percentile(&values, 95)), (Some(10), Some(19)));
        assert_eq!((percentile(&[7], 50), percentile(&[7], 95), percentile(&[], 50)), (Some(7), Some(7), None));
    }
}
