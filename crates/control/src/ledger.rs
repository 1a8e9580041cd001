//! The ledger as the workspace may read it: each change of its credits.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use ownkey_domain::id::RequestId;
use ownkey_domain::money::MicroCredits;
use ownkey_domain::time::Timestamp;
use ownkey_store::Entry;
use serde::Serialize;

use crate::auth::InWorkspace;
use crate::control::Control;
use crate::credits::{present, purse_name};
use crate::page::{List, Listing, Page, PageParams};
use crate::problem::{Problem, ProblemDocument};
use crate::query::{Params, RangeParams, range};

/// A change of what a workspace has.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = LedgerEntry)]
pub(crate) struct EntryView {
    /// Its number: entries are in this order.
    seq: i64,
    /// When it was booked. What is told or known when its month is over is booked then, for the month that goes on.
    #[schema(value_type = String)]
    at: Timestamp,
    /// `grant`, `allowance`, `charge`, `refund`, `expiry`, or `correction`: taken back of a charge, since the call cost
    /// less than was known when its process died.
    kind: String,
    /// By how much; below zero if it became less.
    #[schema(value_type = String)]
    change: MicroCredits,
    /// What there was then, held or not.
    #[schema(value_type = String)]
    balance: MicroCredits,
    /// The grant that it was taken from or put into.
    grant: String,
    /// The call that it is about.
    #[schema(value_type = Option<String>)]
    request: Option<RequestId>,
    /// When that call came in, or that use of a service happened.
    #[schema(value_type = Option<String>)]
    request_at: Option<Timestamp>,
    /// The operator's words.
    reason: Option<String>,
}

/// Lists each change of the workspace's credits, newest first, with the balance after it.
#[utoipa::path(
    get,
    path = "/api/v1/workspaces/{ws}/ledger",
    operation_id = "list_ledger",
    tag = "credits",
    params(("ws" = String, Path, description = "The workspace's id, or `current`"), PageParams, RangeParams),
    responses(
        (status = 200, body = Listing<EntryView>),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn list(
    State(control): State<Arc<Control>>,
    access: InWorkspace,
    mut params: Params,
) -> Result<Json<Listing<EntryView>>, Problem> {
    let page = Page::take(List::Ledger, &mut params)?;
    let range = range(&mut params)?;
    params.finish()?;
    if page.before.is_none() {
        // What the plan allows by now is an entry too.
        present(&control, &access).await?;
    }
    let before = page.before.and_then(|place| i64::try_from(place).ok());
    let found = control.store().entries(access.id(), range, before, page.limit).await?;
    Ok(Json(page.listing(found, |entry| u128::from(entry.seq.unsigned_abs()), EntryView::from)))
}

impl From<Entry> for EntryView {
    fn from(entry: Entry) -> Self {
        let Entry { seq, at, kind, change, balance, purse, request, reason } = entry;
        let request_at = request.and_then(RequestId::made_at);
        Self { seq, at, kind, change, balance, grant: purse_name(purse), request, request_at, reason }
    }
}
