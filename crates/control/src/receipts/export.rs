use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use ownkey_domain::id::{RequestId, WorkspaceId};
use ownkey_domain::receipt::Receipt;
use ownkey_store::{Page, ReceiptFilter, Store, StoreError};
use serde_json::json;

use super::list::{ReceiptParams, filter};
use super::{ReceiptView, csv};
use crate::auth::InWorkspace;
use crate::control::Control;
use crate::download::Download;
use crate::problem::{Problem, ProblemDocument};
use crate::query::{Params, RangeParams};

/// Receipts read at a time.
const PAGE: u32 = 500;
const NAME: &str = "usage";

/// How a line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    JsonLines,
    Csv,
}

/// In which form.
#[expect(dead_code, reason = "says in OpenAPI what `export` reads")]
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExportParams {
    /// `csv` (if absent) or `jsonl`.
    format: Option<String>,
}

/// Downloads the receipts that a filter lets through, newest first, a line each: as CSV with a head, or as lines of JSON,
/// each as `GET …/requests` shows it. However many they are, they are written as they are read.
#[utoipa::path(
    get,
    path = "/api/v1/workspaces/{ws}/usage/export",
    operation_id = "export_usage",
    tag = "requests",
    params(("ws" = String, Path, description = "The workspace's id, or `current`"), ExportParams, ReceiptParams, RangeParams),
    responses(
        (status = 200, content((String = "text/csv"), (String = "application/jsonl"))),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn export(
    State(control): State<Arc<Control>>,
    access: InWorkspace,
    mut params: Params,
) -> Result<Response, Problem> {
    let format = params.read("format", "`csv` or `jsonl`", |text| match text {
        "csv" => Some(Format::Csv),
        "jsonl" => Some(Format::JsonLines),
        _ => None,
    })?;
    let filter = filter(&mut params, &access.who)?;
    params.finish()?;
    let format = format.unwrap_or(Format::Csv);
    let receipts = Receipts { store: control.store().clone(), workspace: access.id(), filter };
    let body = receipts.body(format).await?;
    let file = match format {
        Format::Csv => Download::csv(NAME),
        Format::JsonLines => Download::json_lines(NAME),
    };
    Ok(file.of(body))
}

impl Format {
    const fn head(self) -> &'static str {
        match self {
            Self::Csv => csv::HEADER,
            Self::JsonLines => "",
        }
    }

    fn line(self, receipt: Receipt) -> String {
        match self {
            Self::Csv => csv::line(&receipt),
            Self::JsonLines => format!("{}\n", json!(ReceiptView::from(receipt))),
        }
    }
}

/// The receipts to write.
struct Receipts {
    store: Store,
    workspace: WorkspaceId,
    filter: ReceiptFilter,
}

struct Writing {
    receipts: Receipts,
    format: Format,
    /// What comes before the next page.
    head: &'static str,
    /// What is to be written next; `None` at the end.
    next: Option<Page<Receipt>>,
}

impl Receipts {
    async fn before(&self, before: Option<RequestId>) -> Result<Page<Receipt>, StoreError> {
        let page = self.store.receipts(self.workspace, &self.filter, before, PAGE).await;
        // Its caller sees no more than a body that breaks off.
        page.inspect_err(|error| tracing::warn!(%error, workspace = %self.workspace, "an export can't be read on"))
    }

    /// The body. Its first page is read before it begins, so that a database that is away is told by the status.
    async fn body(self, format: Format) -> Result<Body, StoreError> {
        let next = Some(self.before(None).await?);
        let writing = Writing { receipts: self, format, head: format.head(), next };
        Ok(Body::from_stream(stream::try_unfold(writing, Writing::step)))
    }
}

impl Writing {
    async fn step(mut self) -> Result<Option<(Bytes, Self)>, StoreError> {
        let Some(page) = self.next.take() else { return Ok(None) };
        let last = page.items.last().map(|receipt| receipt.id).filter(|_| page.more);
        let lines: String = page.items.into_iter().map(|receipt| self.format.line(receipt)).collect();
        let text = format!("{}{lines}", std::mem::take(&mut self.head));
        if last.is_some() {
            self.next = Some(self.receipts.before(last).await?);
        }
        Ok(Some((Bytes::from(text), self)))
    }
}
