//! For those who watch over the process.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use http::header::CONTENT_TYPE;
use serde::Serialize;

use crate::auth::Access;
use crate::control::Control;
use crate::problem::{Problem, ProblemDocument};

/// That all is well.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Health {
    /// `ok`.
    status: &'static str,
}

const OK: Json<Health> = Json(Health { status: "ok" });

/// Whether the process lives.
#[utoipa::path(
    get,
    path = "/healthz",
    operation_id = "healthz",
    tag = "operations",
    security(()),
    responses((status = 200, body = Health)),
)]
pub(crate) async fn healthz() -> Json<Health> {
    OK
}

/// Whether calls can be served.
#[utoipa::path(
    get,
    path = "/readyz",
    operation_id = "readyz",
    tag = "operations",
    security(()),
    responses(
        (status = 200, body = Health),
        (status = 503, body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn readyz(State(control): State<Arc<Control>>) -> Result<Json<Health>, Problem> {
    (control.parts.ready)().await.map(|()| OK).map_err(Problem::unavailable)
}

/// Shows the metrics in the Prometheus text format.
#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "metrics",
    tag = "operations",
    responses(
        (status = 200, body = String, content_type = "text/plain"),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn metrics(State(control): State<Arc<Control>>, _: Access) -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], (control.parts.metrics)())
}
