use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;

use super::{done, id_of, is_owner};
use crate::auth::InWorkspace;
use crate::control::Control;
use crate::problem::{Problem, ProblemDocument};
use crate::query::Params;

/// What becomes of the platform keys that he made.
#[expect(dead_code, reason = "says in OpenAPI what is read")]
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct RemoveParams {
    /// `keep` (if absent) or `revoke`.
    api_keys: Option<String>,
}

/// Removes a member, who loses access now. Everybody may leave; the last owner can't.
#[utoipa::path(
    delete,
    path = "/api/v1/workspaces/{ws}/members/{id}",
    operation_id = "remove_member",
    tag = "members",
    params(
        ("ws" = String, Path, description = "The workspace's id, or `current`"),
        ("id" = String, Path, description = "The person's id"),
        RemoveParams,
    ),
    responses(
        (status = 204),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json", description = "He is the last owner"),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn remove(
    State(control): State<Arc<Control>>,
    access: InWorkspace,
    mut params: Params,
) -> Result<StatusCode, Problem> {
    let keys = params.read("api_keys", "`keep` or `revoke`", |text| match text {
        "keep" => Some(false),
        "revoke" => Some(true),
        _ => None,
    })?;
    params.finish()?;
    let id = id_of(&access)?;
    let leaves = access.who.person().is_some_and(|person| person.user.id == id);
    if !leaves && !is_owner(&access.who) {
        return Err(Problem::forbidden("Only owners remove others. You may leave yourself."));
    }
    let change = control.store().remove_member(access.id(), id, keys.unwrap_or(false), control.by(&access.who)).await?;
    done(change).map(|()| StatusCode::NO_CONTENT)
}
