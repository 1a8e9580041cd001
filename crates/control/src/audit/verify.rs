use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use ownkey_domain::time::Timestamp;
use ownkey_store::{AuditCheck, AuditPart};
use serde::Serialize;

use crate::auth::InWorkspace;
use crate::control::Control;
use crate::problem::{Problem, ProblemDocument};
use crate::query::Params;

/// More at once would take longer than people wait without a word.
const LIMIT_MAX: u32 = 10_000;

/// What a check of the audit log, or of a part of it, found.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = AuditCheck)]
pub(crate) struct AuditCheckView {
    /// Whether every event that was checked is as it was written, and none is missing between them.
    intact: bool,
    /// How many were checked; null if one is not as it was written.
    checked: Option<u64>,
    /// How many are kept; null likewise.
    events: Option<u64>,
    /// What to send as `after` to go on; null at the end.
    next_after: Option<u64>,
    /// The number of the first event that is changed or missing; null if none is.
    broken_at: Option<u64>,
    /// When the first event happened that is still kept.
    #[schema(value_type = Option<String>)]
    since: Option<Timestamp>,
}

/// Which part to check; the whole log if absent.
#[expect(dead_code, reason = "says in OpenAPI what `verify` reads")]
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PartParams {
    /// The most events, 1 to 10,000.
    limit: Option<u32>,
    /// Only events after this one: the `next_after` of the part before.
    after: Option<u64>,
}

/// Checks the workspace's audit log, event by event: each is sealed together with the one before it, so that none can be
/// changed or taken out unseen. A long one can be checked in parts.
#[utoipa::path(
    get,
    path = "/api/v1/workspaces/{ws}/audit/verify",
    operation_id = "verify_audit",
    tag = "audit",
    params(("ws" = String, Path, description = "The workspace's id, or `current`"), PartParams),
    responses(
        (status = 200, body = AuditCheckView),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn verify(
    State(control): State<Arc<Control>>,
    access: InWorkspace,
    mut params: Params,
) -> Result<Json<AuditCheckView>, Problem> {
    let limit = params.read("limit", "a number of 1 or more", |text| text.parse().ok().filter(|&n: &u32| n > 0))?;
    let after = params.read("after", "the number of an event", |text| text.parse().ok())?;
    params.finish()?;
    let (store, workspace) = (control.store(), Some(access.id()));
    let most = limit.map_or(u32::MAX, |limit| limit.min(LIMIT_MAX));
    let AuditPart { check, events, next_after } = store.audit_verify_part(workspace, after.unwrap_or(0), most).await?;
    let since = store.audit_begins(workspace).await?;
    Ok(Json(match check {
        AuditCheck::Intact(checked) => AuditCheckView {
            intact: true,
            checked: Some(checked),
            events: Some(events),
            next_after,
            broken_at: None,
            since,
        },
        AuditCheck::Broken(seq) => {
            AuditCheckView { intact: false, checked: None, events: None, next_after, broken_at: Some(seq), since }
        }
    }))
}
