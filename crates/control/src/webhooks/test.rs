use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;

use super::messages::WebhookMessageView;
use super::{ask, gone, id_of};
use crate::auth::InWorkspace;
use crate::control::Control;
use crate::problem::{Problem, ProblemDocument};

/// Sends a webhook a message (`webhook.test`), to see whether it arrives. What became of it is in the list of its messages.
#[utoipa::path(
    post,
    path = "/api/v1/workspaces/{ws}/webhooks/{id}/test",
    operation_id = "test_webhook",
    tag = "webhooks",
    params(
        ("ws" = String, Path, description = "The workspace's id, or `current`"),
        ("id" = String, Path, description = "The webhook's id"),
    ),
    responses(
        (status = 202, body = WebhookMessageView),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn test(
    State(control): State<Arc<Control>>,
    access: InWorkspace,
) -> Result<(StatusCode, Json<WebhookMessageView>), Problem> {
    let of = (access.id(), id_of(&access)?);
    let store = control.store();
    let webhook = store.webhook(of.0, of.1).await?.ok_or_else(gone)?;
    if webhook.disabled.is_some() {
        return Err(super::replay::disabled());
    }
    ask(&control, &access)?;
    let id = store.test_webhook(of, control.by(&access.who)).await?.ok_or_else(gone)?;
    let message = store.webhook_message(of, id).await?.ok_or_else(gone)?;
    Ok((StatusCode::ACCEPTED, Json(message.into())))
}
