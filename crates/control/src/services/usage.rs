use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use ownkey_domain::id::{ApiKeyId, RequestId};
use ownkey_domain::ledger::{Charge, Funds, Settlement};
use ownkey_domain::money::{MicroCredits, NanoUsd};
use ownkey_domain::payer::PayerKind;
use ownkey_domain::plan::Draw;
use ownkey_domain::receipt::{Outcome, Receipt};
use ownkey_domain::service::{COST_MAX, QUANTITY_MAX, Service};
use ownkey_domain::time::Timestamp;
use ownkey_domain::usage::Measured;
use ownkey_store::{Ordered, ServiceUsage};
use ownkey_vault::random_bytes;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::amount::unprocessable;
use crate::auth::InWorkspace;
use crate::body::{JsonBody, Members};
use crate::control::Control;
use crate::form::{ExternalId, Name};
use crate::problem::{Problem, ProblemDocument};
use crate::who::Who;

/// What it says on receipts in place of a path that was called.
const ROUTE: &str = "service-usage";
/// How old use may be when it is told: what is older belongs to periods that are settled.
const AGE_MS_MAX: i64 = 35 * 86_400_000;
/// How far a product's clock may be ahead.
const AHEAD_MS_MAX: i64 = 5 * 60_000;
const QUANTITY_FORM: &str = "a whole number from 1 to 1000000000000";
const SERVICE_FORM: &str = "the name of a metered service";
const AT_FORM: &str = "an RFC 3339 time";

/// Use of a service that happened elsewhere.
#[expect(dead_code, reason = "says in OpenAPI what `read` reads")]
#[derive(utoipa::ToSchema)]
pub(crate) struct ServiceUsageInput {
    /// The product's own id of it, such as that of a phone call: told again under the same one it is booked once.
    id: String,
    /// The service.
    service: String,
    /// How many of the service's unit; they cost a million credits at most.
    quantity: u64,
    /// When it happened (RFC 3339): now if absent, at most 35 days ago.
    at: Option<String>,
    /// The agent it was made for.
    agent: Option<String>,
    /// The product's own user it was made for.
    user: Option<String>,
}

/// What was booked.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "says in OpenAPI what is answered")]
#[schema(as = ServiceUsage)]
pub(crate) struct ServiceUsageView {
    /// The product's own id of it.
    id: String,
    /// Its receipt.
    request: String,
    /// The service.
    service: String,
    /// What it is counted in.
    unit: String,
    /// How many.
    quantity: u64,
    /// Credits charged.
    credits: String,
    /// Whether the workspace's plan includes it.
    included: bool,
    /// When it happened.
    at: String,
}

