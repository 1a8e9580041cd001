//! Receipts of calls.

#![deny(clippy::as_conversions, clippy::float_arithmetic)]

use std::time::Duration;

use ownkey_domain::caller::PlatformKey;
use ownkey_domain::id::{ApiKeyId, CredentialId, RequestId};
use ownkey_domain::money::{CreditPrice, CreditRate, MicroCredits, NanoUsd, PicoUsd};
use ownkey_domain::payer::PayerKind;
use ownkey_domain::policy::FallbackClass;
use ownkey_domain::provider::Provider;
use ownkey_domain::receipt::{Attempt, Consent, Outcome, Receipt};
use ownkey_domain::scope::Scope;
use ownkey_domain::service::{ServiceUnit, ServiceUse};
use ownkey_domain::time::Timestamp;
use ownkey_domain::usage::{Measured, Usage};
use serde::Serialize;

use crate::who::Who;

mod csv;
mod detail;
pub(crate) mod export;
pub(crate) mod get;
pub(crate) mod list;

/// A receipt as the API shows it.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Receipt)]
pub(crate) struct ReceiptView {
    /// The call's id, also in its answer's `x-ownkey-request-id`.
    #[schema(value_type = String)]
    id: RequestId,
    /// When the call came in.
    #[schema(value_type = String)]
    at: Timestamp,
    /// `byok` or `managed`; null on refused calls.
    #[schema(value_type = Option<String>)]
    payer: Option<PayerKind>,
    /// The provider key used.
    #[schema(value_type = Option<String>)]
    credential: Option<CredentialId>,
    /// The provider asked.
    #[schema(value_type = Option<String>)]
    provider: Option<Provider>,
    /// The model asked for.
    model: Option<String>,
    /// The model that the provider says it used.
    model_served: Option<String>,
    /// The agent it was made for.
    agent: Option<String>,
    /// The product's own user it was made for, as a service key's call named it.
    user: Option<String>,
    /// The platform key it came with.
    #[schema(value_type = Option<String>)]
    api_key: Option<ApiKeyId>,
    /// The caller's own id of the request.
    client_request_id: Option<String>,
    /// The path called.
    route: String,
    /// The metered service used; null on calls of models.
    service: Option<ServiceUseView>,
    /// Whether a stream was asked for.
    stream: bool,
    /// The status the caller saw; 0 if he left before.
    status: u16,
    /// The error code the caller saw; `interrupted` if the process ended before the call did, and what was known of it by
    /// then is charged.
    error: Option<String>,
    /// `complete`, `failed`, `cancelled` or `refused`.
    #[schema(value_type = String)]
    outcome: Outcome,
    /// What the workspace paid of `credits`, as its ledger has it.
    #[schema(value_type = String)]
    credits_paid: MicroCredits,
    /// What it costs in credits. The workspace paid that less `overrun_credits`.
    #[schema(value_type = String)]
    credits: MicroCredits,
    /// What of `credits` the operator paid: what the workspace did not have, and what its provider told beyond what a
    /// managed call can have used.
    #[schema(value_type = String)]
    overrun_credits: MicroCredits,
    /// Whether managed access was included in the plan.
    included: bool,
    /// What it costs at the provider's list price; null if that can't be known.
    #[schema(value_type = Option<String>)]
    cost_usd: Option<PicoUsd>,
    /// What `cost_usd` rests on.
    cost_basis: &'static str,
    /// The catalogue version that priced it.
    price_version: Option<String>,
    /// What a credit was worth when the call was admitted; null if no credits pay for it.
    credit_rate: Option<CreditRateView>,
    /// Tokens in the provider's own classes, and what else was counted (`input_characters`, `input_seconds`,
    /// `web_searches`, `file_searches`); absent is unknown.
    #[schema(value_type = std::collections::BTreeMap<String, u64>)]
    usage: Usage,
    /// `measured`, `estimated` or `unknown`.
    #[schema(value_type = String)]
    measured: Measured,
    /// Every attempt, in order.
    attempts: Vec<AttemptView>,
    /// Where the time went, in milliseconds.
    timing_ms: TimingView,
}

/// Credits are the cost times `markup` over `usd_per_credit`; or, where the price is a fixed one, `credits_each` for each
/// `list_each_usd` of it.
#[derive(Serialize)]
#[serde(transparent)]
pub(crate) struct CreditRateView(CreditRate);

impl utoipa::PartialSchema for CreditRateView {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, Type};
        let decimal = || ObjectBuilder::new().schema_type(Type::String);
        let members = ["usd_per_credit", "markup", "credits_each", "list_each_usd"];
        members.into_iter().fold(ObjectBuilder::new(), |object, name| object.property(name, decimal())).into()
    }
}

impl utoipa::ToSchema for CreditRateView {
    fn name() -> std::borrow::Cow<'static, str> {
        "CreditRate".into()
    }
}

/// The use of a metered service.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = ServiceUse)]
pub(crate) struct ServiceUseView {
    /// The service.
    name: String,
    /// What it was counted in: `call`, `token`, `character`, `second` or `item`.
    #[schema(value_type = String)]
    unit: ServiceUnit,
    /// How many; null if nobody said, and then what was set aside is charged.
    quantity: Option<u64>,
    /// The price of each at that time.
    #[schema(value_type = String)]
    credits_each: CreditPrice,
}

