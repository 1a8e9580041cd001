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
use crate::{Result, Store, StoreError};

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

/// What identifies a response of an own key: two providers could use the same id.
type Key<'r> = (Uuid, &'static str, &'r ResponseId);

/// The receipts of a batch that tell of such a response, by their place in it.
#[derive(Default)]
struct Tellers {
    /// That of the call that made it.
    made: Option<usize>,
    /// The first that tells what it used.
    told: Option<usize>,
}

/// What is known of the call that made a response.
struct Counted {
    model: Option<String>,
    made_by: Option<Uuid>,
}

/// Takes over what receipts tell of responses. Returns the receipts, with what responses used where they are the first
/// to tell it, or made what was told before; and what the calls have cost that made those.
pub(crate) async fn take_over<'r>(
    tx: &mut Tx,
    receipts: &'r [Receipt],
) -> Result<(Cow<'r, [Receipt]>, Vec<KnownLate>)> {
    INSERT.run(tx, managed(receipts)).await?;
    let (mut counted, mut late) = (Cow::Borrowed(receipts), Vec::new());
    for (key, Tellers { made, told }) in own(receipts) {
        if let Some(at) = made
            && let Some(told) = make(tx, key, &receipts[at]).await?
        {
            let receipt = &mut counted.to_mut()[at];
            receipt.response = Some(told);
            receipt.count_told(receipt.model.clone());
            late.extend(known_late(receipt, receipt.id));
        }
        if let Some(at) = told
            && let Some(Counted { model, made_by }) = tell(tx, key, &receipts[at]).await?
        {
            let receipt = &mut counted.to_mut()[at];
            receipt.count_told(model);
            late.extend(made_by.and_then(|maker| known_late(receipt, RequestId::from_uuid(maker))));
        }
    }
    Ok((counted, late))
}

/// What the call cost that made a response, as this receipt tells. What has no price stays counted at what it could cost.
fn known_late(teller: &Receipt, maker: RequestId) -> Option<KnownLate> {
    let usd = teller.cost_usd.and_then(NanoUsd::of_cost)?;
    Some(KnownLate { request: maker, workspace: teller.workspace, usd })
}

/// The responses that were made on managed access, in the order of their keys, so that two nodes lock rows in the same
/// order.
fn managed(receipts: &[Receipt]) -> Vec<ResponseRow> {
    let made = receipts.iter().filter_map(|receipt| {
        let Some(ResponseNote::Made { id, chain }) = &receipt.response else { return None };
        let payer = receipt.payer.filter(|payer| *payer == PayerKind::Managed)?;
        let row = ResponseRow {
            workspace: receipt.workspace.uuid(),
            provider: receipt.provider?.as_str().to_owned(),
            payer: payer.as_str().to_owned(),
            id: id.as_str().to_owned(),
            model: receipt.model.as_deref().map(column),
            chain_tokens: chain.get().and_then(|tokens| i64::try_from(tokens).ok()),
            made_at: receipt.at.millis(),
            made_by: receipt.id.uuid(),
        };
        Some(((row.workspace, row.provider.clone(), row.id.clone()), row))
    });
    made.collect::<BTreeMap<_, _>>().into_values().collect()
}

/// Who tells of responses of own keys, which are made in the background; in the order of their keys as well.
fn own(receipts: &[Receipt]) -> BTreeMap<Key<'_>, Tellers> {
    let mut all: BTreeMap<_, Tellers> = BTreeMap::new();
    for (at, receipt) in receipts.iter().enumerate() {
        let Some(provider) = receipt.provider.filter(|_| receipt.payer == Some(PayerKind::Byok)) else { continue };
        let Some(ResponseNote::Made { id, .. } | ResponseNote::Told { id, .. }) = &receipt.response else { continue };
        let tellers = all.entry((receipt.workspace.uuid(), provider.as_str(), id)).or_default();
        let is_made = matches!(receipt.response, Some(ResponseNote::Made { .. }));
        let place = if is_made { &mut tellers.made } else { &mut tellers.told };
        place.get_or_insert(at);
    }
    all
}

/// Notes that a response was made. What was told of it before, which counts with the call that made it.
async fn make(tx: &mut Tx, (workspace, provider, id): Key<'_>, by: &Receipt) -> Result<Option<ResponseNote>> {
    const SQL: &str = "INSERT INTO responses (workspace, provider, payer, id, model, made_at, made_by) \
        SELECT $1, $2, 'byok', $3, $4, $5, $6 FROM workspaces WHERE id = $1 AND deleted_at IS NULL \
        ON CONFLICT (workspace, provider, payer, id) DO UPDATE SET model = excluded.model, made_by = $6, counted_by = $6 \
        WHERE responses.told IS NOT NULL AND responses.counted_by IS NULL RETURNING told";
    let told: Option<(Option<String>,)> = on!(tx.on(), c => sqlx::query_as(SQL)
        .bind(workspace).bind(provider).bind(id.as_str()).bind(by.model.as_deref().map(column))
        .bind(by.at.millis()).bind(by.id.uuid())
        .fetch_optional(c).await)?;
    let Some((Some(told),)) = told else { return Ok(None) };
    serde_json::from_str(&told).map(Some).map_err(|_| StoreError::Corrupt("response"))
}

/// Notes what a response used. What is known of the call that made it, if it counts with this receipt: it does if nobody
/// has told it before, and it is known who made it.
async fn tell(tx: &mut Tx, (workspace, provider, id): Key<'_>, by: &Receipt) -> Result<Option<Counted>> {
    const SQL: &str = "INSERT INTO responses (workspace, provider, payer, id, made_at, told) \
        SELECT $1, $2, 'byok', $3, $4, $5 FROM workspaces WHERE id = $1 AND deleted_at IS NULL \
        ON CONFLICT (workspace, provider, payer, id) DO UPDATE SET counted_by = $6 \
        WHERE responses.told IS NULL AND responses.counted_by IS NULL RETURNING model, counted_by, made_by";
    let told = serde_json::to_string(&by.response).map_err(|_| StoreError::Unstorable("response"))?;
    let known: Option<(Option<String>, Option<Uuid>, Option<Uuid>)> = on!(tx.on(), c => sqlx::query_as(SQL)
        .bind(workspace).bind(provider).bind(id.as_str()).bind(by.at.millis()).bind(told).bind(by.id.uuid())
        .fetch_optional(c).await)?;
    Ok(known.and_then(|(model, counted_by, made_by)| counted_by.map(|_| Counted { model, made_by })))
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
