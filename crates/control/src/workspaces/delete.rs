use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;

use super::gone;
use crate::auth::InWorkspace;
use crate::control::Control;
use crate::problem::{Problem, ProblemDocument};

/// Deletes a workspace: its platform keys and provider keys end, what could open them is destroyed. Providers are then
/// asked to revoke the tokens of its connections, as far as they let themselves be asked.
#[utoipa::path(
    delete,
    path = "/api/v1/workspaces/{ws}",
    operation_id = "delete_workspace",
    tag = "workspaces",
    params(("ws" = String, Path, description = "The workspace's id")),
    responses(
        (status = 204),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn delete(State(control): State<Arc<Control>>, access: InWorkspace) -> Result<StatusCode, Problem> {
    let (store, connections) = (control.store(), &control.parts.connections);
    let routing = store.routing(access.id()).await?.ok_or_else(gone)?;
    let left = connections.all_left(access.id(), &routing.dek).await?;
    if !store.delete_workspace(access.id(), control.by(&access.who)).await? {
        return Err(gone());
    }
    connections.revoke_all(left);
    Ok(StatusCode::NO_CONTENT)
}
