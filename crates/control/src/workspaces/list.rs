use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use ownkey_domain::id::WorkspaceId;
use uuid::Uuid;

use super::WorkspaceView;
use crate::auth::Access;
use crate::control::Control;
use crate::page::{List, Listing, Page, PageParams};
use crate::problem::{Problem, ProblemDocument};
use crate::query::Params;

/// Lists the workspaces, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/workspaces",
    operation_id = "list_workspaces",
    tag = "workspaces",
    params(PageParams),
    responses(
        (status = 200, body = Listing<WorkspaceView>),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn list(
    State(control): State<Arc<Control>>,
    _: Access,
    mut params: Params,
) -> Result<Json<Listing<WorkspaceView>>, Problem> {
    let page = Page::take(List::Workspaces, &mut params)?;
    params.finish()?;
    let before = page.before.map(|place| WorkspaceId::from_uuid(Uuid::from_u128(place)));
    let found = control.store().workspaces(before, page.limit).await?;
    Ok(Json(page.listing(found, |workspace| workspace.id.uuid().as_u128(), WorkspaceView::from)))
}
