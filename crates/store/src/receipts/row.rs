//! A receipt as a row: columns for what lists show and filter, JSON for the rest.

#![deny(clippy::as_conversions, clippy::float_arithmetic)]

use std::borrow::Cow;
use std::sync::LazyLock;

use ownkey_domain::id::{ApiKeyId, CredentialId, RequestId, WorkspaceId};
use ownkey_domain::money::{CreditRate, MicroCredits, PicoUsd};
use ownkey_domain::payer::PayerKind;
use ownkey_domain::receipt::{Attempt, Outcome, Receipt, Timing};
use ownkey_domain::service::ServiceUse;
use ownkey_domain::time::Timestamp;
use ownkey_domain::usage::{Measured, Usage};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::dialect::{WideStatement, wide_rows};
use crate::{Result, StoreError, json};

wide_rows! {
    /// A receipt as stored.
    ReceiptRow {
        workspace: Uuid => "uuid",
        id: Uuid => "uuid",
        at: i64 => "bigint",
        api_key: Option<Uuid> => "uuid",
        agent: Option<String> => "text",
        for_user: Option<String> => "text",
        provider: Option<String> => "text",
        model: Option<String> => "text",
        payer: Option<String> => "text",
        credential: Option<Uuid> => "uuid",
        status: i32 => "integer",
        outcome: String => "text",
        cost_pico: Option<i64> => "bigint",
        credits_micro: i64 => "bigint",
        overrun_micro: i64 => "bigint",
        measured: String => "text",
        detail: String => "text",
        client_request_id: Option<String> => "text",
    }
}

pub(crate) static INSERT_RECEIPTS: LazyLock<WideStatement<ReceiptRow>> = LazyLock::new(|| {
    WideStatement::new(
        "INSERT INTO receipts ({columns}) SELECT * FROM {rows} WHERE column1 IS NOT NULL \
         ON CONFLICT (workspace, id) DO NOTHING",
    )
});

/// Most details fit into that.
const DETAIL_USUAL: usize = 768;

/// What no list needs.
#[derive(Serialize, Deserialize)]
struct Detail<'r> {
    #[serde(skip_serializing_if = "Option::is_none")]
    client_request_id: Option<Cow<'r, str>>,
    route: Cow<'r, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    service: Option<Cow<'r, ServiceUse>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model_served: Option<Cow<'r, str>>,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Cow<'r, str>>,
    included: bool,
    /// Only a cost that does not fit its column.
    #[serde(skip_serializing_if = "Option::is_none")]
    cost_usd: Option<PicoUsd>,
    #[serde(skip_serializing_if = "Option::is_none")]
    price_version: Option<Cow<'r, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    credits_at_rate: Option<MicroCredits>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    credit_rate: Option<CreditRate>,
    usage: Usage,
    attempts: Cow<'r, [Attempt]>,
    timing: Timing,
}

/// Text for a column: PostgreSQL knows no NUL, and names come from callers.
pub(crate) fn storable(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { Cow::Borrowed(text) }
}

/// The same, to bind.
pub(crate) fn column(text: &str) -> String {
    storable(text).into_owned()
}

fn borrowed(text: &Option<String>) -> Option<Cow<'_, str>> {
    text.as_deref().map(Cow::Borrowed)
}

