//! What a single receipt tells beyond those in lists: its cost part by part, the other payer's price, names of keys.

use std::collections::BTreeMap;

use ownkey_domain::id::CredentialId;
use ownkey_domain::money::{MicroCredits, PicoUsd};
use ownkey_domain::payer::PayerKind;
use ownkey_domain::price::CostItem;
use ownkey_domain::receipt::Receipt;
use ownkey_providers::facts;
use serde::Serialize;

use super::ReceiptView;
use crate::auth::InWorkspace;
use crate::control::Control;
use crate::problem::Problem;

/// A receipt with all that is known of it.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = ReceiptDetail)]
pub(crate) struct ReceiptDetail {
    #[serde(flatten)]
    receipt: ReceiptView,
    /// The parts that `cost_usd` is the sum of; null where it is unknown, where the call's prices are no longer those in
    /// use, and where its parts had prices of several models.
    cost_items: Option<Vec<CostItemView>>,
    /// What a managed call would have cost with an own key, at the provider's list price; null on other calls, and if
    /// that can't be known.
    #[schema(value_type = Option<String>)]
    with_own_key_usd: Option<PicoUsd>,
    /// What a call on an own key would have cost with managed access, at the rate of its time; null on other calls, where
    /// the plan has no managed access for credits, and if that can't be known.
    #[schema(value_type = Option<String>)]
    with_managed_credits: Option<MicroCredits>,
    /// What people know the keys of its attempts by, also of keys that have ended.
    key_hints: BTreeMap<String, String>,
}

/// A part of a call's cost.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = CostItem)]
pub(crate) struct CostItemView {
    /// The class of tokens, or what else was counted. Unlike in `usage`, no class is part of another.
    counted: &'static str,
    /// How many.
    count: u64,
    /// The list price of one.
    #[schema(value_type = String)]
    each_usd: PicoUsd,
    /// What they cost together.
    #[schema(value_type = String)]
    amount_usd: PicoUsd,
}

impl ReceiptDetail {
    /// Of a receipt of that workspace.
    pub(super) async fn of(control: &Control, access: &InWorkspace, receipt: Receipt) -> Result<Self, Problem> {
        let draws = control.plan(&access.workspace.plan).draws_on_credits();
        let would_be = || {
            let rate = control.parts.rate(receipt.model.as_deref())?;
            receipt.credits_at_rate.or_else(|| rate.credits(receipt.cost_usd?))
        };
        let is_own_key = receipt.payer == Some(PayerKind::Byok) && receipt.service.is_none();
        let cost = |payer| receipt.cost_usd.filter(|_| receipt.payer == Some(payer) && receipt.service.is_none());
        let mut key_hints = BTreeMap::new();
        for id in keys(&receipt) {
            if let Some(key) = control.store().credential(access.id(), id).await? {
                key_hints.insert(id.to_string(), key.hint);
            }
        }
        Ok(Self {
            cost_items: items(control, &receipt).map(|items| items.into_iter().map(CostItemView::from).collect()),
            with_own_key_usd: cost(PayerKind::Managed),
            with_managed_credits: would_be().filter(|_| draws && is_own_key),
            key_hints,
            receipt: receipt.into(),
        })
    }
}

/// The keys of the attempts, each once.
fn keys(receipt: &Receipt) -> Vec<CredentialId> {
    let mut keys: Vec<_> = receipt.attempts.iter().filter_map(|attempt| attempt.credential).collect();
    keys.dedup();
    keys
}

/// The parts of its cost. Only what adds up to it to the last digit is shown as that.
fn items(control: &Control, receipt: &Receipt) -> Option<Vec<CostItem>> {
    let catalogue = &control.parts.catalogue;
    receipt.price_version.as_deref().filter(|version| *version == catalogue.version())?;
    let provider = receipt.provider?;
    let model = catalogue.billed(provider, receipt.model_served.as_deref(), receipt.model.as_deref())?;
    model.prices.items(&receipt.usage, facts(provider).accounting, receipt.cost_usd?)
}

impl From<CostItem> for CostItemView {
    fn from(item: CostItem) -> Self {
        let CostItem { counted, count, each, amount } = item;
        Self { counted: counted.as_str(), count, each_usd: each, amount_usd: amount }
    }
}
