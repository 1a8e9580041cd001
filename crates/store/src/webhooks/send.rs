//! Who sends to a webhook: one node at a time, by a claim that ends by itself. All times here are the database's, so nodes
//! whose clocks differ agree on them. The receiver is asked between two transactions, never within one; a node that stood
//! still while another one took over writes nothing any more.

use ownkey_domain::id::{MessageId, WebhookId, WorkspaceId};
use ownkey_domain::webhook::{ATTEMPTS_KEPT, Attempt, Disabled, Next};
use serde_json::json;
use sqlx::FromRow;
use uuid::Uuid;

use super::{note, row};
use crate::db::{Tx, on};
use crate::{By, Result, Store, WrappedDek, dialect};

/// Receivers, by what became of the last message to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Receivers {
    /// They took it, or were never sent one.
    Taking,
    /// They did not.
    Failing,
}

impl Receivers {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Taking, Self::Failing];

    /// Webhooks of one workspace that are sent to at a time: receivers that hang keep nobody else's news waiting.
    const fn at_once_per_workspace(self) -> i64 {
        match self {
            Self::Taking => 4,
            Self::Failing => 2,
        }
    }
}

/// A secret of a webhook as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedHookSecret {
    /// The sealed bytes.
    pub sealed: Vec<u8>,
    /// The generation that they are sealed under.
    pub generation: u32,
}

/// The right to send a webhook a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendClaim {
    /// The webhook.
    pub webhook: WebhookId,
    /// Whose it is.
    pub workspace: WorkspaceId,
    /// Where it goes.
    pub url: String,
    /// The DEK that its secrets are sealed under.
    pub dek: WrappedDek,
    /// What signs: the present secret, and for a while the one before.
    pub secrets: Vec<SealedHookSecret>,
    /// The message.
    pub message: MessageId,
    /// What is sent.
    pub body: String,
    /// How often it was sent before, since it was last asked for.
    pub tries: u32,
    /// How long its receiver has taken nothing by now.
    pub failing_ms: i64,
    /// Which claim this is.
    pub epoch: i64,
    attempts: Vec<Attempt>,
}

impl Store {
    /// Up to `limit` webhooks with such receivers that something is due for and anybody may claim now. Each was free since
    /// its `lease_until`, so what was sent to longest ago comes first, however much waits for others.
    pub async fn due_webhooks(&self, receivers: Receivers, limit: u32) -> Result<Vec<WebhookId>> {
        const SQL: &str = "SELECT due.id FROM (SELECT w.id, w.lease_until, \
                ROW_NUMBER() OVER (PARTITION BY w.workspace ORDER BY w.lease_until, MIN(m.due_at), w.id) + \
                (SELECT COUNT(*) FROM webhooks b WHERE b.workspace = w.workspace AND b.lease_until > $1 \
                    AND (b.failing_since IS NOT NULL) = $4) AS place, \
                MIN(m.due_at) AS due_at FROM webhook_messages m JOIN webhooks w ON w.id = m.webhook \
                WHERE m.state = 'pending' AND m.due_at <= $1 AND w.disabled IS NULL AND w.lease_until <= $1 \
                    AND (w.failing_since IS NOT NULL) = $4 \
                GROUP BY w.id, w.workspace, w.lease_until) due \
            WHERE due.place <= $3 ORDER BY due.lease_until, due.due_at, due.id LIMIT $2";
        let now = dialect::time(&self.inner.db).await?;
        let rows: Vec<(Uuid,)> = on!(self.inner.db.read(), c => sqlx::query_as(SQL)
            .bind(now).bind(i64::from(limit)).bind(receivers.at_once_per_workspace())
            .bind(receivers == Receivers::Failing).fetch_all(c).await)?;
        Ok(rows.into_iter().map(|(id,)| WebhookId::from_uuid(id)).collect())
    }

    /// How many messages wait, due or not.
    pub async fn waiting_messages(&self) -> Result<u64> {
        const SQL: &str = "SELECT COUNT(*) FROM webhook_messages WHERE state = 'pending'";
        let (waiting,): (i64,) = on!(self.inner.db.read(), c => sqlx::query_as(SQL).fetch_one(c).await)?;
        Ok(u64::try_from(waiting).unwrap_or(0))
    }

    /// Claims a webhook for so long, to send it what is due longest. `None` if nothing is, or somebody else has. Should who
    /// claims it die, the message is due when the claim ends.
    pub async fn claim_webhook(&self, id: WebhookId, lease_ms: i64) -> Result<Option<SendClaim>> {
        const SQL: &str = "UPDATE webhooks SET lease_epoch = lease_epoch + 1, lease_until = $3 \
            WHERE id = $1 AND disabled IS NULL AND lease_until <= $2 \
            RETURNING workspace, url, secret, generation, old_secret, old_until, failing_since, lease_epoch";
        const MESSAGE: &str = "SELECT id, body, tries, attempts FROM webhook_messages \
            WHERE webhook = $1 AND state = 'pending' AND due_at <= $2 ORDER BY due_at, id LIMIT 1";
        const TAKE: &str = "UPDATE webhook_messages SET due_at = $3 WHERE webhook = $1 AND id = $2";
        const DEK: &str = "SELECT wrapped_dek AS wrapped, dek_version AS version FROM workspaces WHERE id = $1";
        let mut tx = self.inner.db.begin().await?;
        let now = dialect::now(&mut tx).await?;
        let until = now.saturating_add(lease_ms);
        let hook: Option<HookRow> = on!(tx.on(), c => sqlx::query_as(SQL)
            .bind(id.uuid()).bind(now).bind(until).fetch_optional(c).await)?;
        let Some(hook) = hook else { return Ok(None) };
        let message: Option<DueRow> =
            on!(tx.on(), c => sqlx::query_as(MESSAGE).bind(id.uuid()).bind(now).fetch_optional(c).await)?;
        let Some(message) = message else { return Ok(None) };
        on!(tx.on(), c => sqlx::query(TAKE).bind(id.uuid()).bind(message.id).bind(until).execute(c).await.map(drop))?;
        let dek: WrappedDek = on!(tx.on(), c => sqlx::query_as(DEK).bind(hook.workspace).fetch_one(c).await)?;
        let claim = hook.claim(id, (message, dek), now)?;
        tx.commit().await?;
        Ok(Some(claim))
    }

