//! Responses that providers keep. They are written by the takeover of the journal, in the transaction of the receipts
//! that tell of them, so a caller who knows a response's id finds it here.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use ownkey_domain::id::{RequestId, WorkspaceId};
use ownkey_domain::money::NanoUsd;
use ownkey_domain::payer::PayerKind;
use ownkey_domain::provider::Provider;
use ownkey_domain::receipt::Receipt;
use ownkey_domain::response::{ChainTokens, ResponseId, ResponseNote};
use uuid::Uuid;

use crate::db::{Tx, on};
use crate::dialect::{self, WideStatement, wide_rows};
use crate::ledger::KnownLate;
use crate::receipts::row::column;
use crate::{Result, Store};

/// How long another node may take to take its receipts over, if all is well.
const OTHER_NODES: Duration = Duration::from_millis(200);

wide_rows! {
    /// A response as stored.
    ResponseRow {
        workspace: Uuid => "uuid",
        provider: String => "text",
        payer: String => "text",
        id: String => "text",
        model: Option<String> => "text",
        chain_tokens: Option<i64> => "bigint",
        made_at: i64 => "bigint",
        made_by: Uuid => "uuid",
    }
}

/// Nothing is kept of a workspace that is deleted meanwhile.
static INSERT: LazyLock<WideStatement<ResponseRow>> = LazyLock::new(|| {
    WideStatement::new(
        "INSERT INTO responses ({columns}) SELECT * FROM {rows} \
         WHERE column1 IN (SELECT id FROM workspaces WHERE deleted_at IS NULL) ON CONFLICT DO NOTHING",
    )
});

/// What identifies a response: two providers, or two keys, could use the same id.
type Key<'r> = (Uuid, &'static str, &'r ResponseId);

/// Takes over what receipts tell of responses. Returns the receipts, with what responses used where they are the first
/// to tell it, and what the calls have cost that made those.
pub(crate) async fn take_over<'r>(
    tx: &mut Tx,
    receipts: &'r [Receipt],
) -> Result<(Cow<'r, [Receipt]>, Vec<KnownLate>)> {
    INSERT.run(tx, &made(receipts)).await?;
    let told = told(receipts);
    let (mut counted, mut late) = (Cow::Borrowed(receipts), Vec::new());
    for ((workspace, provider, id), at) in told {
        // One in the background is an own key's.
        const SQL: &str = "UPDATE responses SET counted_by = $4 WHERE workspace = $1 AND provider = $2 \
            AND payer = 'byok' AND id = $3 AND counted_by IS NULL RETURNING model, made_by";
        let first: Option<(Option<String>, Option<Uuid>)> = on!(tx.on(), c => sqlx::query_as(SQL)
            .bind(workspace).bind(provider).bind(id.as_str()).bind(receipts[at].id.uuid())
            .fetch_optional(c).await)?;
        let Some((model, made_by)) = first else { continue };
        let receipt = &mut counted.to_mut()[at];
        receipt.count_told(model);
        // What has no price stays counted at what it could cost.
        if let (Some(made_by), Some(usd)) = (made_by, receipt.cost_usd.and_then(NanoUsd::of_cost)) {
            late.push(KnownLate { request: RequestId::from_uuid(made_by), workspace: receipt.workspace, usd });
        }
    }
    Ok((counted, late))
}

/// The responses that were made, in the order of their keys, so that two nodes lock rows in the same order.
fn made(receipts: &[Receipt]) -> Vec<ResponseRow> {
    let made = receipts.iter().filter_map(|receipt| {
        let Some(ResponseNote::Made { id, chain }) = &receipt.response else { return None };
        let row = ResponseRow {
            workspace: receipt.workspace.uuid(),
            provider: receipt.provider?.as_str().to_owned(),
            payer: receipt.payer?.as_str().to_owned(),
            id: id.as_str().to_owned(),
            model: receipt.model.as_deref().map(column),
            chain_tokens: chain.get().and_then(|tokens| i64::try_from(tokens).ok()),
            made_at: receipt.at.millis(),
            made_by: receipt.id.uuid(),
        };
        Some(((row.workspace, row.provider.clone(), row.payer.clone(), row.id.clone()), row))
    });
    made.collect::<BTreeMap<_, _>>().into_values().collect()
}

/// The first receipt that tells what each response used, in the order of their keys as well.
fn told(receipts: &[Receipt]) -> BTreeMap<Key<'_>, usize> {
    let mut told = BTreeMap::new();
    for (at, receipt) in receipts.iter().enumerate() {
        if let (Some(ResponseNote::Told { id, .. }), Some(provider)) = (&receipt.response, receipt.provider) {
            told.entry((receipt.workspace.uuid(), provider.as_str(), id)).or_insert(at);
        }
    }
    told
}

/// Forgets all of a workspace.
pub(crate) async fn forget(tx: &mut Tx, workspace: WorkspaceId) -> Result<()> {
    const SQL: &str = "DELETE FROM responses WHERE workspace = $1";
    on!(tx.on(), c => sqlx::query(SQL).bind(workspace.uuid()).execute(c).await.map(drop))?;
    Ok(())
}

impl Store {
    /// The conversation behind a response that the workspace made there on managed access; `None` if it made none of
    /// that id. Waits for what this node has yet to take over, and for a moment on other nodes.
    pub async fn chain(&self, workspace: WorkspaceId, at: Provider, id: &ResponseId) -> Result<Option<ChainTokens>> {
        if let Some(found) = self.find_chain(workspace, at, id).await? {
            return Ok(Some(found));
        }
        self.caught_up().await?;
        let found = self.find_chain(workspace, at, id).await?;
        if found.is_some() || !dialect::has_other_nodes(&self.inner.db) {
            return Ok(found);
        }
        tokio::time::sleep(OTHER_NODES).await;
        self.find_chain(workspace, at, id).await
    }

    async fn find_chain(&self, workspace: WorkspaceId, at: Provider, id: &ResponseId) -> Result<Option<ChainTokens>> {
        const SQL: &str = "SELECT chain_tokens FROM responses \
            WHERE workspace = $1 AND provider = $2 AND payer = $3 AND id = $4";
        let found: Option<(Option<i64>,)> = on!(self.inner.db.read(), c => sqlx::query_as(SQL)
            .bind(workspace.uuid()).bind(at.as_str()).bind(PayerKind::Managed.as_str()).bind(id.as_str())
            .fetch_optional(c).await)?;
        let chain = |tokens: Option<i64>| tokens.and_then(|tokens| u64::try_from(tokens).ok());
        Ok(found.map(|(tokens,)| chain(tokens).map_or(ChainTokens::UNKNOWN, ChainTokens::new)))
    }
}
