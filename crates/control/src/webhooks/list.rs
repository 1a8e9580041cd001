use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::WebhookView;
use crate::auth::InWorkspace;
use crate::control::Control;
use crate::page::Listing;
use crate::problem::{Problem, ProblemDocument};

/// Lists the workspace's webhooks, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/workspaces/{ws}/webhooks",
    operation_id = "list_webhooks",
    tag = "webhooks",
    params(("ws" = String, Path, description = "The workspace's id, or `current`")),
    responses(
        (status = 200, body = Listing<WebhookView>),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn list(
    State(control): State<Arc<Control>>,
    access: InWorkspace,
) -> Result<Json<Listing<WebhookView>>, Problem> {
    let found = control.store().webhooks(access.id()).await?;
    Ok(Json(Listing::whole(found.into_iter().map(|webhook| WebhookView::shown_to(&access.who, webhook)).collect())))
}
