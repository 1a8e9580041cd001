use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use ownkey_store::Replayed;

use super::messages::{WebhookMessageView, gone, message_of};
use super::{ask, id_of};
use crate::auth::InWorkspace;
use crate::control::Control;
use crate::problem::{Problem, ProblemDocument};

/// Sends a message again, whatever became of it, under the id that it had.
#[utoipa::path(
    post,
    path = "/api/v1/workspaces/{ws}/webhooks/{id}/deliveries/{delivery}/replay",
    operation_id = "replay_webhook_delivery",
    tag = "webhooks",
    params(
        ("ws" = String, Path, description = "The workspace's id, or `current`"),
        ("id" = String, Path, description = "The webhook's id"),
        ("delivery" = String, Path, description = "The message's id"),
    ),
    responses(
        (status = 202, body = WebhookMessageView),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn replay(
    State(control): State<Arc<Control>>,
    access: InWorkspace,
) -> Result<(StatusCode, Json<WebhookMessageView>), Problem> {
    let (of, id) = ((access.id(), id_of(&access)?), message_of(&access)?);
    let store = control.store();
    store.webhook_message(of, id).await?.ok_or_else(gone)?;
    ask(&control, &access)?;
    match store.replay_message(of, id, control.by(&access.who)).await? {
        Replayed::Due => {}
        Replayed::Disabled => return Err(disabled()),
        Replayed::UnderWay => {
            return Err(Problem::conflict(
                "This message is being sent at this moment. Try again once the attempt has ended.",
            ));
        }
        Replayed::NotFound => return Err(gone()),
    }
    let message = store.webhook_message(of, id).await?.ok_or_else(gone)?;
    Ok((StatusCode::ACCEPTED, Json(message.into())))
}

pub(super) fn disabled() -> Problem {
    Problem::conflict("This webhook is disabled. Enable it first.")
}
