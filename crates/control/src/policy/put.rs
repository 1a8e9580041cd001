use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use ownkey_domain::policy::PayerPolicy;

use super::{Fallback, PolicyView};
use crate::auth::InWorkspace;
use crate::body::{JsonBody, Members};
use crate::control::Control;
use crate::problem::{Problem, ProblemDocument};
use crate::query::Params;

const PAYER_FORM: &str = "`byok_preferred`, `byok_only` or `managed_only`";
const FALLBACK_FORM: &str =
    "an object with `on`, a list of `rate_limited`, `unavailable`, `quota_exhausted`, and `daily_cap_usd`, a decimal";

/// Who shall pay.
#[expect(dead_code, reason = "says in OpenAPI what `read` reads")]
#[derive(utoipa::ToSchema)]
pub(crate) struct PolicyInput {
    /// `byok_preferred` (if absent), `byok_only` or `managed_only`.
    payer: Option<String>,
    /// When managed access may step in for the own key.
    fallback: Option<Fallback>,
}

/// Says who pays from the next call on.
#[utoipa::path(
    put,
    path = "/api/v1/workspaces/{ws}/policy",
    operation_id = "put_policy",
    tag = "policy",
    params(
        ("ws" = String, Path, description = "The workspace's id, or `current`"),
        ("preview" = Option<bool>, Query, description = "True only shows what it would come to"),
    ),
    request_body = PolicyInput,
    responses(
        (status = 200, body = PolicyView),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json", description = "Not built yet"),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn put(
    State(control): State<Arc<Control>>,
    access: InWorkspace,
    mut params: Params,
    body: JsonBody,
) -> Result<Json<PolicyView>, Problem> {
    let mut members = body.members()?;
    let payer = read(&mut members)?;
    members.finish()?;
    let preview = params.read("preview", "true or false", |text| text.parse().ok())?.unwrap_or(false);
    params.finish()?;
    if !preview
        && payer != access.workspace.policy
        && !control.store().set_policy(access.id(), payer, control.by(&access.who)).await?
    {
        return Err(Problem::not_found("There is no such workspace."));
    }
    Ok(Json(PolicyView::of(&control, &access.workspace, payer)))
}

fn read(members: &mut Members<'_>) -> Result<PayerPolicy, Problem> {
    let payer: PayerPolicy = members.optional("payer", PAYER_FORM)?.unwrap_or_default();
    let fallback: Fallback = members.optional("fallback", FALLBACK_FORM)?.unwrap_or_default();
    if !fallback.on.is_empty() || fallback.daily_cap_usd.is_some() {
        // Storing a consent that nothing acts on would be a promise we don't keep.
        return Err(Problem::not_available_yet(
            "Fallback to managed access is not built yet: `on` must be empty, and there is nothing to cap.",
        )
        .with("member", "fallback"));
    }
    Ok(payer)
}
