//! What error codes mean.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use ownkey_domain::error_code::{ALL, Blame, ErrorCode, Managed, explain};
use serde::Serialize;

use crate::auth::Access;
use crate::control::Control;
use crate::page::Listing;
use crate::problem::{Problem, ProblemDocument};

/// A code, explained.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = ErrorCode)]
pub(crate) struct ErrorCodeView {
    /// The word, as calls, this API, receipts and verdicts on keys use it.
    code: &'static str,
    /// The meaning in a few words; `{provider}` and `{model}` stand for the names of a call's own.
    title: &'static str,
    /// With whom the cause lies: `caller`, `provider` or `server`.
    blame: &'static str,
    /// What it says.
    meaning: &'static str,
    /// What to do about it.
    remedy: &'static str,
    /// What it is instead on calls that managed access was to pay for.
    managed: Option<ManagedCodeView>,
}

/// A code that the operator's own account met.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = ManagedErrorCode)]
struct ManagedCodeView {
    title: &'static str,
    blame: &'static str,
    meaning: &'static str,
    remedy: &'static str,
}

/// Explains every error code.
#[utoipa::path(
    get,
    path = "/api/v1/error-codes",
    operation_id = "list_error_codes",
    tag = "operations",
    responses(
        (status = 200, body = Listing<ErrorCodeView>),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn list(State(_): State<Arc<Control>>, _: Access) -> Json<Listing<ErrorCodeView>> {
    Json(Listing::whole(ALL.iter().map(ErrorCodeView::from).collect()))
}

/// Explains an error code.
#[utoipa::path(
    get,
    path = "/api/v1/error-codes/{code}",
    operation_id = "explain_error_code",
    tag = "operations",
    params(("code" = String, Path, description = "The code")),
    responses(
        (status = 200, body = ErrorCodeView),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn get(
    State(_): State<Arc<Control>>,
    _: Access,
    Path(code): Path<String>,
) -> Result<Json<ErrorCodeView>, Problem> {
    let known = explain(&code).ok_or_else(|| Problem::not_found("There is no such error code."))?;
    Ok(Json(known.into()))
}

impl From<&ErrorCode> for ErrorCodeView {
    fn from(known: &ErrorCode) -> Self {
        let ErrorCode { code, title, blame, meaning, remedy, managed } = *known;
        let managed = managed.map(|Managed { title, meaning, remedy }| ManagedCodeView {
            title,
            blame: Blame::Server.as_str(),
            meaning,
            remedy,
        });
        Self { code, title, blame: blame.as_str(), meaning, remedy, managed }
    }
}
