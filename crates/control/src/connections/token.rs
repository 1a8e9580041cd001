use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use ownkey_domain::time::Timestamp;
use serde::{Serialize, Serializer};

use super::{gone, id_of};
use crate::auth::InWorkspace;
use crate::body::JsonBody;
use crate::control::Control;
use crate::problem::{Problem, ProblemDocument};

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
    let mut members = body.members()?;
    let was_refused = members.optional("refused", "true or false")?.unwrap_or(false);
    members.finish()?;
    let connections = &control.parts.connections;
    let mut fresh = connections.fresh(workspace, id).await?;
    if was_refused {
        fresh = connections.renewed(workspace, id, fresh.generation).await?;
    }
    // Nobody is given a token that nobody knows of.
    if !control.store().note_token(workspace, id, control.by(&access.who)).await? {
        return Err(gone());
    }
    Ok(Json(ConnectionToken { access_token: Shown(fresh.access), token_type: "Bearer", expires_at: fresh.expires_at }))
}
