//! Usage: what calls add up to.

#![deny(clippy::as_conversions, clippy::float_arithmetic)]

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use ownkey_domain::money::{CreditRate, MicroCredits, PicoUsd};
use ownkey_domain::time::{HOUR_MS, Timestamp};
use ownkey_domain::usage::Usage;
use ownkey_store::{GroupBy, Range, UsageFilter, UsageKey, UsageQuery, UsageRow};
use serde::Serialize;

use crate::auth::InWorkspace;
use crate::control::Control;
use crate::problem::{Problem, ProblemDocument};
use crate::query::{Params, api_key, model, payer, provider, range};

const DAY_MS: i64 = 24 * HOUR_MS;
const DAYS_DEFAULT: i64 = 30;
/// Totals are kept for ever; more of them at once would be an answer too large to be of use.
const DAYS_MAX: i64 = 400;
const GROUPS: [(&str, GroupBy); 8] = [
    ("hour", GroupBy::Hour),
    ("day", GroupBy::Day),
    ("model", GroupBy::Model),
    ("provider", GroupBy::Provider),
    ("payer", GroupBy::Payer),
    ("agent", GroupBy::Agent),
    ("api_key", GroupBy::ApiKey),
    ("service", GroupBy::Service),
];

/// Which usage to add up.
#[expect(dead_code, reason = "says in OpenAPI what `query` reads")]
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct UsageParams {
    /// From the hour that holds this time (RFC 3339); 30 days before `to` if absent.
    from: Option<String>,
    /// Up to the end of the hour that holds the last moment before this time; now if absent.
    to: Option<String>,
    /// `hour`, `day` (if absent), `model`, `provider`, `payer`, `agent`, `api_key` or `service`.
    group_by: Option<String>,
    /// Only calls that this one paid for: `byok` or `managed`.
    payer: Option<String>,
    /// Only calls of this provider.
    provider: Option<String>,
    /// Only calls that asked for this model.
    model: Option<String>,
    /// Only calls made for this agent.
    agent: Option<String>,
    /// Only calls with the platform key of this id.
    api_key: Option<String>,
}

/// Usage of a workspace.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Usage)]
pub(crate) struct UsageView {
    /// From this time.
    #[schema(value_type = String)]
    from: Timestamp,
    /// Before this time.
    #[schema(value_type = String)]
    to: Timestamp,
    /// What it is added up by.
    group_by: &'static str,
    /// One row for each, in order.
    data: Vec<UsageRowView>,
}

/// What the calls of one hour, model, key … add up to.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = UsageRow)]
pub(crate) struct UsageRowView {
    /// The hour or day (its start), model, provider, payer, agent, platform key or metered service; null for calls that have none.
    key: Option<String>,
    /// All calls, refused ones too.
    calls: u64,
    /// Calls that were refused, failed, or got a status of 400 or above.
    errors: u64,
    /// Tokens by class, and what else was counted (`input_characters`, `input_seconds`, `web_searches`,
    /// `file_searches`); absent is unknown.
    #[schema(value_type = std::collections::BTreeMap<String, u64>)]
    usage: Usage,
    /// Served calls whose usage is unknown.
    unmeasured: u64,
    /// List-price cost of the calls whose cost is known.
    #[schema(value_type = String)]
    cost_usd: PicoUsd,
    /// Served calls of models whose cost is unknown.
    unpriced: u64,
    /// What the workspace paid of `credits`, as its ledger has it.
    #[schema(value_type = String)]
    credits_paid: MicroCredits,
    /// What they cost in credits. The workspace paid that less `overrun_credits`.
    #[schema(value_type = String)]
    credits: MicroCredits,
    /// What of `credits` the operator paid: what the workspace did not have, and what its provider told beyond what a
    /// managed call can have used.
    #[schema(value_type = String)]
    overrun_credits: MicroCredits,
    /// What the calls would have cost in credits had managed access paid for all of them, at the present rate: the list
    /// price times the markup. Null where no credit has a worth.
    #[schema(value_type = Option<String>)]
    credits_at_rate: Option<MicroCredits>,
}

/// Shows what calls add up to.
#[utoipa::path(
    get,
    path = "/api/v1/workspaces/{ws}/usage",
    operation_id = "get_usage",
    tag = "requests",
    params(("ws" = String, Path, description = "The workspace's id, or `current`"), UsageParams),
    responses(
        (status = 200, body = UsageView),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn get(
    State(control): State<Arc<Control>>,
    access: InWorkspace,
    mut params: Params,
) -> Result<Json<UsageView>, Problem> {
    let (query, group_by) = query(&mut params, control.now())?;
    params.finish()?;
    let rows = control.store().usage(access.id(), &query).await?;
    let data = rows.into_iter().map(|row| UsageRowView::of(row, control.parts.credits.as_ref())).collect();
    Ok(Json(UsageView { from: query.from, to: query.to, group_by, data }))
}

fn query(params: &mut Params, now: Timestamp) -> Result<(UsageQuery, &'static str), Problem> {
    let Range { from, to } = range(params)?;
    let to = to.unwrap_or(now);
    let from = from.unwrap_or(to.plus_millis(-DAYS_DEFAULT * DAY_MS));
    if from >= to || from < to.plus_millis(-DAYS_MAX * DAY_MS) {
        return Err(Problem::bad_request("`from` must be before `to`, by 400 days at most."));
    }
    let form = "`hour`, `day`, `model`, `provider`, `payer`, `agent`, `api_key` or `service`";
    let group = params.text("group_by")?;
    let (name, group_by) = match group.as_deref() {
        None => ("day", GroupBy::Day),
        Some(text) => GROUPS.into_iter().find(|(name, _)| *name == text).ok_or_else(|| {
            Problem::bad_request(format!("The query parameter `group_by` must be {form}.")).with("member", "group_by")
        })?,
    };
    let only = UsageFilter {
        payer: payer(params)?,
        provider: provider(params)?,
        model: model(params)?,
        agent: params.text("agent")?,
        api_key: api_key(params)?,
    };
    Ok((UsageQuery { from, to, group_by, only }, name))
}

impl UsageRowView {
    fn of(row: UsageRow, rate: Option<&CreditRate>) -> Self {
        let key = match row.key {
            UsageKey::None => None,
            UsageKey::At(at) => Some(at.to_string()),
            UsageKey::ApiKey(id) => Some(id.to_string()),
            UsageKey::Name(name) => Some(name),
        };
        let totals = row.totals;
        Self {
            key,
            calls: totals.calls,
            errors: totals.errors,
            usage: totals.usage,
            unmeasured: totals.unmeasured,
            cost_usd: totals.cost_usd,
            unpriced: totals.unpriced,
            credits_paid: totals.credits_paid(),
            credits: totals.credits,
            overrun_credits: totals.overrun,
            credits_at_rate: rate.and_then(|rate| rate.credits(totals.cost_usd)),
        }
    }
}
