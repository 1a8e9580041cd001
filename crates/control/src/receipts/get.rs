use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use ownkey_domain::id::RequestId;

use super::detail::ReceiptDetail;
use super::own_calls_only;
use crate::auth::InWorkspace;
use crate::control::Control;
use crate::problem::{Problem, ProblemDocument};

/// Shows the receipt of a call.
#[utoipa::path(
    get,
    path = "/api/v1/workspaces/{ws}/requests/{req}",
    operation_id = "get_request",
    tag = "requests",
    params(
        ("ws" = String, Path, description = "The workspace's id, or `current`"),
        ("req" = String, Path, description = "The call's id"),
    ),
    responses(
        (status = 200, body = ReceiptDetail),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn get(
    State(control): State<Arc<Control>>,
    access: InWorkspace,
) -> Result<Json<ReceiptDetail>, Problem> {
    let gone = || Problem::not_found("There is no such call in this workspace.");
    let id: RequestId = access.segment("req").parse().map_err(|_| gone())?;
    let found = control.store().receipt(access.id(), id).await?.ok_or_else(gone)?;
    // Another key's call is as absent as another workspace's.
    let visible = own_calls_only(&access.who).is_none_or(|key| found.api_key == Some(key));
    if visible { Ok(Json(ReceiptDetail::of(&control, &access, found).await?)) } else { Err(gone()) }
}
