use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::ProviderKeyView;
use super::state::held;
use crate::auth::InWorkspace;
use crate::control::Control;
use crate::outlook::Outlook;
use crate::page::Listing;
use crate::problem::{Problem, ProblemDocument};

/// Lists what the workspace has at each provider.
#[utoipa::path(
    get,
    path = "/api/v1/workspaces/{ws}/provider-keys",
    operation_id = "list_provider_keys",
    tag = "provider-keys",
    params(("ws" = String, Path, description = "The workspace's id, or `current`")),
    responses(
        (status = 200, body = Listing<ProviderKeyView>),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn list(
    State(control): State<Arc<Control>>,
    access: InWorkspace,
) -> Result<Json<Listing<ProviderKeyView>>, Problem> {
    let outlook = Outlook::of(&control, &access.workspace).await?;
    let held = held(&control, access.id()).await?;
    let views = held.into_iter().map(|held| ProviderKeyView::of(&control, &outlook, held));
    Ok(Json(Listing::whole(views.collect())))
}
