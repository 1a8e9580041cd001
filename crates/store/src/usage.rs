//! Usage totals: what receipts add up to by the hour. Pages of usage never read receipts.

use ownkey_domain::id::{ApiKeyId, WorkspaceId};
use ownkey_domain::money::{MicroCredits, PicoUsd};
use ownkey_domain::time::Timestamp;
use ownkey_domain::usage::Usage;

use crate::{Result, Store, StoreError};

/// What to add up by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GroupBy {
    /// The UTC hour.
    Hour,
    /// The UTC day.
    Day,
    /// The model asked for.
    Model,
    /// The provider.
    Provider,
    /// Who paid.
    Payer,
    /// The agent.
    Agent,
    /// The platform key.
    ApiKey,
}

/// Which usage to add up. Totals are kept by the hour: `from` and `to` are widened to whole hours.
#[derive(Debug, Clone, Copy)]
pub struct UsageQuery {
    /// From the hour that holds this.
    pub from: Timestamp,
    /// Up to the end of the hour that holds the last moment before this.
    pub to: Timestamp,
    /// What to add up by.
    pub group_by: GroupBy,
    /// Only this platform key's calls.
    pub api_key: Option<ApiKeyId>,
}

/// What a row of usage is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum UsageKey {
    /// Calls that have none: no agent, refused before a payer was known …
    None,
    /// The start of an hour or a day.
    At(Timestamp),
    /// A platform key.
    ApiKey(ApiKeyId),
    /// A model, provider, payer or agent.
    Name(String),
}

/// What calls add up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UsageTotals {
    /// All calls, refused ones too.
    pub calls: u64,
    /// Calls that were refused, failed, or got a status of 400 or above.
    pub errors: u64,
    /// Tokens by class; a class that no call named is absent.
    pub tokens: Usage,
    /// Served calls whose tokens are unknown.
    pub unmeasured: u64,
    /// List-price cost of the calls whose cost is known.
    pub cost_usd: PicoUsd,
    /// Served calls whose cost is unknown.
    pub unpriced: u64,
    /// Credits charged.
    pub credits: MicroCredits,
}

/// A row of usage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageRow {
    /// What it is about.
    pub key: UsageKey,
    /// What the calls add up to.
    pub totals: UsageTotals,
}

impl Store {
    /// Usage of a workspace, ordered by key.
    pub async fn usage(&self, workspace: WorkspaceId, query: &UsageQuery) -> Result<Vec<UsageRow>> {
        let _ = (workspace, query);
        Err(StoreError::BadUrl)
    }
}
