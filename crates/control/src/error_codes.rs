//! What error codes mean.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use ownkey_domain::error_code::{ErrorCode, explain};
use serde::Serialize;

use crate::auth::Access;
use crate::control::Control;
use crate::problem::{Problem, ProblemDocument};

/// A code, explained.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = ErrorCode)]
pub(crate) struct ErrorCodeView {
    /// The word, as calls, this API, receipts and verdicts on keys use it.
    code: &'static str,
    /// What it says.
    meaning: &'static str,
    /// What to do about it.
    remedy: &'static str,
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
    let ErrorCode { code, meaning, remedy } = *known;
    Ok(Json(ErrorCodeView { code, meaning, remedy }))
}
