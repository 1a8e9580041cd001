//! The audit log of a workspace.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use ownkey_domain::id::AuditId;
use ownkey_domain::time::Timestamp;
use ownkey_store::AuditEvent;
use serde::Serialize;
use serde_json::Value;

use crate::auth::InWorkspace;
use crate::control::Control;
use crate::page::{List, Listing, Page, PageParams};
use crate::problem::{Problem, ProblemDocument};
use crate::query::Params;

/// An event of the audit log as the API shows it.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = AuditEvent)]
pub(crate) struct AuditEventView {
    /// Its id.
    #[schema(value_type = String)]
    id: AuditId,
    /// Its place in the log, from 1, without gaps.
    seq: u64,
    /// When it happened.
    #[schema(value_type = String)]
    at: Timestamp,
    /// Who did it: `operator`, `system`, or the id of a platform key or a person.
    actor: String,
    /// What was done.
    action: String,
    /// To what.
    object: String,
    /// What else people should know.
    #[schema(value_type = Object)]
    detail: Value,
}

/// Lists the workspace's audit events, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/workspaces/{ws}/audit",
    operation_id = "list_audit",
    tag = "audit",
    params(("ws" = String, Path, description = "The workspace's id, or `current`"), PageParams),
    responses(
        (status = 200, body = Listing<AuditEventView>),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn list(
    State(control): State<Arc<Control>>,
    access: InWorkspace,
    mut params: Params,
) -> Result<Json<Listing<AuditEventView>>, Problem> {
    let page = Page::take(List::Audit, &mut params)?;
    params.finish()?;
    let before = page.before.and_then(|place| u64::try_from(place).ok());
    let found = control.store().audit(Some(access.id()), before, page.limit).await?;
    Ok(Json(page.listing(found, |event| event.seq.into(), AuditEventView::from)))
}

impl From<AuditEvent> for AuditEventView {
    fn from(event: AuditEvent) -> Self {
        let AuditEvent { id, seq, at, actor, action, object, detail, .. } = event;
        Self { id, seq, at, actor, action, object, detail }
    }
}
