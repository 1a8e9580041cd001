use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use ownkey_domain::id::RequestId;
use ownkey_store::{Range, ReceiptFilter, StatusClass};
use uuid::Uuid;

use super::{ReceiptView, own_calls_only};
use crate::auth::InWorkspace;
use crate::control::Control;
use crate::page::{List, Listing, Page, PageParams};
use crate::problem::{Problem, ProblemDocument};
use crate::query::{Params, RangeParams, api_key, model, payer, provider, range};
use crate::who::Who;

/// What receipts to show; what is absent does not matter.
#[expect(dead_code, reason = "says in OpenAPI what `filter` reads")]
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReceiptParams {
    /// `byok` or `managed`.
    payer: Option<String>,
    /// The provider asked.
    provider: Option<String>,
    /// The model asked for.
    model: Option<String>,
    /// The agent it was made for.
    agent: Option<String>,
    /// The id of the platform key.
    api_key: Option<String>,
    /// `2xx`, `4xx`, `5xx`, or `none` if the caller left before.
    status: Option<String>,
    /// The caller's own id of the call, as it sent it in `x-client-request-id`.
    client_request_id: Option<String>,
}

/// Lists the receipts of calls, newest first. A key with the scope `inference` alone sees its own calls.
#[utoipa::path(
    get,
    path = "/api/v1/workspaces/{ws}/requests",
    operation_id = "list_requests",
    tag = "requests",
    params(("ws" = String, Path, description = "The workspace's id, or `current`"), PageParams, ReceiptParams, RangeParams),
    responses(
        (status = 200, body = Listing<ReceiptView>),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn list(
    State(control): State<Arc<Control>>,
    access: InWorkspace,
    mut params: Params,
) -> Result<Json<Listing<ReceiptView>>, Problem> {
    let page = Page::take(List::Requests, &mut params)?;
    let filter = filter(&mut params, &access.who)?;
    params.finish()?;
    let before = page.before.map(|place| RequestId::from_uuid(Uuid::from_u128(place)));
    let found = control.store().receipts(access.id(), &filter, before, page.limit).await?;
    Ok(Json(page.listing(found, |receipt| receipt.id.uuid().as_u128(), ReceiptView::from)))
}

/// Takes what filters calls.
pub(super) fn filter(params: &mut Params, who: &Who) -> Result<ReceiptFilter, Problem> {
    let wanted = api_key(params)?;
    let own = own_calls_only(who);
    if own.is_some() && wanted.is_some() && own != wanted {
        return Err(Problem::forbidden("Without the scope `usage:read` a key sees its own calls only."));
    }
    let Range { from, to } = range(params)?;
    Ok(ReceiptFilter {
        payer: payer(params)?,
        provider: provider(params)?,
        model: model(params)?,
        agent: params.text("agent")?,
        client_request_id: params.text("client_request_id")?,
        api_key: own.or(wanted),
        status: params.read("status", "`2xx`, `4xx`, `5xx` or `none`", status_class)?,
        from,
        to,
    })
}

fn status_class(text: &str) -> Option<StatusClass> {
    match text {
        "2xx" => Some(StatusClass::Success),
        "4xx" => Some(StatusClass::ClientError),
        "5xx" => Some(StatusClass::ServerError),
        "none" => Some(StatusClass::Unanswered),
        _ => None,
    }
}
