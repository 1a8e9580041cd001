//! What traffic says of provider keys.

use ownkey_domain::id::{CredentialId, WorkspaceId};
use ownkey_domain::period::Period;
use ownkey_domain::time::Timestamp;
use ownkey_domain::webhook::Event;
use serde_json::{Value, json};
use sqlx::FromRow;

use super::note;
use crate::change::ChangeKind;
use crate::db::{Tx, on};
use crate::outbox::{self, Fact};
use crate::{By, Result, Store};

/// What real traffic says of a provider key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Health {
    /// The code of the last error that the provider blamed on the key. Never the provider's text.
    pub last_error: Option<String>,
    /// When that was.
    pub last_error_at: Option<Timestamp>,
    /// The first of the refusals for which the key is shown as invalid; absent while it is not.
    pub invalid_since: Option<Timestamp>,
}

/// What a key is known by, and since when it is shown as invalid.
#[derive(FromRow)]
struct Known {
    provider: String,
    hint: String,
    invalid_since: Option<i64>,
}

impl Store {
    /// Keeps what traffic says of a key's health, and tells webhooks if it turned. Whether the workspace has such a key and
    /// it is current. Tell turns of health, not every error: each is a mutation, with an audit event.
    pub async fn set_health(&self, workspace: WorkspaceId, id: CredentialId, health: &Health, by: By) -> Result<bool> {
        const SQL: &str = "UPDATE credentials SET last_error = $3, last_error_at = $4, invalid_since = $5 \
            WHERE workspace = $1 AND id = $2 AND ended_at IS NULL";
        let mut work = self.mutate(by).await?;
        let Some(before) = known(&mut work.tx, (workspace, id)).await? else { return Ok(false) };
        on!(work.tx.on(), c => sqlx::query(SQL)
            .bind(workspace.uuid()).bind(id.uuid()).bind(&health.last_error)
            .bind(health.last_error_at.map(Timestamp::millis)).bind(health.invalid_since.map(Timestamp::millis))
            .execute(c).await.map(drop))?;
        if let Some(event) = turned(before.invalid_since.is_some(), health.invalid_since.is_some()) {
            let fact = Fact { workspace, event, data: before.told(id, health.invalid_since), once: None };
            outbox::tell(&mut work.tx, fact, by.at).await?;
        }
        work.changed(ChangeKind::Health, workspace, id.uuid()).await?;
        let detail = json!({"last_error": health.last_error, "invalid_since": health.invalid_since});
        note(&mut work, "credential.health", (workspace, id), detail).await?;
        work.commit().await?;
        Ok(true)
    }

    /// Tells webhooks that the account of a current key has no money: once a day (UTC), however often it is found.
    pub async fn tell_exhausted(&self, workspace: WorkspaceId, id: CredentialId, at: Timestamp) -> Result<()> {
        let mut tx = self.inner.db.begin().await?;
        let Some(key) = known(&mut tx, (workspace, id)).await? else { return Ok(()) };
        let once = Some(format!("exhausted/{id}/{}", Period::day(at).start));
        let fact = Fact { workspace, event: Event::QuotaExhausted, data: key.told(id, None), once };
        outbox::tell(&mut tx, fact, at).await?;
        tx.commit().await
    }
}

async fn known(tx: &mut Tx, (workspace, id): (WorkspaceId, CredentialId)) -> Result<Option<Known>> {
    const SQL: &str = "SELECT provider, hint, invalid_since FROM credentials \
        WHERE workspace = $1 AND id = $2 AND ended_at IS NULL";
    let found = on!(tx.on(), c => sqlx::query_as(SQL).bind(workspace.uuid()).bind(id.uuid()).fetch_optional(c).await)?;
    Ok(found)
}

const fn turned(was_invalid: bool, is_invalid: bool) -> Option<Event> {
    match (was_invalid, is_invalid) {
        (false, true) => Some(Event::KeyInvalid),
        (true, false) => Some(Event::KeyRecovered),
        _ => None,
    }
}

impl Known {
    fn told(&self, id: CredentialId, invalid_since: Option<Timestamp>) -> Value {
        let mut told = json!({"credential": id, "provider": self.provider, "hint": self.hint});
        if let Some(since) = invalid_since {
            told["invalid_since"] = json!(since);
        }
        told
    }
}
