//! A provider key as a row.

use ownkey_domain::id::{CredentialId, WorkspaceId};
use ownkey_domain::time::Timestamp;
use serde_json::json;
use sqlx::FromRow;
use uuid::Uuid;

use super::{Credential, Health, TestResult};

/// A test as columns.
pub(super) struct TestColumns {
    pub verdict: Option<String>,
    pub models: String,
    pub at: Option<i64>,
}

impl TestColumns {
    pub fn of(test: Option<&TestResult>) -> Self {
        Self {
            verdict: test.map(|t| json!(t.verdict).to_string()),
            models: json!(test.map_or(&[][..], |t| &t.models)).to_string(),
            at: test.map(|t| t.at.millis()),
        }
    }
}

#[derive(FromRow)]
pub(super) struct CredentialRow {
    id: Uuid,
    workspace: Uuid,
    provider: String,
    origin: String,
    hint: String,
    verdict: Option<String>,
    models: String,
    last_tested_at: Option<i64>,
    last_used_at: Option<i64>,
    last_error: Option<String>,
    last_error_at: Option<i64>,
    invalid_since: Option<i64>,
    created_by: String,
    created_at: i64,
    ended_at: Option<i64>,
}

impl From<CredentialRow> for Credential {
    /// A damaged row costs what it no longer tells, never the other rows.
    fn from(row: CredentialRow) -> Self {
        let verdict = row.verdict.map(|text| serde_json::from_str(&text)).transpose();
        let (provider, models) = (row.provider.parse().ok(), serde_json::from_str(&row.models));
        let id = CredentialId::from_uuid(row.id);
        if provider.is_none() || verdict.is_err() || models.is_err() {
            tracing::error!(credential = %id, "the row of a provider key is damaged");
        }
        let time = |at: Option<i64>| at.map(Timestamp::from_millis);
        let health = Health {
            last_error: row.last_error,
            last_error_at: time(row.last_error_at),
            invalid_since: time(row.invalid_since),
        };
        Self {
            id,
            workspace: WorkspaceId::from_uuid(row.workspace),
            provider,
            origin: row.origin,
            hint: row.hint,
            // As if it was not tested: the next test says it anew.
            verdict: verdict.unwrap_or_default(),
            models: models.unwrap_or_default(),
            last_tested_at: time(row.last_tested_at),
            last_used_at: time(row.last_used_at),
            health,
            created_by: row.created_by,
            created_at: Timestamp::from_millis(row.created_at),
            ended_at: time(row.ended_at),
        }
    }
}
