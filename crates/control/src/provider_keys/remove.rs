use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;
use ownkey_domain::id::CredentialId;
use ownkey_store::Removal;

use super::{no_key, provider_of};
use crate::auth::InWorkspace;
use crate::control::Control;
use crate::problem::{Problem, ProblemDocument};
use crate::query::Params;

const CREDENTIAL_FORM: &str = "the id of a stored key, as the list of provider keys shows it";

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
        ("credential" = Option<String>, Query, description = "The id of the stored key that is meant: another one is not removed"),
    ),
    responses(
        (status = 204),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json", description = "Another key is stored than the one that is meant; it stays"),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn remove(
    State(control): State<Arc<Control>>,
    access: InWorkspace,
    mut params: Params,
) -> Result<StatusCode, Problem> {
    let (provider, _) = provider_of(&control, &access)?;
    let meant: Option<CredentialId> = params.read("credential", CREDENTIAL_FORM, |text| text.parse().ok())?;
    params.finish()?;
    match control.store().remove_credential(access.id(), (provider, meant), control.by(&access.who)).await? {
        Removal::Done => Ok(StatusCode::NO_CONTENT),
        Removal::Nothing => Err(no_key()),
        Removal::Another => Err(Problem::conflict(
            "The key that is stored is not the one that was to be removed: it was changed meanwhile. Nothing was \
             removed. Look at it again.",
        )),
    }
}
