use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;

use super::{no_key, provider_of};
use crate::auth::InWorkspace;
use crate::control::Control;
use crate::problem::{Problem, ProblemDocument};

/// Removes the workspace's key. When this answers, no call starts with it any more; who pays from then on is what
/// plan and policy say.
#[utoipa::path(
    delete,
    path = "/api/v1/workspaces/{ws}/provider-keys/{provider}",
    operation_id = "remove_provider_key",
    tag = "provider-keys",
    params(
        ("ws" = String, Path, description = "The workspace's id, or `current`"),
        ("provider" = String, Path, description = "Its id, as in the list of providers"),
    ),
    responses(
        (status = 204),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn remove(State(control): State<Arc<Control>>, access: InWorkspace) -> Result<StatusCode, Problem> {
    let (provider, _) = provider_of(&control, &access)?;
    let removed = control.store().remove_credential(access.id(), provider, control.by(&access.who)).await?;
    if removed { Ok(StatusCode::NO_CONTENT) } else { Err(no_key()) }
}
