//! What the playground calls models with. The gateway takes no cookies, so a signed-in browser gets a platform key for
//! a few minutes.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use ownkey_domain::scope::Scope;
use ownkey_domain::time::Timestamp;
use ownkey_store::KeyPurpose;
use serde::{Serialize, Serializer};
use zeroize::Zeroizing;

use crate::api_keys::create::{Draft, create_key};
use crate::auth::InWorkspace;
use crate::control::Control;
use crate::problem::{Problem, ProblemDocument};

const LASTS_MS: i64 = 10 * 60_000;

/// A platform key for the playground. It is in no list and can't be shown again.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct PlaygroundToken {
    /// To call models with, as `Authorization: Bearer`.
    #[serde(serialize_with = "in_clear")]
    #[schema(value_type = String)]
    token: Zeroizing<String>,
    /// When it stops working.
    #[schema(value_type = String)]
    expires_at: Timestamp,
}

/// Makes a platform key for the playground: with the scope `inference`, for ten minutes.
#[utoipa::path(
    post,
    path = "/api/v1/workspaces/{ws}/playground-token",
    operation_id = "create_playground_token",
    tag = "api-keys",
    security(("session" = [])),
    params(("ws" = String, Path, description = "The workspace's id, or `current`")),
    responses(
        (status = 201, body = PlaygroundToken),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn create(
    State(control): State<Arc<Control>>,
    access: InWorkspace,
) -> Result<(StatusCode, Json<PlaygroundToken>), Problem> {
    let expires_at = control.now().plus_millis(LASTS_MS);
    let draft = Draft {
        name: "Playground".to_owned(),
        scopes: vec![Scope::Inference],
        expires_at: Some(expires_at),
        requests_per_minute: None,
        tokens_per_minute: None,
        purpose: KeyPurpose::Playground,
    };
    let (_, token) = create_key(&control, &access, draft).await?;
    Ok((StatusCode::CREATED, Json(PlaygroundToken { token, expires_at })))
}

fn in_clear<S: Serializer>(token: &Zeroizing<String>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(token)
}
