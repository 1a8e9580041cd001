//! What an operator orders: credits given, and credits given back. Each is a mutation with its audit event, and each
//! takes place once however often it is sent.

use std::collections::BTreeSet;

use ownkey_domain::id::{RequestId, WorkspaceId};
use ownkey_domain::ledger::{AccountId, Allowance, Grant, Refund, RefundRefused};
use serde_json::{Value, json};

use super::book::OpenBook;
use crate::db::on;
use crate::mutation::Mutation;
use crate::{By, Note, Result, Store, StoreError};

/// What became of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ordered<T> {
    /// It was carried out.
    Done(T),
    /// It was carried out before, and nothing more happened: here is what was answered then.
    Repeated(Value),
    /// Its idempotency key stands for another order.
    KeyReused,
    /// There is no such workspace.
    NoWorkspace,
}

/// No more credits can be counted than the workspace was given by now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BeyondCount;

/// A grant that can't be.
pub type GrantOrder = Ordered<Result<(), BeyondCount>>;
/// A refund that can't be.
pub type RefundOrder = Ordered<Result<(), RefundRefused>>;

impl Store {
    /// Gives credits. `asked` tells the order from others with the same idempotency key, `answer` is what is answered, now
    /// and when it is repeated.
    pub async fn grant(&self, grant: &Grant, (asked, answer): (&Value, &Value), by: By) -> Result<GrantOrder> {
        let mut work = self.mutate(by).await?;
        let key = grant.order.idempotency_key.as_deref();
        if let Some(known) = known_before(&mut work, (grant.workspace, key), asked).await? {
            return Ok(known);
        }
        let mut open = open(&mut work, grant.workspace, None).await?;
        if !open.book.grant(grant) {
            return Ok(Ordered::Done(Err(BeyondCount)));
        }
        open.save(&mut work.tx, None).await?;
        name(&mut work, grant).await?;
        remember(&mut work, (grant.workspace, key), (asked, answer)).await?;
        let detail = json!({
            "credits": ownkey_domain::money::MicroCredits::new(grant.credits.get()),
            "reason": grant.order.reason,
            "expires_at": grant.expires_at,
        });
        note(&mut work, grant.workspace, ("credits.grant", grant.id.to_string()), detail).await?;
        work.commit().await?;
        Ok(Ordered::Done(Ok(())))
    }

    /// Gives back what a call was charged.
    pub async fn refund(&self, refund: &Refund, (asked, answer): (&Value, &Value), by: By) -> Result<RefundOrder> {
        // A call that has ended is charged by now.
        self.caught_up().await?;
        let mut work = self.mutate(by).await?;
        let key = refund.order.idempotency_key.as_deref();
        if let Some(known) = known_before(&mut work, (refund.workspace, key), asked).await? {
            return Ok(known);
        }
        let mut open = open(&mut work, refund.workspace, Some(refund.request)).await?;
        if let Err(refused) = open.book.refund(refund) {
            return Ok(Ordered::Done(Err(refused)));
        }
        open.save(&mut work.tx, None).await?;
        remember(&mut work, (refund.workspace, key), (asked, answer)).await?;
        let credits = ownkey_domain::money::MicroCredits::new(refund.credits.get());
        let detail = json!({"credits": credits, "reason": refund.order.reason});
        note(&mut work, refund.workspace, ("credits.refund", refund.request.to_string()), detail).await?;
        work.commit().await?;
        Ok(Ordered::Done(Ok(())))
    }

    /// Makes sure that a workspace has what its plan allows in the present period.
    pub async fn allow(&self, workspace: WorkspaceId, allowance: Allowance, by: By) -> Result<()> {
        let mut tx = self.inner.db.begin().await?;
        let mut open = OpenBook::open(&mut tx, &BTreeSet::from([workspace]), &BTreeSet::new(), by.at).await?;
        open.book.allow(workspace, allowance);
        open.book.expire(workspace);
        if open.book.transfers().is_empty() {
            return tx.rollback().await;
        }
        open.save(&mut tx, None).await?;
        tx.commit().await
    }
}

/// Keeps the reason with the purse, for whoever looks at what there is.
async fn name(work: &mut Mutation<'_>, grant: &Grant) -> Result<()> {
    const SQL: &str = "UPDATE accounts SET reason = $2 WHERE id = $1";
    let id = AccountId::Grant(grant.workspace, grant.id).to_string();
    on!(work.tx.on(), c => sqlx::query(SQL).bind(id).bind(&grant.order.reason).execute(c).await.map(drop))?;
    Ok(())
}

async fn open(work: &mut Mutation<'_>, workspace: WorkspaceId, charge: Option<RequestId>) -> Result<OpenBook> {
    let now = work.by.at;
    let mut open = OpenBook::open(&mut work.tx, &BTreeSet::from([workspace]), &BTreeSet::new(), now).await?;
    open.book.expire(workspace);
    open.read_charges(&mut work.tx, charge).await?;
    Ok(open)
}

/// What came of the same order before, or why it can't be carried out at all.
async fn known_before<T>(
    work: &mut Mutation<'_>,
    (workspace, key): (WorkspaceId, Option<&str>),
    asked: &Value,
) -> Result<Option<Ordered<T>>> {
    const EXISTS: &str = "SELECT COUNT(*) FROM workspaces WHERE id = $1 AND deleted_at IS NULL";
    const SQL: &str = "SELECT asked, answer FROM orders WHERE workspace = $1 AND idempotency_key = $2";
    let (there,): (i64,) = on!(work.tx.on(), c => sqlx::query_as(EXISTS).bind(workspace.uuid()).fetch_one(c).await)?;
    if there == 0 {
        return Ok(Some(Ordered::NoWorkspace));
    }
    let Some(key) = key else { return Ok(None) };
    let row: Option<(String, String)> = on!(work.tx.on(), c => sqlx::query_as(SQL)
        .bind(workspace.uuid()).bind(key).fetch_optional(c).await)?;
    let Some((before, answer)) = row else { return Ok(None) };
    let read = |text: &str| serde_json::from_str::<Value>(text).map_err(|_| StoreError::Corrupt("order"));
    let same = read(&before)? == *asked;
    Ok(Some(if same { Ordered::Repeated(read(&answer)?) } else { Ordered::KeyReused }))
}

async fn remember(
    work: &mut Mutation<'_>,
    (workspace, key): (WorkspaceId, Option<&str>),
    (asked, answer): (&Value, &Value),
) -> Result<()> {
    const SQL: &str = "INSERT INTO orders (workspace, idempotency_key, asked, answer, at) VALUES ($1, $2, $3, $4, $5)";
    let Some(key) = key else { return Ok(()) };
    on!(work.tx.on(), c => sqlx::query(SQL)
        .bind(workspace.uuid()).bind(key).bind(asked.to_string()).bind(answer.to_string()).bind(work.by.at.millis())
        .execute(c).await.map(drop))?;
    Ok(())
}

async fn note(
    work: &mut Mutation<'_>,
    workspace: WorkspaceId,
    (action, object): (&'static str, String),
    detail: Value,
) -> Result<()> {
    work.note(&Note { workspace: Some(workspace), action, object, detail }).await
}