    /// Writes down how an attempt ended and what follows from it, and gives the claim back. `false` if it is somebody
    /// else's by now, and nothing is written. A message that was given up meanwhile, as its webhook was disabled, is not
    /// sent again.
    pub async fn record_attempt(&self, claim: &SendClaim, attempt: Attempt, next: Next, by: By) -> Result<bool> {
        const TAKEN: &str = "UPDATE webhooks SET lease_until = $3, failing_since = NULL, delivered_at = $3 \
            WHERE id = $1 AND lease_epoch = $2";
        const FAILED: &str = "UPDATE webhooks SET lease_until = $3, failing_since = COALESCE(failing_since, $3) \
            WHERE id = $1 AND lease_epoch = $2";
        const MESSAGE: &str = "UPDATE webhook_messages SET due_at = $4, attempts = $5, tries = tries + 1, state = CASE \
            WHEN $3 = 'pending' AND (state <> 'pending' OR EXISTS \
                (SELECT 1 FROM webhooks WHERE webhooks.id = $1 AND webhooks.disabled IS NOT NULL)) THEN 'failed' \
            ELSE $3 END WHERE webhook = $1 AND id = $2";
        let mut work = self.mutate(by).await?;
        let now = dialect::now(&mut work.tx).await?;
        let (hook_sql, state, due_at) = match next {
            Next::Done => (TAKEN, "delivered", now),
            Next::Again { pause_ms } => (FAILED, "pending", now.saturating_add(pause_ms)),
            Next::GiveUp | Next::Disable(_) => (FAILED, "failed", now),
        };
        let touched = on!(work.tx.on(), c => sqlx::query(hook_sql)
            .bind(claim.webhook.uuid()).bind(claim.epoch).bind(now).execute(c).await.map(|r| r.rows_affected()))?;
        if touched == 0 {
            return Ok(false);
        }
        let attempts = claim.attempts.iter().copied().chain([attempt]);
        let kept: Vec<_> = attempts.skip((claim.attempts.len() + 1).saturating_sub(ATTEMPTS_KEPT)).collect();
        on!(work.tx.on(), c => sqlx::query(MESSAGE)
            .bind(claim.webhook.uuid()).bind(claim.message.uuid()).bind(state).bind(due_at)
            .bind(json!(kept).to_string()).execute(c).await.map(drop))?;
        if let Next::Disable(why) = next {
            disable(&mut work.tx, claim.webhook, why).await?;
            let detail = json!({"reason": why});
            note(&mut work, "webhook.disabled", (claim.workspace, claim.webhook), detail).await?;
        }
        work.commit().await?;
        Ok(true)
    }
}

/// Sends a webhook nothing more, and gives up what it was still to be told. One that is disabled keeps its reason.
pub(super) async fn disable(tx: &mut Tx, id: WebhookId, why: Disabled) -> Result<()> {
    const SQL: &str = "UPDATE webhooks SET disabled = $2 WHERE id = $1 AND disabled IS NULL";
    const MESSAGES: &str = "UPDATE webhook_messages SET state = 'failed' WHERE webhook = $1 AND state = 'pending'";
    on!(tx.on(), c => sqlx::query(SQL).bind(id.uuid()).bind(why.as_str()).execute(c).await.map(drop))?;
    Ok(on!(tx.on(), c => sqlx::query(MESSAGES).bind(id.uuid()).execute(c).await.map(drop))?)
}

#[derive(FromRow)]
struct HookRow {
    workspace: Uuid,
    url: String,
    secret: Vec<u8>,
    generation: i64,
    old_secret: Option<Vec<u8>>,
    old_until: Option<i64>,
    failing_since: Option<i64>,
    lease_epoch: i64,
}

#[derive(FromRow)]
struct DueRow {
    id: Uuid,
    body: String,
    tries: i64,
    attempts: String,
}

impl HookRow {
    fn claim(self, webhook: WebhookId, (message, dek): (DueRow, WrappedDek), now: i64) -> Result<SendClaim> {
        let generation = row::generation(self.generation)?;
        let old = self.old_secret.filter(|_| self.old_until.is_some_and(|until| until > now));
        let old = old.map(|sealed| SealedHookSecret { sealed, generation: generation.saturating_sub(1) });
        Ok(SendClaim {
            webhook,
            workspace: WorkspaceId::from_uuid(self.workspace),
            url: self.url,
            dek,
            secrets: [SealedHookSecret { sealed: self.secret, generation }].into_iter().chain(old).collect(),
            message: MessageId::from_uuid(message.id),
            body: message.body,
            tries: u32::try_from(message.tries).map_err(|_| row::corrupt())?,
            failing_ms: self.failing_since.map_or(0, |since| now.saturating_sub(since)),
            epoch: self.lease_epoch,
            attempts: row::attempts(&message.attempts)?,
        })
    }
}
