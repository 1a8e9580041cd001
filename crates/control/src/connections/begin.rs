//! Somebody leaves for a provider, to agree there. What he comes back with is a token of ours, bound to his session; the
//! proof that it was he who left is made from it and never travels.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use ownkey_domain::connection::ConnectionState;
use ownkey_domain::id::ConnectionId;
use ownkey_domain::time::Timestamp;
use ownkey_store::ConnectionStart;
use serde::Serialize;

use super::{gone, id_of};
use crate::auth::InWorkspace;
use crate::body::JsonBody;
use crate::control::Control;
use crate::form::Word;
use crate::problem::{Problem, ProblemDocument};

/// How long somebody may take to agree.
const AWAY_MS: i64 = 10 * 60_000;

/// An account to connect.
#[expect(dead_code, reason = "says in OpenAPI what is read")]
#[derive(utoipa::ToSchema)]
pub(crate) struct ConnectionInput {
    /// The provider, as the list of providers of connections names it.
    provider: String,
}

/// Where to go on.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct ConnectionBegun {
    /// The provider's page, on which somebody agrees. The same browser has to open it.
    url: String,
    /// Until when he may come back.
    #[schema(value_type = String)]
    expires_at: Timestamp,
}

/// Begins to connect an account: answers with the provider's page, from which the browser comes back to Ownkey.
#[utoipa::path(
    post,
    path = "/api/v1/workspaces/{ws}/connections",
    operation_id = "begin_connection",
    tag = "connections",
    params(("ws" = String, Path, description = "The workspace's id, or `current`")),
    request_body = ConnectionInput,
    responses(
        (status = 200, body = ConnectionBegun),
        (status = 502, body = ProblemDocument, content_type = "application/problem+json", description = "The provider can't be asked for its endpoints"),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn begin(
    State(control): State<Arc<Control>>,
    access: InWorkspace,
    body: JsonBody,
) -> Result<Json<ConnectionBegun>, Problem> {
    let mut members = body.members()?;
    let provider: Word = members.required("provider", Word::FORM)?;
    members.finish()?;
    leave(&control, &access, (provider.into_string(), None)).await
}

/// Begins to connect an account again whose grant is over, or whose scopes have changed. The connection keeps its id.
#[utoipa::path(
    post,
    path = "/api/v1/workspaces/{ws}/connections/{id}",
    operation_id = "begin_connection_again",
    tag = "connections",
    params(
        ("ws" = String, Path, description = "The workspace's id, or `current`"),
        ("id" = String, Path, description = "The connection's id"),
    ),
    responses(
        (status = 200, body = ConnectionBegun),
        (status = 502, body = ProblemDocument, content_type = "application/problem+json", description = "The provider can't be asked for its endpoints"),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn again(
    State(control): State<Arc<Control>>,
    access: InWorkspace,
) -> Result<Json<ConnectionBegun>, Problem> {
    let id = id_of(&access)?;
    let found = control.store().connection(access.id(), id).await?;
    let found = found.filter(|found| found.state != ConnectionState::Revoked).ok_or_else(gone)?;
    leave(&control, &access, (found.provider, Some(id))).await
}

async fn leave(
    control: &Control,
    access: &InWorkspace,
    (provider, connection): (String, Option<ConnectionId>),
) -> Result<Json<ConnectionBegun>, Problem> {
    // The table lets nobody else come this far.
    let session = access.who.person().ok_or_else(Problem::internal)?.session.id;
    let (tokens, now) = (&control.parts.tokens, control.now());
    let state = tokens.mint()?;
    let verifier = tokens.verifier(&state.text).ok_or_else(Problem::internal)?;
    let begun = control.parts.connections.begin(&provider, &state.text, &verifier).await?;
    let expires_at = now.plus_millis(AWAY_MS);
    let start = ConnectionStart { session, workspace: access.id(), provider, connection, expires_at };
    control.store().leave_for_provider(&state.hash, &start, now).await?;
    Ok(Json(ConnectionBegun { url: begun.url, expires_at }))
}
