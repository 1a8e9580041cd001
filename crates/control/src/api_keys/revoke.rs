use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;

use super::{gone, id_of, may_revoke};
use crate::auth::InWorkspace;
use crate::control::Control;
use crate::problem::{Problem, ProblemDocument};

/// Revokes a platform key. When this answers, no call starts with it any more.
#[utoipa::path(
    delete,
    path = "/api/v1/workspaces/{ws}/api-keys/{id}",
    operation_id = "revoke_api_key",
    tag = "api-keys",
    params(
        ("ws" = String, Path, description = "The workspace's id, or `current`"),
        ("id" = String, Path, description = "The platform key's id"),
    ),
    responses(
        (status = 204),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn revoke(State(control): State<Arc<Control>>, access: InWorkspace) -> Result<StatusCode, Problem> {
    let id = id_of(&access)?;
    let key = control.store().api_key(access.id(), id).await?.ok_or_else(gone)?;
    if !may_revoke(&key, &access.who) {
        return Err(Problem::forbidden("Members revoke the keys that they made; others take an admin."));
    }
    let revoked = control.store().revoke_api_key(access.id(), id, control.by(&access.who)).await?;
    if revoked { Ok(StatusCode::NO_CONTENT) } else { Err(gone()) }
}
