use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use ownkey_domain::id::{GrantId, RequestId};
use ownkey_domain::ledger::{Amount, Refund, RefundRefused};
use ownkey_domain::money::MicroCredits;
use ownkey_domain::time::Timestamp;
use ownkey_store::Ordered;
use serde::Serialize;
use serde_json::{Value, json};

use super::order::{OrderKey, answered};
use crate::amount::{credits, unprocessable};
use crate::auth::InWorkspace;
use crate::body::JsonBody;
use crate::control::Control;
use crate::form::Name;
use crate::problem::{Problem, ProblemDocument};

const CHARGE_FORM: &str = "the id of a call, `req_…`";

/// Credits to give back.
#[expect(dead_code, reason = "says in OpenAPI what is read")]
#[derive(utoipa::ToSchema)]
pub(crate) struct RefundInput {
    /// The call that was charged: `req_…`.
    charge: String,
    /// How many: a decimal above 0, and no more than the call was charged.
    credits: String,
    /// Why, in words that the workspace may read.
    reason: String,
}

/// Credits that were given back.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = NewRefund)]
pub(crate) struct RefundView {
    /// The call that was charged.
    #[schema(value_type = String)]
    charge: RequestId,
    /// How many.
    #[schema(value_type = String)]
    credits: MicroCredits,
    /// Why.
    reason: String,
    /// When they were given back.
    #[schema(value_type = String)]
    created_at: Timestamp,
}

/// Gives back what a call was charged, to the grants it came from; what came from a grant that has expired can be spent
/// for another 30 days. Sent again with the same `Idempotency-Key` and body it gives nothing more and answers alike.
#[utoipa::path(
    post,
    path = "/api/v1/workspaces/{ws}/credits/refunds",
    operation_id = "refund_credits",
    tag = "credits",
    params(
        ("ws" = String, Path, description = "The workspace's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated order one: 1 to 200 printable ASCII characters"),
    ),
    request_body = RefundInput,
    responses(
        (status = 201, body = RefundView),
        (status = 404, body = ProblemDocument, content_type = "application/problem+json", description = "The workspace was charged for no such call"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json", description = "More than what is `left` of the charge, an amount that can't be, or an `Idempotency-Key` of another order"),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn refund(
    State(control): State<Arc<Control>>,
    access: InWorkspace,
    key: OrderKey,
    body: JsonBody,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let mut members = body.members()?;
    let charge: RequestId = members.required("charge", CHARGE_FORM)?;
    let credits = credits(&mut members, "credits")?;
    let reason: Name = members.required("reason", Name::FORM)?;
    members.finish()?;
    let refund = Refund {
        request: charge,
        workspace: access.id(),
        credits: Amount::from(credits),
        fresh: GrantId::from_uuid(control.fresh_id()?),
        order: key.order(reason),
    };
    let by = control.by(&access.who);
    let reason = &refund.order.reason;
    let asked = json!({"refund": {"charge": charge, "credits": credits, "reason": reason}});
    let answer = json!(RefundView { charge, credits, reason: reason.clone(), created_at: by.at });
    let ordered = control.store().refund(&refund, (&asked, &answer), by).await?;
    if let Ordered::Done(Err(refused)) = ordered {
        return Err(problem(refused));
    }
    answered(ordered, answer)
}

fn problem(refused: RefundRefused) -> Problem {
    match refused {
        RefundRefused::NotCharged => Problem::not_found("This workspace was charged for no such call."),
        RefundRefused::Exceeds { left } => {
            let left = MicroCredits::new(left.get()).to_string();
            unprocessable("credits", format!("Only {left} credits of this charge are left to give back."))
                .with("left", left)
        }
    }
}
