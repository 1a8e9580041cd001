use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use ownkey_connections::{Fresh, NoToken};
use ownkey_domain::id::{ConnectionId, WorkspaceId};
use ownkey_domain::time::Timestamp;
use serde::{Serialize, Serializer};

use super::{gone, id_of};
use crate::auth::InWorkspace;
use crate::body::JsonBody;
use crate::control::Control;
use crate::problem::{Problem, ProblemDocument};
use crate::who::Who;

/// An access token.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct ConnectionToken {
    /// The token, for the account's own API.
    #[schema(value_type = String)]
    access_token: Shown,
    /// How it is sent.
    token_type: &'static str,
    /// When it expires; null if it does not, or the provider does not say. Ask again rather than keep it.
    #[schema(value_type = Option<String>)]
    expires_at: Option<Timestamp>,
}

/// Why the token is asked for.
#[expect(dead_code, reason = "says in OpenAPI what is read")]
#[derive(utoipa::ToSchema)]
pub(crate) struct ConnectionTokenInput {
    /// Whether the account's API has refused the token that was given out before (401). Then it is refreshed, though it
    /// should work, unless that was done within the last minute.
    refused: Option<bool>,
}

/// The one place where a token goes into an answer.
struct Shown(Arc<ownkey_vault::ProviderKey>);

impl Serialize for Shown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose_str())
    }
}

/// Hands out the account's access token, refreshed first if it would expire soon. Each time is in the audit log.
#[utoipa::path(
    post,
    path = "/api/v1/workspaces/{ws}/connections/{id}/token",
    operation_id = "get_connection_token",
    tag = "connections",
    params(
        ("ws" = String, Path, description = "The workspace's id, or `current`"),
        ("id" = String, Path, description = "The connection's id"),
    ),
    request_body(content = Option<ConnectionTokenInput>, description = "May be absent"),
    responses(
        (status = 200, body = ConnectionToken),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json", description = "`needs_reauth`: somebody has to connect it again"),
        (status = 429, body = ProblemDocument, content_type = "application/problem+json", description = "`rate_limited`: the platform key's requests a minute are used up, calls of any kind together"),
        (status = 502, body = ProblemDocument, content_type = "application/problem+json", description = "The token has expired and the provider does not answer"),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn token(
    State(control): State<Arc<Control>>,
    access: InWorkspace,
    body: JsonBody,
) -> Result<Json<ConnectionToken>, Problem> {
    let (workspace, id) = (access.id(), id_of(&access)?);
    if let Who::Key(key) = &access.who {
        (control.parts.key_rates)(key).map_err(|wait_s| {
            Problem::rate_limited("The platform key's limit of requests a minute is used up. Try again later.", wait_s)
        })?;
    }
    let mut members = body.members()?;
    let was_refused = members.optional("refused", "true or false")?.unwrap_or(false);
    members.finish()?;
    let fresh = match fresh(&control, workspace, id, was_refused).await {
        Err(NoToken::NotRefreshed) => return Err(not_refreshed(&control, workspace, id).await?),
        answer => answer?,
    };
    // Nobody is given a token that nobody knows of.
    if !control.store().note_token(workspace, id, control.by(&access.who)).await? {
        return Err(gone());
    }
    Ok(Json(ConnectionToken { access_token: Shown(fresh.access), token_type: "Bearer", expires_at: fresh.expires_at }))
}

/// A token that works: another one than before, if that was refused.
async fn fresh(
    control: &Control,
    workspace: WorkspaceId,
    id: ConnectionId,
    was_refused: bool,
) -> Result<Fresh, NoToken> {
    let connections = &control.parts.connections;
    let fresh = connections.fresh(workspace, id).await?;
    if was_refused { connections.renewed(workspace, id, fresh.generation).await } else { Ok(fresh) }
}

/// Why there is no token that works: as far as it is known, what the provider says against it.
async fn not_refreshed(control: &Control, workspace: WorkspaceId, id: ConnectionId) -> Result<Problem, Problem> {
    let found = control.store().connection(workspace, id).await?;
    let word = found.and_then(|found| found.last_error);
    Ok(word.map_or_else(|| NoToken::NotRefreshed.into(), |word| gives_none(&word)))
}

fn gives_none(word: &str) -> Problem {
    let detail = if OPERATORS.contains(&word) {
        format!(
            "The token has expired, and the provider does not accept this server as its client (`{word}`). The operator \
             has to mend that."
        )
    } else {
        format!("The token has expired, and the provider gives no new one at the moment (`{word}`). Try again shortly.")
    };
    Problem::new(StatusCode::BAD_GATEWAY, "provider_unavailable", "The provider gives no token", detail)
}

/// What only the operator can mend.
const OPERATORS: [&str; 6] = [
    "invalid_client",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "invalid_request",
    "not_configured",
];
