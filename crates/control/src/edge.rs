//! What holds for every answer, whichever handler gave it.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::{CACHE_CONTROL, X_CONTENT_TYPE_OPTIONS};
use tracing::Instrument;

use crate::problem::Problem;

/// Runs the handler in a task of its own, and marks the answer.
///
/// axum drops a handler when its caller hangs up. A task goes on to its end: a key that passed its test is stored
/// although nobody waits for the answer any more. It also turns a panic into an answer.
pub(crate) async fn guard(request: Request, next: Next) -> Response {
    let mut response = match tokio::spawn(next.run(request).in_current_span()).await {
        Ok(response) => response,
        Err(error) => {
            // The panic's own message may hold anything, so it stays with the panic hook.
            tracing::error!(panicked = error.is_panic(), "a handler of the management API did not finish");
            Problem::internal().into_response()
        }
    };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Paths that are nobody's.
pub(crate) async fn unknown_path() -> Problem {
    Problem::not_found("There is no such path. /api/openapi.json lists all there are.")
}

/// Known paths, other methods.
pub(crate) async fn unknown_method() -> Problem {
    Problem::method_not_allowed()
}