impl ReceiptRow {
    pub fn of(receipt: &Receipt) -> Result<Self> {
        let cost_pico = receipt.cost_usd.and_then(|cost| i64::try_from(cost.get()).ok());
        let detail = Detail {
            client_request_id: borrowed(&receipt.client_request_id),
            route: Cow::Borrowed(&receipt.route),
            service: receipt.service.as_ref().map(Cow::Borrowed),
            model_served: borrowed(&receipt.model_served),
            stream: receipt.stream,
            error: borrowed(&receipt.error),
            included: receipt.included,
            cost_usd: receipt.cost_usd.filter(|_| cost_pico.is_none()),
            price_version: borrowed(&receipt.price_version),
            credits_at_rate: receipt.credits_at_rate,
            credit_rate: receipt.credit_rate,
            usage: receipt.usage,
            attempts: Cow::Borrowed(&receipt.attempts),
            timing: receipt.timing,
        };
        Ok(Self {
            workspace: receipt.workspace.uuid(),
            id: receipt.id.uuid(),
            at: receipt.at.millis(),
            api_key: receipt.api_key.map(ApiKeyId::uuid),
            agent: receipt.agent.as_deref().map(column),
            for_user: receipt.user.as_deref().map(column),
            provider: receipt.provider.map(|p| p.as_str().to_owned()),
            model: receipt.model.as_deref().map(column),
            payer: receipt.payer.map(|p| p.as_str().to_owned()),
            credential: receipt.credential.map(CredentialId::uuid),
            status: i32::from(receipt.status),
            outcome: receipt.outcome.as_str().to_owned(),
            cost_pico,
            credits_micro: receipt.credits.get(),
            overrun_micro: receipt.overrun.get(),
            measured: receipt.measured.as_str().to_owned(),
            detail: json::text(&detail, DETAIL_USUAL).map_err(|_| StoreError::Unstorable("receipt"))?,
            // To be found by only; `detail` has it as it came.
            client_request_id: receipt.client_request_id.as_deref().map(column),
        })
    }

    /// The receipt; `None` if the row can't be one.
    fn receipt(self) -> Option<Receipt> {
        let detail: Detail<'_> = serde_json::from_str(&self.detail).ok()?;
        Some(Receipt {
            id: RequestId::from_uuid(self.id),
            at: Timestamp::from_millis(self.at),
            workspace: WorkspaceId::from_uuid(self.workspace),
            api_key: self.api_key.map(ApiKeyId::from_uuid),
            agent: self.agent,
            user: self.for_user,
            client_request_id: detail.client_request_id.map(Cow::into_owned),
            route: detail.route.into_owned(),
            service: detail.service.map(Cow::into_owned),
            provider: self.provider.map(|name| name.parse()).transpose().ok()?,
            model: self.model,
            model_served: detail.model_served.map(Cow::into_owned),
            stream: detail.stream,
            payer: self.payer.map(|name| payer(&name).ok_or(())).transpose().ok()?,
            credential: self.credential.map(CredentialId::from_uuid),
            status: self.status.try_into().ok()?,
            error: detail.error.map(Cow::into_owned),
            outcome: outcome(&self.outcome)?,
            credits: MicroCredits::new(self.credits_micro),
            overrun: MicroCredits::new(self.overrun_micro),
            included: detail.included,
            cost_usd: self.cost_pico.map(|pico| PicoUsd::new(pico.into())).or(detail.cost_usd),
            price_version: detail.price_version.map(Cow::into_owned),
            credits_at_rate: detail.credits_at_rate,
            credit_rate: detail.credit_rate,
            usage: detail.usage,
            measured: measured(&self.measured)?,
            attempts: detail.attempts.into_owned(),
            timing: detail.timing,
            settlement: None,
            response: None,
        })
    }
}

impl TryFrom<ReceiptRow> for Receipt {
    type Error = StoreError;

    fn try_from(row: ReceiptRow) -> Result<Self> {
        row.receipt().ok_or(StoreError::Corrupt("receipt"))
    }
}

fn payer(name: &str) -> Option<PayerKind> {
    [PayerKind::Byok, PayerKind::Managed].into_iter().find(|payer| payer.as_str() == name)
}

fn outcome(name: &str) -> Option<Outcome> {
    let all = [Outcome::Complete, Outcome::Failed, Outcome::Cancelled, Outcome::Refused];
    all.into_iter().find(|outcome| outcome.as_str() == name)
}

fn measured(name: &str) -> Option<Measured> {
    let all = [Measured::Measured, Measured::Estimated, Measured::Unknown];
    all.into_iter().find(|measured| measured.as_str() == name)
}
