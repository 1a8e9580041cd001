use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use ownkey_domain::time::Timestamp;
use ownkey_store::AuditCheck;
use serde::Serialize;

use crate::auth::InWorkspace;
use crate::control::Control;
use crate::problem::{Problem, ProblemDocument};

/// What a check of the whole audit log found.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = AuditCheck)]
pub(crate) struct AuditCheckView {
    /// Whether every event that is kept is as it was written, and none is missing between them.
    intact: bool,
    /// How many were checked; null if one is not as it was written.
    checked: Option<u64>,
    /// The number of the first event that is changed or missing; null if none is.
    broken_at: Option<u64>,
    /// When the first event happened that is still kept.
    #[schema(value_type = Option<String>)]
    since: Option<Timestamp>,
}

/// Checks the workspace's audit log, event by event: each is sealed together with the one before it, so that none can be
/// changed or taken out unseen.
#[utoipa::path(
    get,
    path = "/api/v1/workspaces/{ws}/audit/verify",
    operation_id = "verify_audit",
    tag = "audit",
    params(("ws" = String, Path, description = "The workspace's id, or `current`")),
    responses(
        (status = 200, body = AuditCheckView),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn verify(
    State(control): State<Arc<Control>>,
    access: InWorkspace,
) -> Result<Json<AuditCheckView>, Problem> {
    let (store, workspace) = (control.store(), Some(access.id()));
    let (checked, broken_at) = match store.audit_verify(workspace).await? {
        AuditCheck::Intact(events) => (Some(events), None),
        AuditCheck::Broken(seq) => (None, Some(seq)),
    };
    let since = store.audit_begins(workspace).await?;
    Ok(Json(AuditCheckView { intact: broken_at.is_none(), checked, broken_at, since }))
}
