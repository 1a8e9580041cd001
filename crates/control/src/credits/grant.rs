use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use ownkey_domain::id::GrantId;
use ownkey_domain::ledger::{Amount, Grant};
use ownkey_domain::money::MicroCredits;
use ownkey_domain::time::Timestamp;
use ownkey_store::{BeyondCount, Ordered};
use serde::Serialize;
use serde_json::{Value, json};

use super::order::{OrderKey, answered};
use crate::amount::{credits, unprocessable};
use crate::auth::InWorkspace;
use crate::body::JsonBody;
use crate::control::Control;
use crate::form::Name;
use crate::problem::{Problem, ProblemDocument};

const EXPIRY_FORM: &str = "an RFC 3339 time";

/// Credits to give.
#[expect(dead_code, reason = "says in OpenAPI what is read")]
#[derive(utoipa::ToSchema)]
pub(crate) struct GrantInput {
    /// How many: a decimal above 0.
    credits: String,
    /// Why, in words that the workspace may read.
    reason: String,
    /// Until when they can be spent (RFC 3339); for ever if absent.
    expires_at: Option<String>,
}

/// Credits that were given.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = NewGrant)]
pub(crate) struct GrantView {
    /// Their id.
    #[schema(value_type = String)]
    id: GrantId,
    /// How many.
    #[schema(value_type = String)]
    credits: MicroCredits,
    /// Why.
    reason: String,
    /// Until when they can be spent; null is for ever.
    #[schema(value_type = Option<String>)]
    expires_at: Option<Timestamp>,
    /// When they were given.
    #[schema(value_type = String)]
    created_at: Timestamp,
}

/// Gives credits. Sent again with the same `Idempotency-Key` and the same body it gives nothing more and answers alike.
#[utoipa::path(
    post,
    path = "/api/v1/workspaces/{ws}/credits/grants",
    operation_id = "grant_credits",
    tag = "credits",
    params(
        ("ws" = String, Path, description = "The workspace's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated order one: 1 to 200 printable ASCII characters"),
    ),
    request_body = GrantInput,
    responses(
        (status = 201, body = GrantView),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json", description = "An amount or time that can't be, or an `Idempotency-Key` of another order"),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn grant(
    State(control): State<Arc<Control>>,
    access: InWorkspace,
    key: OrderKey,
    body: JsonBody,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let mut members = body.members()?;
    let credits = credits(&mut members, "credits")?;
    let reason: Name = members.required("reason", Name::FORM)?;
    let expires_at: Option<Timestamp> = members.optional("expires_at", EXPIRY_FORM)?;
    members.finish()?;
    let by = control.by(&access.who);
    if expires_at.is_some_and(|at| at <= by.at) {
        return Err(unprocessable("expires_at", "`expires_at` must be in the future.".to_owned()));
    }
    let id = GrantId::from_uuid(control.fresh_id()?);
    let grant =
        Grant { id, workspace: access.id(), credits: Amount::from(credits), expires_at, order: key.order(reason) };
    let reason = &grant.order.reason;
    let asked = json!({"grant": {"credits": credits, "reason": reason, "expires_at": expires_at}});
    let answer = json!(GrantView { id, credits, reason: reason.clone(), expires_at, created_at: by.at });
    let ordered = control.store().grant(&grant, (&asked, &answer), by).await?;
    if let Ordered::Done(Err(BeyondCount)) = ordered {
        let most = MicroCredits::new(i64::MAX);
        let detail = format!("A workspace is given {most} credits in all its time, and with these it would be more.");
        return Err(unprocessable("credits", detail));
    }
    answered(ordered, answer)
}
