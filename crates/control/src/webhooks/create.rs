use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use ownkey_domain::id::WebhookId;
use ownkey_domain::webhook::Event;

use super::{NewWebhookView, events, gone};
use crate::auth::InWorkspace;
use crate::body::JsonBody;
use crate::control::Control;
use crate::form::Url;
use crate::problem::{Problem, ProblemDocument};

/// A webhook to make.
#[expect(dead_code, reason = "says in OpenAPI what is read")]
#[derive(utoipa::ToSchema)]
pub(crate) struct WebhookInput {
    /// Where messages go. It can't be changed: the secret is bound to it.
    url: String,
    /// What it is told of: `provider_key.invalid`, `provider_key.recovered`, `provider_key.quota_exhausted`,
    /// `budget.threshold`, `credits.low`, `connection.needs_reauth`; all of these if absent.
    events: Option<Vec<String>>,
}

/// Makes a webhook.
#[utoipa::path(
    post,
    path = "/api/v1/workspaces/{ws}/webhooks",
    operation_id = "create_webhook",
    tag = "webhooks",
    params(("ws" = String, Path, description = "The workspace's id, or `current`")),
    request_body = WebhookInput,
    responses(
        (status = 201, body = NewWebhookView),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn create(
    State(control): State<Arc<Control>>,
    access: InWorkspace,
    body: JsonBody,
) -> Result<(StatusCode, Json<NewWebhookView>), Problem> {
    let mut members = body.members()?;
    let url: Url = members.required("url", Url::FORM)?;
    let events = events(&mut members)?;
    members.finish()?;
    let all = || Event::ALL.iter().copied().filter(|event| event.can_be_chosen()).collect();
    let routing = control.store().routing(access.id()).await?.ok_or_else(gone)?;
    let of = (access.id(), WebhookId::from_uuid(control.fresh_id()?));
    let what = (&*url.into_string(), events.unwrap_or_else(all));
    let made = control.parts.webhooks.create(of, what, &routing.dek, control.by(&access.who)).await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}
