//! Whether the whole book is sound.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use ownkey_store::Store;
use serde::{Deserialize, Serialize};

use crate::auth::Access;
use crate::body::JsonBody;
use crate::control::Control;
use crate::problem::{Problem, ProblemDocument};

/// Problems that are told; more than these are counted.
const PROBLEMS_TOLD: usize = 1_000;

/// What was looked at, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LedgerChecked {
    /// Accounts there are.
    pub accounts: u64,
    /// Transfers between them.
    pub transfers: u64,
    /// Open holds.
    pub holds: u64,
    /// How many things are wrong.
    pub wrong: u64,
    /// What is wrong; the first thousand.
    pub problems: Vec<String>,
}

/// Looks through the whole book: every account is what its transfers and holds say, and nothing was made or lost.
#[utoipa::path(
    post,
    path = "/api/v1/operator/ledger/check",
    operation_id = "check_ledger",
    tag = "operator",
    responses(
        (status = 200, body = LedgerChecked),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn check(
    State(control): State<Arc<Control>>,
    _: Access,
    body: JsonBody,
) -> Result<Json<LedgerChecked>, Problem> {
    body.members()?.finish()?;
    Ok(Json(check_ledger(control.store()).await?))
}

/// Looks through the whole book.
pub async fn check_ledger(store: &Store) -> ownkey_store::Result<LedgerChecked> {
    let found = store.check_ledger().await?;
    let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    Ok(LedgerChecked {
        accounts: count(found.accounts),
        transfers: found.transfers,
        holds: count(found.holds),
        wrong: count(found.problems.len()),
        problems: found.problems.iter().take(PROBLEMS_TOLD).map(ToString::to_string).collect(),
    })
}
