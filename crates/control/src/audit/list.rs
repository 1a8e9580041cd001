use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use ownkey_domain::id::AuditId;
use ownkey_domain::time::Timestamp;
use ownkey_store::{AuditEvent, AuditFilter, Range};
use serde::Serialize;
use serde_json::Value;

use crate::auth::InWorkspace;
use crate::control::Control;
use crate::page::{List, Listing, Page, PageParams};
use crate::problem::{Problem, ProblemDocument};
use crate::query::{Params, RangeParams, range};

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

/// Which events to show; what is absent does not matter.
#[expect(dead_code, reason = "says in OpenAPI what `filter` reads")]
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditParams {
    /// Who did it: `operator`, `system`, or the id of a platform key or a person.
    actor: Option<String>,
    /// What was done: an action such as `credential.rotate`, or all of a kind, such as `credential`.
    action: Option<String>,
    /// To what: its id or name.
    object: Option<String>,
}

/// Lists the workspace's audit events, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/workspaces/{ws}/audit",
    operation_id = "list_audit",
    tag = "audit",
    params(("ws" = String, Path, description = "The workspace's id, or `current`"), PageParams, AuditParams, RangeParams),
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
    let Range { from, to } = range(&mut params)?;
    let filter = AuditFilter {
        actor: params.text("actor")?,
        action: params.text("action")?,
        object: params.text("object")?,
        from,
        to,
    };
    params.finish()?;
    let before = page.before.and_then(|place| u64::try_from(place).ok());
    let found = control.store().audit_of(Some(access.id()), &filter, before, page.limit).await?;
    Ok(Json(page.listing(found, |event| event.seq.into(), AuditEventView::from)))
}

impl From<AuditEvent> for AuditEventView {
    fn from(event: AuditEvent) -> Self {
        let AuditEvent { id, seq, at, actor, action, object, detail, .. } = event;
        Self { id, seq, at, actor, action, object, detail }
    }
}
