//! The way in to the MCP server: who may and from where is said here; what its tools may is what the routes say that
//! they ask.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{FromRequest, Request, State};
use axum::response::Response;
use http::header::CONTENT_TYPE;
use http_body_util::Full;
use ownkey_mcp::Server;

use crate::auth::Access;
use crate::body::JsonBody;
use crate::control::Control;
use crate::problem::{Problem, ProblemDocument};
use crate::site::Trust;

const JSON: &[u8] = b"application/json";

/// Takes a message of the Model Context Protocol (Streamable HTTP, without sessions).
#[utoipa::path(
    post,
    path = "/mcp",
    operation_id = "mcp",
    tag = "mcp",
    request_body(content = Object, description = "A JSON-RPC message"),
    responses(
        (status = 200, body = Object, description = "The answer to a request"),
        (status = 202, description = "A notification was taken"),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn call(
    State(control): State<Arc<Control>>,
    _: Access,
    Extension(server): Extension<Server>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    // Pages of other sites, and names that lead here without being ours.
    control.parts.site.admit(&parts, Trust::Body)?;
    let body = JsonBody::from_request(Request::from_parts(parts.clone(), body), &()).await?;
    let answer = server.answer(http::Request::from_parts(parts, Full::new(body.into_bytes()))).await;
    let is_json = answer.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(JSON));
    // The transport's own refusals are plain text, and repeat what was sent.
    if answer.status().is_client_error() && !is_json { Err(not_understood()) } else { Ok(answer) }
}

fn not_understood() -> Problem {
    Problem::bad_request(
        "This is no message of the Model Context Protocol in a version that is spoken here. `accept` must name \
         `application/json` and `text/event-stream`.",
    )
}
