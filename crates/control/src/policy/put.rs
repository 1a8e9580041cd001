use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use ownkey_domain::money::NanoUsd;
use ownkey_domain::policy::{Fallback, FallbackClass, PayerPolicy};
use serde::Deserialize;

use super::PolicyView;
use crate::amount::{unprocessable, usd_of};
use crate::auth::InWorkspace;
use crate::body::{JsonBody, Members};
use crate::control::Control;
use crate::problem::{Problem, ProblemDocument};
use crate::query::Params;

const PAYER_FORM: &str = "`byok_preferred`, `byok_only` or `managed_only`";
const FALLBACK_FORM: &str = "an object with `on`, a list of `rate_limited`, `unavailable`, `quota_exhausted`, and `daily_cap_usd`, a decimal text";

/// Who shall pay.
#[expect(dead_code, reason = "says in OpenAPI what `read` reads")]
#[derive(utoipa::ToSchema)]
pub(crate) struct PolicyInput {
    /// `byok_preferred` (if absent), `byok_only` or `managed_only`.
    payer: Option<String>,
    /// When managed access may step in for the own key; never if absent.
    fallback: Option<FallbackInput>,
}

/// When managed access may step in for the own key.
#[derive(Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct FallbackInput {
    /// The failures it may step in for: `rate_limited`, `unavailable`, `quota_exhausted`.
    #[schema(value_type = Vec<String>)]
    on: Vec<FallbackClass>,
    /// The most that may cost a day, at list price: a decimal above 0. Must be there if `on` names anything.
    daily_cap_usd: Option<String>,
}

/// Whether to save it.
#[expect(dead_code, reason = "says in OpenAPI what is read")]
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PolicyParams {
    /// `true` saves nothing, and only tells the `outcomes`: what would happen to calls in every situation.
    preview: Option<bool>,
}

/// Says who pays from the next call on. Consent to fallback is kept on every plan, and has no effect where plan or
/// operator offer no managed access.
#[utoipa::path(
    put,
    path = "/api/v1/workspaces/{ws}/policy",
    operation_id = "put_policy",
    tag = "policy",
    params(("ws" = String, Path, description = "The workspace's id, or `current`"), PolicyParams),
    request_body = PolicyInput,
    responses(
        (status = 200, body = PolicyView),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json", description = "Fallback without a daily cap above 0"),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn put(
    State(control): State<Arc<Control>>,
    access: InWorkspace,
    mut params: Params,
    body: JsonBody,
) -> Result<Json<PolicyView>, Problem> {
    let preview = params.read("preview", "`true` or `false`", |text| text.parse().ok())?.unwrap_or(false);
    params.finish()?;
    let mut members = body.members()?;
    let (payer, fallback) = read(&mut members)?;
    members.finish()?;
    let before = (access.workspace.policy, &access.workspace.fallback);
    if !preview
        && (payer, &fallback) != before
        && !control.store().set_policy(access.id(), payer, &fallback, control.by(&access.who)).await?
    {
        return Err(Problem::not_found("There is no such workspace."));
    }
    Ok(Json(PolicyView::of(&control, &access.workspace, (payer, fallback)).await?))
}

fn read(members: &mut Members<'_>) -> Result<(PayerPolicy, Fallback), Problem> {
    let payer: PayerPolicy = members.optional("payer", PAYER_FORM)?.unwrap_or_default();
    let FallbackInput { mut on, daily_cap_usd } = members.optional("fallback", FALLBACK_FORM)?.unwrap_or_default();
    on.sort_unstable();
    on.dedup();
    let daily_cap_usd = daily_cap_usd.map(|text| usd_of(&text, "daily_cap_usd")).transpose()?;
    if !on.is_empty() && daily_cap_usd.is_none_or(|cap| cap <= NanoUsd::ZERO) {
        let detail = "Fallback costs money where own keys cost none: say with `daily_cap_usd` how much a day, above 0.";
        return Err(unprocessable("daily_cap_usd", detail.to_owned()));
    }
    Ok((payer, Fallback { on, daily_cap_usd }))
}
