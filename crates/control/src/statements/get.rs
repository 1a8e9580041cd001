use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use ownkey_store::{GroupBy, Range, UsageFilter, UsageQuery};

use super::csv::Csv;
use super::json::{Json, Statement};
use super::jsonl::JsonLines;
use super::pages::Entries;
use super::{Month, PayerTotals, Tally};
use crate::auth::InWorkspace;
use crate::control::Control;
use crate::credits::present;
use crate::download::Download;
use crate::problem::{Problem, ProblemDocument};
use crate::query::Params;

/// How it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Json,
    JsonLines,
    Csv,
}

/// In which form.
#[expect(dead_code, reason = "says in OpenAPI what `get` reads")]
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct StatementParams {
    /// `json`, `jsonl` (a line for each change) or `csv`; what the header `Accept` asks for if absent.
    format: Option<String>,
}

/// Shows the statement of a calendar month (UTC): opening balance, each change with the balance after it, totals,
/// closing balance, and what the month's calls cost at list price, whoever paid. As JSON, or the balances and changes as
/// CSV or lines of JSON.
#[utoipa::path(
    get,
    path = "/api/v1/workspaces/{ws}/statements/{month}",
    operation_id = "get_statement",
    tag = "credits",
    params(
        ("ws" = String, Path, description = "The workspace's id, or `current`"),
        ("month" = String, Path, description = "The month: `2026-11`"),
        StatementParams,
    ),
    responses(
        (status = 200, content((Statement = "application/json"), (String = "application/jsonl"), (String = "text/csv"))),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn get(
    State(control): State<Arc<Control>>,
    access: InWorkspace,
    headers: HeaderMap,
    mut params: Params,
) -> Result<Response, Problem> {
    let month = Month::parse(access.segment("month"));
    let month = month.ok_or_else(|| Problem::not_found("There is no such month: name one as `2026-11`."))?;
    let format = params.read("format", "`json`, `jsonl` or `csv`", |text| match text {
        "json" => Some(Format::Json),
        "jsonl" => Some(Format::JsonLines),
        "csv" => Some(Format::Csv),
        _ => None,
    })?;
    params.finish()?;
    let (store, workspace) = (control.store(), access.id());
    // What the plan allows by now is an entry too.
    present(&control, &access).await?;
    let opening = store.balance_at(workspace, month.start).await?;
    let range = Range { from: Some(month.start), to: Some(month.end) };
    let (entries, tally) = (Entries { store: store.clone(), workspace, range }, Tally::new(opening));
    match format.unwrap_or_else(|| accepted(&headers)) {
        Format::Json => {
            let usage = usage(&control, &access, &month).await?;
            let body = entries.body(Json { month, usage, opening, is_first: true }, tally).await?;
            Ok(([(CONTENT_TYPE, "application/json")], body).into_response())
        }
        Format::JsonLines => {
            let file = Download::json_lines(&format!("statement-{}", month.name));
            Ok(file.of(entries.body(JsonLines { month, opening }, tally).await?))
        }
        Format::Csv => {
            let file = Download::csv(&format!("statement-{}", month.name));
            Ok(file.of(entries.body(Csv { month, opening }, tally).await?))
        }
    }
}

/// What the month's calls add up to, by who paid.
async fn usage(control: &Control, access: &InWorkspace, month: &Month) -> Result<Vec<PayerTotals>, Problem> {
    let query = UsageQuery { from: month.start, to: month.end, group_by: GroupBy::Payer, only: UsageFilter::default() };
    let rows = control.store().usage(access.id(), &query).await?;
    Ok(rows.into_iter().filter_map(|row| PayerTotals::of(row, control.parts.credits.as_ref())).collect())
}

/// CSV for whoever names it, JSON for all others.
fn accepted(headers: &HeaderMap) -> Format {
    let named = |value: &HeaderValue| value.to_str().is_ok_and(|text| text.contains("text/csv"));
    if headers.get_all(ACCEPT).iter().any(named) { Format::Csv } else { Format::Json }
}