/// An attempt to have a provider serve the call.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Attempt)]
pub(crate) struct AttemptView {
    /// `byok` or `managed`.
    #[schema(value_type = String)]
    payer: PayerKind,
    /// The provider key used.
    #[schema(value_type = Option<String>)]
    credential: Option<CredentialId>,
    /// The provider's status; null if none came.
    status: Option<u16>,
    /// How it ended.
    #[schema(value_type = String)]
    outcome: Outcome,
    /// Its list-price cost; null if that can't be known.
    #[schema(value_type = Option<String>)]
    cost_usd: Option<PicoUsd>,
    /// The provider's own id of the request.
    provider_request_id: Option<String>,
    /// The code of what it met; null if it went well, and on old receipts of calls that fell back.
    error: Option<String>,
    /// Milliseconds from its sending to its end; null where its process ended first, and on old receipts.
    duration_ms: Option<u64>,
    /// Why and by whose leave it took the place of the attempt before it; null on the first, and on old receipts.
    consent: Option<ConsentView>,
    /// Why managed access did not take its place though the workspace consents to that, such as its cap a day that calls
    /// under way hold; null otherwise.
    not_followed: Option<String>,
}

/// The workspace's consent that managed access stepped in, as it was then.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Consent)]
pub(crate) struct ConsentView {
    /// What its own key had met: `rate_limited`, `unavailable` or `quota_exhausted`.
    #[schema(value_type = String)]
    after: FallbackClass,
    /// What that may cost a day, at list price.
    #[schema(value_type = String)]
    daily_cap_usd: NanoUsd,
}

/// Where the time went, in milliseconds.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Timing)]
pub(crate) struct TimingView {
    /// Spent here before the request went out.
    own: f64,
    /// To the provider's head.
    upstream_first: Option<u64>,
    /// To the end of the call.
    total: u64,
}

impl From<Receipt> for ReceiptView {
    fn from(receipt: Receipt) -> Self {
        let credits_paid = receipt.credits_paid();
        let attempts = attempts(receipt.attempts, receipt.error.as_deref());
        Self {
            id: receipt.id,
            at: receipt.at,
            payer: receipt.payer,
            credential: receipt.credential,
            provider: receipt.provider,
            model: receipt.model,
            model_served: receipt.model_served,
            agent: receipt.agent,
            user: receipt.user,
            api_key: receipt.api_key,
            client_request_id: receipt.client_request_id,
            route: receipt.route,
            service: receipt.service.map(ServiceUseView::from),
            stream: receipt.stream,
            status: receipt.status,
            error: receipt.error,
            outcome: receipt.outcome,
            credits_paid,
            credits: receipt.credits,
            overrun_credits: receipt.overrun,
            included: receipt.included,
            cost_usd: receipt.cost_usd,
            cost_basis: "list",
            price_version: receipt.price_version,
            credit_rate: receipt.credit_rate.map(CreditRateView),
            usage: receipt.usage,
            measured: receipt.measured,
            attempts,
            timing_ms: TimingView {
                own: millis(receipt.timing.own_us),
                upstream_first: receipt.timing.upstream_first_ms,
                total: receipt.timing.total_ms,
            },
        }
    }
}

impl From<ServiceUse> for ServiceUseView {
    fn from(used: ServiceUse) -> Self {
        let ServiceUse { name, unit, credits_each, quantity } = used;
        Self { name, unit, quantity, credits_each }
    }
}

/// Attempts, each with what it met: the last one what the caller saw, those before it what the next one stepped in for.
fn attempts(all: Vec<Attempt>, seen: Option<&str>) -> Vec<AttemptView> {
    let met = all.iter().skip(1).map(|next| next.consent.map(|consent| code_of(consent.after)));
    let met: Vec<Option<&str>> = met.chain([seen]).collect();
    all.into_iter().zip(met).map(|(attempt, error)| AttemptView::of(attempt, error)).collect()
}

/// The code of a failure that managed access steps in for.
const fn code_of(failure: FallbackClass) -> &'static str {
    match failure {
        FallbackClass::RateLimited => "provider_rate_limited",
        FallbackClass::Unavailable => "provider_unavailable",
        FallbackClass::QuotaExhausted => "provider_quota_exhausted",
    }
}

impl AttemptView {
    fn of(attempt: Attempt, error: Option<&str>) -> Self {
        let Attempt {
            payer,
            credential,
            status,
            outcome,
            cost_usd,
            provider_request_id,
            duration_ms,
            consent,
            not_followed,
        } = attempt;
        let consent = consent.map(|Consent { after, daily_cap_usd }| ConsentView { after, daily_cap_usd });
        let error = error.map(str::to_owned);
        Self {
            payer,
            credential,
            status,
            outcome,
            cost_usd,
            provider_request_id,
            error,
            duration_ms,
            consent,
            not_followed,
        }
    }
}

/// Microseconds as milliseconds with a fraction: one division, so that 2119 µs are 2.119 ms and no neighbour of it.
fn millis(micros: u64) -> f64 {
    Duration::from_micros(micros).div_duration_f64(Duration::from_millis(1))
}

/// The only key whose calls this caller may see; `None` means all of the workspace.
///
/// A key with `inference` alone sees its own calls: it can be in the hands of one developer or one app.
fn own_calls_only(who: &Who) -> Option<ApiKeyId> {
    let sees_all = |key: &PlatformKey| [Scope::UsageRead, Scope::Mcp].into_iter().any(|scope| key.may(scope));
    match who {
        Who::Key(key) if !sees_all(key) => Some(key.id),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_have_as_many_places_as_their_microseconds() {
        for micros in 0..100_000_u64 {
            let written: f64 = format!("{}.{:03}", micros / 1000, micros % 1000).parse().unwrap();
            assert_eq!(millis(micros).to_bits(), written.to_bits(), "{micros} µs");
        }
    }
}
