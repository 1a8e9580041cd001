use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use ownkey_domain::id::ApiKeyId;
use uuid::Uuid;

use super::ApiKeyView;
use crate::auth::InWorkspace;
use crate::control::Control;
use crate::page::{List, Listing, Page, PageParams};
use crate::problem::{Problem, ProblemDocument};
use crate::query::Params;

/// Lists the workspace's platform keys, newest first, revoked ones too.
#[utoipa::path(
    get,
    path = "/api/v1/workspaces/{ws}/api-keys",
    operation_id = "list_api_keys",
    tag = "api-keys",
    params(("ws" = String, Path, description = "The workspace's id, or `current`"), PageParams),
    responses(
        (status = 200, body = Listing<ApiKeyView>),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn list(
    State(control): State<Arc<Control>>,
    access: InWorkspace,
    mut params: Params,
) -> Result<Json<Listing<ApiKeyView>>, Problem> {
    let page = Page::take(List::ApiKeys, &mut params)?;
    params.finish()?;
    let before = page.before.map(|place| ApiKeyId::from_uuid(Uuid::from_u128(place)));
    let found = control.store().api_keys(access.id(), before, page.limit).await?;
    Ok(Json(page.listing(found, |key| key.id.uuid().as_u128(), |key| ApiKeyView::of(key, &access.who))))
}