/// Books use of a service that happened elsewhere. What the workspace can't pay any more is the operator's, since it has
/// been used already.
#[utoipa::path(
    post,
    path = "/api/v1/workspaces/{ws}/service-usage",
    operation_id = "book_service_usage",
    tag = "services",
    params(("ws" = String, Path, description = "The workspace's id, or `current`")),
    request_body = ServiceUsageInput,
    responses(
        (status = 201, body = ServiceUsageView, description = "Booked, now or when it was told before"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "The id stands for other use, or the quantity costs more than a million credits"),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn book(
    State(control): State<Arc<Control>>,
    access: InWorkspace,
    body: JsonBody,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let mut members = body.members()?;
    let told = Told::read(&mut members)?;
    members.finish()?;
    let now = control.now();
    let service = control.parts.services.get(&told.service).ok_or_else(|| {
        Problem::not_found("There is no such service. `GET …/services` lists them.").with("member", "service")
    })?;
    let at = told.at.unwrap_or(now);
    if at < now.plus_millis(-AGE_MS_MAX) || at > now.plus_millis(AHEAD_MS_MAX) {
        return Err(Problem::bad_request("`at` must be within the last 35 days.").with("member", "at"));
    }
    let draw = control.plan(&access.workspace.plan).draw_for_services(now, access.workspace.period_anchor);
    let receipt = receipt(&access, service, &told, (at, draw))?;
    let (asked, answer) = (told.asked(), told.answer(service, &receipt));
    let usage = ServiceUsage { id: told.id.into_string(), receipt, allowance: draw.allowance };
    let booked = control.store().book_usage(&usage, (&asked, &answer), now).await?;
    let answer = match booked {
        Ordered::Done(()) => answer,
        Ordered::Repeated(answer) => answer,
        Ordered::KeyReused => return Err(reused()),
        Ordered::NoWorkspace => return Err(Problem::not_found("There is no such workspace.")),
    };
    Ok((StatusCode::CREATED, Json(answer)))
}

/// What a product tells.
struct Told {
    id: ExternalId,
    service: String,
    quantity: u64,
    at: Option<Timestamp>,
    agent: Option<String>,
    user: Option<String>,
}

impl Told {
    fn read(members: &mut Members<'_>) -> Result<Self, Problem> {
        let bad = |member: &'static str, form: &str| {
            Problem::bad_request(format!("`{member}` is not what it must be: {form}.")).with("member", member)
        };
        let quantity: u64 = members.required("quantity", QUANTITY_FORM)?;
        if !(1..=QUANTITY_MAX).contains(&quantity) {
            return Err(bad("quantity", QUANTITY_FORM));
        }
        let at: Option<String> = members.optional("at", AT_FORM)?;
        let at = at.map(|text| Timestamp::parse_rfc3339(&text).ok_or_else(|| bad("at", AT_FORM))).transpose()?;
        Ok(Self {
            id: members.required("id", ExternalId::FORM)?,
            service: members.required("service", SERVICE_FORM)?,
            quantity,
            at,
            agent: members.optional("agent", Name::FORM)?.map(Name::into_string),
            user: members.optional("user", ExternalId::FORM)?.map(ExternalId::into_string),
        })
    }

    /// What tells it from other use.
    fn asked(&self) -> Value {
        let Self { id: _, service, quantity, at, agent, user } = self;
        json!({"service": service, "quantity": quantity, "at": at, "agent": agent, "user": user})
    }

    fn answer(&self, service: &Service, receipt: &Receipt) -> Value {
        json!({
            "id": self.id.clone().into_string(),
            "request": receipt.id,
            "service": service.name,
            "unit": service.unit,
            "quantity": self.quantity,
            "credits": receipt.credits,
            "included": receipt.included,
            "at": receipt.at,
        })
    }
}

/// The receipt, with what is charged.
fn receipt(
    access: &InWorkspace,
    service: &Service,
    told: &Told,
    (at, draw): (Timestamp, Draw),
) -> Result<Receipt, Problem> {
    let credits = if draw.included { Some(MicroCredits::ZERO) } else { service.cost(told.quantity) };
    let credits = credits.ok_or_else(|| {
        unprocessable(
            "quantity",
            format!("So many cost more than {COST_MAX} credits, the most that is booked at once."),
        )
    })?;
    let charge = Charge { credits, usd: NanoUsd::ZERO };
    let settlement = Settlement { charge, funds: draw.funds, ..Settlement::NOTHING };
    Ok(Receipt {
        api_key: key_of(&access.who),
        agent: told.agent.clone(),
        user: told.user.clone(),
        service: Some(service.used(Some(told.quantity))),
        payer: Some(PayerKind::Managed),
        status: StatusCode::CREATED.as_u16(),
        outcome: Outcome::Complete,
        credits,
        credits_at_rate: service.cost(told.quantity),
        included: draw.included,
        measured: Measured::Measured,
        settlement: (draw.funds != Funds::None).then_some(settlement),
        ..Receipt::draft(RequestId::from_uuid(id_of(at)?), at, access.id(), ROUTE.to_owned())
    })
}

/// An id of the moment it happened: receipts are in the order of their ids.
fn id_of(at: Timestamp) -> Result<Uuid, Problem> {
    let millis = u64::try_from(at.millis()).unwrap_or(0);
    Ok(uuid::Builder::from_unix_timestamp_millis(millis, &random_bytes::<10>()?).into_uuid())
}

const fn key_of(who: &Who) -> Option<ApiKeyId> {
    match who {
        Who::Operator | Who::Person(_) => None,
        Who::Key(key) => Some(key.id),
    }
}

fn reused() -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "id_reused",
        "The id stands for other use",
        "Other use was booked under this id. Each use needs an id of its own.",
    )
    .with("member", "id")
}
