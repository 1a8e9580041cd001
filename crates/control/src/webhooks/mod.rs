//! Webhooks: where a workspace wants to be told of what happens, by signed messages.

use std::collections::BTreeSet;

use ownkey_domain::id::WebhookId;
use ownkey_domain::person::Role;
use ownkey_domain::time::Timestamp;
use ownkey_domain::webhook::{Disabled, Event, WEBHOOKS_MAX};
use ownkey_store::Webhook;
use ownkey_vault::Origin;
use ownkey_webhooks::{Made, NoWebhook};
use serde::{Serialize, Serializer};
use zeroize::Zeroizing;

use crate::amount::unprocessable;
use crate::auth::InWorkspace;
use crate::body::Members;
use crate::control::Control;
use crate::problem::Problem;
use crate::who::Who;

pub(crate) mod create;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod messages;
pub(crate) mod remove;
pub(crate) mod replay;
pub(crate) mod rotate;
pub(crate) mod test;
pub(crate) mod update;

const EVENTS_FORM: &str = "a list of at least one event, each once";

/// A webhook as the API shows it: never its secret.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Webhook)]
pub(crate) struct WebhookView {
    /// Its id.
    #[schema(value_type = String)]
    id: WebhookId,
    /// Where messages go. To whoever is no admin its origin only: the rest may hold a token of the receiver's.
    url: String,
    /// What it is told of.
    #[schema(value_type = Vec<String>)]
    events: BTreeSet<Event>,
    /// Whether it is sent anything.
    enabled: bool,
    /// Why not: `by_hand`, `failing` (its receiver has taken nothing for five days) or `gone` (it answered 410). Null if it
    /// is.
    #[schema(value_type = Option<String>)]
    disabled_reason: Option<Disabled>,
    /// Since when its receiver has taken nothing. Null while it takes what it is sent.
    #[schema(value_type = Option<String>)]
    failing_since: Option<Timestamp>,
    /// When its receiver last took something.
    #[schema(value_type = Option<String>)]
    last_delivered_at: Option<Timestamp>,
    /// `operator`, or the id of the person that made it.
    created_by: String,
    /// When it was made.
    #[schema(value_type = String)]
    created_at: Timestamp,
}

/// A webhook with its secret, that was just made. The secret is shown here and never again.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = NewWebhook)]
pub(crate) struct NewWebhookView {
    #[serde(flatten)]
    webhook: WebhookView,
    /// What its receiver verifies signatures with, in the form of Standard Webhooks. It can't be shown again.
    #[serde(serialize_with = "in_clear")]
    #[schema(value_type = String)]
    secret: Zeroizing<String>,
}

impl From<Webhook> for WebhookView {
    fn from(webhook: Webhook) -> Self {
        Self {
            id: webhook.id,
            url: webhook.url,
            events: webhook.events,
            enabled: webhook.disabled.is_none(),
            disabled_reason: webhook.disabled,
            failing_since: webhook.failing_since,
            last_delivered_at: webhook.delivered_at,
            created_by: webhook.created_by,
            created_at: webhook.created_at,
        }
    }
}

impl WebhookView {
    /// As whoever asks may see it.
    fn shown_to(who: &Who, webhook: Webhook) -> Self {
        let view = Self::from(webhook);
        if who.person().is_none_or(|person| person.is_at_least(Role::Admin)) {
            return view;
        }
        let url = Origin::of_url(&view.url).map(|origin| origin.to_string()).unwrap_or_default();
        Self { url, ..view }
    }
}

impl From<Made> for NewWebhookView {
    fn from(made: Made) -> Self {
        Self { webhook: made.webhook.into(), secret: made.secret }
    }
}

/// The one place where a webhook's secret goes into an answer.
fn in_clear<S: Serializer>(secret: &Zeroizing<String>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret)
}

/// The events of a body, if it names any.
fn events(members: &mut Members<'_>) -> Result<Option<BTreeSet<Event>>, Problem> {
    let Some(named) = members.optional::<Vec<Event>>("events", EVENTS_FORM)? else { return Ok(None) };
    let count = named.len();
    let events: BTreeSet<_> = named.into_iter().filter(|event| event.can_be_chosen()).collect();
    if events.is_empty() || events.len() != count {
        return Err(
            Problem::bad_request(format!("`events` is not what it must be: {EVENTS_FORM}.")).with("member", "events")
        );
    }
    Ok(Some(events))
}

/// Counts a message that somebody asks for.
fn ask(control: &Control, access: &InWorkspace) -> Result<(), Problem> {
    control.parts.webhooks_asked.admit(access.id(), control.now()).map_err(|wait| {
        Problem::rate_limited("So many messages a minute are too much for a receiver. Try again later.", wait.0)
    })
}

fn id_of(access: &InWorkspace) -> Result<WebhookId, Problem> {
    access.segment("id").parse().map_err(|_| gone())
}

fn gone() -> Problem {
    Problem::not_found("There is no such webhook in this workspace.")
}

impl From<NoWebhook> for Problem {
    fn from(why: NoWebhook) -> Self {
        match why {
            NoWebhook::BadTarget(bad) => unprocessable("url", format!("Messages can't go to this URL: {bad}.")),
            NoWebhook::Gone => gone(),
            NoWebhook::TooMany => {
                Self::conflict(format!("A workspace may have {WEBHOOKS_MAX} webhooks. Remove one first."))
            }
            NoWebhook::Changed => Self::conflict("Somebody changed the secret at the same time. Look again."),
            NoWebhook::Store(error) => error.into(),
            NoWebhook::Vault(error) => error.into(),
        }
    }
}
