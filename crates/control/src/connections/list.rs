use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use ownkey_domain::id::ConnectionId;
use uuid::Uuid;

use super::ConnectionView;
use crate::auth::InWorkspace;
use crate::control::Control;
use crate::page::{List, Listing, Page, PageParams};
use crate::problem::{Problem, ProblemDocument};
use crate::query::Params;

/// Lists the workspace's connections, newest first, those that are disconnected too.
#[utoipa::path(
    get,
    path = "/api/v1/workspaces/{ws}/connections",
    operation_id = "list_connections",
    tag = "connections",
    params(("ws" = String, Path, description = "The workspace's id, or `current`"), PageParams),
    responses(
        (status = 200, body = Listing<ConnectionView>),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn list(
    State(control): State<Arc<Control>>,
    access: InWorkspace,
    mut params: Params,
) -> Result<Json<Listing<ConnectionView>>, Problem> {
    let page = Page::take(List::Connections, &mut params)?;
    params.finish()?;
    let before = page.before.map(|place| ConnectionId::from_uuid(Uuid::from_u128(place)));
    let found = control.store().connections(access.id(), before, page.limit).await?;
    Ok(Json(page.listing(found, |connection| connection.id.uuid().as_u128(), ConnectionView::from)))
}
