//! A consistent copy of the database, while the server runs.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use ownkey_store::{By, Note, Store, StoreError};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::auth::Access;
use crate::body::JsonBody;
use crate::control::Control;
use crate::problem::{Problem, ProblemDocument};

const FORM: &str = "an absolute path of a new file on the server's machine";
/// Receipts of calls that have ended belong into the copy; those that come later than this are in the next one.
const CATCH_UP: Duration = Duration::from_secs(10);

/// Where to.
#[expect(dead_code, reason = "says in OpenAPI what is read")]
#[derive(utoipa::ToSchema)]
pub(crate) struct BackupInput {
    /// An absolute path of a new file on the server's machine.
    file: String,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct BackedUp {
    /// The file.
    #[schema(value_type = String)]
    pub file: PathBuf,
    /// Its size.
    pub bytes: u64,
}

/// Writes a consistent copy of the database to a new file. It holds no KEK, so it opens no key by itself.
#[utoipa::path(
    post,
    path = "/api/v1/operator/backup",
    operation_id = "backup",
    tag = "operator",
    request_body = BackupInput,
    responses(
        (status = 200, body = BackedUp),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn backup(
    State(control): State<Arc<Control>>,
    access: Access,
    body: JsonBody,
) -> Result<Json<BackedUp>, Problem> {
    let mut members = body.members()?;
    let file: PathBuf = members.required("file", FORM)?;
    members.finish()?;
    if !file.is_absolute() {
        return Err(Problem::bad_request(format!("`file` must be {FORM}.")).with("member", "file"));
    }
    let copied = copy_to(control.store(), &file, control.by(&access.who)).await;
    Ok(Json(copied.map_err(|error| match error {
        StoreError::BackupFile | StoreError::Unsupported(_) => Problem::bad_request(error.to_string()),
        error => error.into(),
    })?))
}

/// Copies the database to a new file.
pub async fn copy_to(store: &Store, file: &Path, by: By) -> ownkey_store::Result<BackedUp> {
    match store.catch_up(CATCH_UP).await {
        Ok(()) | Err(StoreError::Behind) => {}
        Err(error) => return Err(error),
    }
    store.backup(file).await?;
    let bytes = std::fs::metadata(file).map(|meta| meta.len()).map_err(|_| StoreError::BackupFile)?;
    let object = file.display().to_string();
    store.note(&Note { workspace: None, action: "store.backup", object, detail: json!({"bytes": bytes}) }, by).await?;
    Ok(BackedUp { file: file.to_owned(), bytes })
}
