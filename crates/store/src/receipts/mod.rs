//! Receipts, as people read them. They are written by the takeover of the journal, but for those of processes that died
//! and of services used elsewhere.

pub(crate) mod interrupted;
pub(crate) mod row;

use ownkey_domain::id::{ApiKeyId, RequestId, WorkspaceId};
use ownkey_domain::money::PicoUsd;
use ownkey_domain::payer::PayerKind;
use ownkey_domain::provider::Provider;
use ownkey_domain::receipt::Receipt;
use ownkey_domain::time::Timestamp;

use uuid::Uuid;

use crate::db::on;
use crate::{Page, Result, Store, page};
use row::ReceiptRow;

/// Which receipts to show; what is absent does not matter.
#[derive(Debug, Clone, Default)]
pub struct ReceiptFilter {
    /// Who paid.
    pub payer: Option<PayerKind>,
    /// The provider asked.
    pub provider: Option<Provider>,
    /// The model asked for.
    pub model: Option<String>,
    /// The agent it was made for.
    pub agent: Option<String>,
    /// The platform key.
    pub api_key: Option<ApiKeyId>,
    /// The caller's own id of the call.
    pub client_request_id: Option<String>,
    /// What the caller saw.
    pub status: Option<StatusClass>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub to: Option<Timestamp>,
}

/// A range of statuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusClass {
    /// 200 to 299.
    Success,
    /// 400 to 499.
    ClientError,
    /// 500 and above.
    ServerError,
    /// The caller left before any status.
    Unanswered,
}

impl StatusClass {
    /// The statuses of the class, both ends included.
    const fn range(self) -> (i32, i32) {
        match self {
            Self::Success => (200, 299),
            Self::ClientError => (400, 499),
            Self::ServerError => (500, 999),
            Self::Unanswered => (0, 0),
        }
    }
}

/// What every filter but one comes to.
macro_rules! filtered {
    ($more:literal) => {
        receipts!(concat!(
            "id < $2 AND id >= $3 AND at >= $4 AND at < $5 AND ($6 IS NULL OR payer = $6) \
             AND ($7 IS NULL OR model = $7) AND ($8 IS NULL OR api_key = $8) \
             AND status >= $9 AND status <= $10 AND ($11 IS NULL OR provider = $11) \
             AND ($12 IS NULL OR agent = $12) AND ",
            $more,
            " ORDER BY id DESC LIMIT $14"
        ))
    };
}

macro_rules! receipts {
    ($where:expr) => {
        concat!(
            "SELECT workspace, id, at, api_key, agent, for_user, provider, model, payer, credential, status, \
             outcome, cost_pico, credits_micro, overrun_micro, measured, detail, client_request_id FROM receipts \
              WHERE workspace = $1 AND ",
            $where
        )
    };
}

/// Reads one.
const ONE: &str = receipts!("id = $2");

/// How far the time in a receipt's id may be from its `at`: both are taken as the call comes in.
const ID_SLACK_MS: i64 = 3_600_000;

impl Store {
    /// Receipts of a workspace, older than `before` if given.
    pub async fn receipts(
        &self,
        workspace: WorkspaceId,
        filter: &ReceiptFilter,
        before: Option<RequestId>,
        limit: u32,
    ) -> Result<Page<Receipt>> {
        // The bounds of ids let the first index find the time, and the caller's own id has an index of its own; the
        // bounds of `at` are the exact ones.
        const ANY: &str = filtered!("$13 IS NULL");
        const BY_ITS_CALLER: &str = filtered!("client_request_id = $13");
        let sql = if filter.client_request_id.is_some() { BY_ITS_CALLER } else { ANY };
        self.caught_up().await?;
        let from = filter.from.map_or(i64::MIN, Timestamp::millis);
        let to = filter.to.map_or(i64::MAX, Timestamp::millis);
        let before = before.map_or(Uuid::max(), RequestId::uuid).min(first_id(to.saturating_add(ID_SLACK_MS)));
        let after = first_id(from.saturating_sub(ID_SLACK_MS));
        let (lowest, highest) = filter.status.map_or((0, i32::MAX), StatusClass::range);
        let rows: Vec<ReceiptRow> = on!(self.inner.db.read(), c => sqlx::query_as(sql)
            .bind(workspace.uuid()).bind(before).bind(after).bind(from).bind(to)
            .bind(filter.payer.map(PayerKind::as_str)).bind(&filter.model).bind(filter.api_key.map(ApiKeyId::uuid))
            .bind(lowest).bind(highest).bind(filter.provider.map(Provider::as_str)).bind(&filter.agent)
            .bind(&filter.client_request_id).bind(page::rows(limit))
            .fetch_all(c).await)?;
        let receipts = rows.into_iter().map(Receipt::try_from).collect::<Result<_>>()?;
        Ok(Page::of(receipts, limit))
    }

    /// What the calls of models since then have cost that somebody paid for and these three let through, oldest first,
    /// each as far as it is known. What was refused cost nothing, unless its receipt says so. `None` if they are more than `most`.
    pub async fn costs_since(
        &self,
        workspace: WorkspaceId,
        since: Timestamp,
        (payer, agent, api_key): (Option<PayerKind>, Option<&str>, Option<ApiKeyId>),
        most: u32,
    ) -> Result<Option<Vec<Option<PicoUsd>>>> {
        const SQL: &str = "SELECT CASE WHEN status >= 400 THEN COALESCE(cost_pico, 0) ELSE cost_pico END \
            FROM receipts WHERE workspace = $1 AND id >= $2 AND at >= $3 AND payer IS NOT NULL AND model IS NOT NULL AND ($4 IS NULL OR payer = $4) \
            AND ($5 IS NULL OR agent = $5) AND ($6 IS NULL OR api_key = $6) ORDER BY id LIMIT $7";
        self.caught_up().await?;
        let after = first_id(since.millis().saturating_sub(ID_SLACK_MS));
        let rows: Vec<(Option<i64>,)> = on!(self.inner.db.read(), c => sqlx::query_as(SQL)
            .bind(workspace.uuid()).bind(after).bind(since.millis()).bind(payer.map(PayerKind::as_str)).bind(agent)
            .bind(api_key.map(ApiKeyId::uuid)).bind(page::rows(most))
            .fetch_all(c).await)?;
        let page = Page::of(rows, most);
        let cost = |(cost,): (Option<i64>,)| cost.map(|pico| PicoUsd::new(pico.into()));
        Ok((!page.more).then(|| page.items.into_iter().map(cost).collect()))
    }

    /// A receipt of the workspace.
    pub async fn receipt(&self, workspace: WorkspaceId, id: RequestId) -> Result<Option<Receipt>> {
        self.caught_up().await?;
        self.find_receipt((workspace, id)).await
    }

    /// The same, as the database has it by now.
    pub(crate) async fn find_receipt(&self, (workspace, id): (WorkspaceId, RequestId)) -> Result<Option<Receipt>> {
        let row: Option<ReceiptRow> = on!(self.inner.db.read(), c => sqlx::query_as(ONE)
            .bind(workspace.uuid()).bind(id.uuid()).fetch_optional(c).await)?;
        row.map(Receipt::try_from).transpose()
    }
}

/// The first UUIDv7 of that moment, within what 48 bits hold.
pub(crate) fn first_id(millis: i64) -> Uuid {
    let millis = u128::try_from(millis).unwrap_or(0);
    if millis >> 48 == 0 { Uuid::from_u128(millis << 80) } else { Uuid::max() }
}
