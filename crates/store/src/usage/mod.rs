//! Usage totals: what receipts add up to by the hour. Pages of usage never read receipts.

pub(crate) mod totals;

use ownkey_domain::id::{ApiKeyId, WorkspaceId};
use ownkey_domain::money::{MicroCredits, PicoUsd};
use ownkey_domain::payer::PayerKind;
use ownkey_domain::provider::Provider;
use ownkey_domain::time::Timestamp;
use ownkey_domain::usage::{TokenClass, Unit, Usage};

use sqlx::{Decode, FromRow, Postgres, Sqlite, Type};
use uuid::Uuid;

use crate::db::on;
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
    /// The metered service.
    Service,
}

/// Which usage to add up. Totals are kept by the hour: `from` and `to` are widened to whole hours.
#[derive(Debug, Clone)]
pub struct UsageQuery {
    /// From the hour that holds this.
    pub from: Timestamp,
    /// Up to the end of the hour that holds the last moment before this.
    pub to: Timestamp,
    /// What to add up by.
    pub group_by: GroupBy,
    /// Of which calls.
    pub only: UsageFilter,
}

/// Which calls to add up; what is absent does not matter.
#[derive(Debug, Clone, Default)]
pub struct UsageFilter {
    /// Who paid.
    pub payer: Option<PayerKind>,
    /// The provider asked.
    pub provider: Option<Provider>,
    /// The model asked for.
    pub model: Option<String>,
    /// The agent they were made for.
    pub agent: Option<String>,
    /// The platform key.
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
    /// A model, provider, payer, agent or service.
    Name(String),
}

/// What calls add up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UsageTotals {
    /// All calls, refused ones too.
    pub calls: u64,
    /// Calls that were refused, failed, or got a status of 400 or above.
    pub errors: u64,
    /// Tokens by class and other units; what no call named is absent.
    pub usage: Usage,
    /// Served calls whose usage is unknown.
    pub unmeasured: u64,
    /// List-price cost of the calls whose cost is known.
    pub cost_usd: PicoUsd,
    /// Served calls whose cost is unknown.
    pub unpriced: u64,
    /// What they cost in credits.
    pub credits: MicroCredits,
    /// What of that the workspace did not have.
    pub overrun: MicroCredits,
}

impl UsageTotals {
    /// The credits that the workspace paid for them.
    pub const fn credits_paid(&self) -> MicroCredits {
        MicroCredits::new(self.credits.get().saturating_sub(self.overrun.get()))
    }
}

/// A row of usage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageRow {
    /// What it is about.
    pub key: UsageKey,
    /// What the calls add up to.
    pub totals: UsageTotals,
}

/// The sum of a column. A sum of 64 bits that overflows is an error on either database, and one damaged or lying row
/// would make all usage of its workspace unreadable; so the upper and the lower half are added up apart, and the sum
/// stops where they no longer fit together.
macro_rules! sum {
    ($column:literal) => {
        $crate::usage::sum!($column as $column)
    };
    ($column:literal as $name:literal) => {
        concat!(
            "CASE WHEN SUM(",
            $column,
            " / 4294967296) > 2000000000 THEN 8589934592000000000 ",
            "WHEN SUM(",
            $column,
            " / 4294967296) < -2000000000 THEN -8589934592000000000 ",
            "ELSE CAST(SUM(",
            $column,
            " / 4294967296) AS BIGINT) * 4294967296 + CAST(SUM(",
            $column,
            " % 4294967296) AS BIGINT) END AS ",
            $name
        )
    };
}
pub(crate) use sum;

/// Sums by one key, which is the first column.
macro_rules! sums {
    ($key:literal) => {
        concat!(
            "SELECT ",
            $key,
            " AS name, ",
            sum!("calls"),
            ", ",
            sum!("errors"),
            ", ",
            sum!("unmeasured"),
            ", ",
            sum!("unpriced"),
            ", ",
            sum!("cost_pico"),
            ", ",
            sum!("credits_micro"),
            ", ",
            sum!("overrun_micro"),
            ", ",
            sum!("tokens_input"),
            ", ",
            sum!("tokens_output"),
            ", ",
            sum!("tokens_cache_read"),
            ", ",
            sum!("tokens_cache_write"),
            ", ",
            sum!("tokens_cache_write_5m"),
            ", ",
            sum!("tokens_cache_write_1h"),
            ", ",
            sum!("tokens_reasoning"),
            ", ",
            sum!("tokens_audio_input"),
            ", ",
            sum!("tokens_audio_output"),
            ", ",
            sum!("tokens_image_input"),
            ", ",
            sum!("tokens_image_output"),
            ", ",
            sum!("input_characters"),
            ", ",
            sum!("input_seconds"),
            ", ",
            sum!("web_searches"),
            ", ",
            sum!("file_searches"),
            " FROM usage_totals WHERE workspace = $1 AND hour >= $2 AND hour < $3 \
             AND ($4 IS NULL OR api_key = $4) AND ($5 IS NULL OR payer = $5) AND ($6 IS NULL OR provider = $6) \
             AND ($7 IS NULL OR model = $7) AND ($8 IS NULL OR agent = $8) GROUP BY 1 ORDER BY 1"
        )
    };
}

impl Store {
    /// Usage of a workspace, ordered by key.
    pub async fn usage(&self, workspace: WorkspaceId, query: &UsageQuery) -> Result<Vec<UsageRow>> {
        self.caught_up().await?;
        match query.group_by {
            GroupBy::Hour => self.sums::<i64>(sums!("hour"), workspace, query).await,
            GroupBy::Day => self.sums::<i64>(sums!("hour - hour % 86400000"), workspace, query).await,
            GroupBy::Model => self.sums::<String>(sums!("model"), workspace, query).await,
            GroupBy::Provider => self.sums::<String>(sums!("provider"), workspace, query).await,
            GroupBy::Payer => self.sums::<String>(sums!("payer"), workspace, query).await,
            GroupBy::Agent => self.sums::<String>(sums!("agent"), workspace, query).await,
            GroupBy::Service => self.sums::<String>(sums!("service"), workspace, query).await,
            GroupBy::ApiKey => self.sums::<Uuid>(sums!("api_key"), workspace, query).await,
        }
    }

    async fn sums<K: Key>(
        &self,
        sql: &'static str,
        workspace: WorkspaceId,
        query: &UsageQuery,
    ) -> Result<Vec<UsageRow>> {
        let only = &query.only;
        let rows: Vec<SumsRow<K>> = on!(self.inner.db.read(), c => sqlx::query_as(sql)
            .bind(workspace.uuid()).bind(query.from.hour().millis()).bind(query.to.millis())
            .bind(only.api_key.map(ApiKeyId::uuid)).bind(only.payer.map(PayerKind::as_str))
            .bind(only.provider.map(Provider::as_str)).bind(&only.model).bind(&only.agent)
            .fetch_all(c).await)?;
        rows.into_iter().map(UsageRow::try_from).collect()
    }
}

/// A column that usage is added up by.
trait Key: KeyOn<Sqlite> + KeyOn<Postgres> {
    fn key(self) -> UsageKey;
}

trait KeyOn<D: sqlx::Database>: for<'r> Decode<'r, D> + Type<D> + Send + Unpin {}
impl<D: sqlx::Database, T: for<'r> Decode<'r, D> + Type<D> + Send + Unpin> KeyOn<D> for T {}

impl Key for i64 {
    fn key(self) -> UsageKey {
        UsageKey::At(Timestamp::from_millis(self))
    }
}

impl Key for String {
    fn key(self) -> UsageKey {
        if self.is_empty() { UsageKey::None } else { UsageKey::Name(self) }
    }
}

impl Key for Uuid {
    fn key(self) -> UsageKey {
        if self.is_nil() { UsageKey::None } else { UsageKey::ApiKey(ApiKeyId::from_uuid(self)) }
    }
}

#[derive(FromRow)]
struct SumsRow<K> {
    name: K,
    calls: i64,
    errors: i64,
    unmeasured: i64,
    unpriced: i64,
    cost_pico: i64,
    credits_micro: i64,
    overrun_micro: i64,
    tokens_input: Option<i64>,
    tokens_output: Option<i64>,
    tokens_cache_read: Option<i64>,
    tokens_cache_write: Option<i64>,
    tokens_cache_write_5m: Option<i64>,
    tokens_cache_write_1h: Option<i64>,
    tokens_reasoning: Option<i64>,
    tokens_audio_input: Option<i64>,
    tokens_audio_output: Option<i64>,
    tokens_image_input: Option<i64>,
    tokens_image_output: Option<i64>,
    input_characters: Option<i64>,
    input_seconds: Option<i64>,
    web_searches: Option<i64>,
    file_searches: Option<i64>,
}

impl<K> SumsRow<K> {
    const fn tokens(&self, class: TokenClass) -> Option<i64> {
        match class {
            TokenClass::Input => self.tokens_input,
            TokenClass::Output => self.tokens_output,
            TokenClass::CacheRead => self.tokens_cache_read,
            TokenClass::CacheWrite => self.tokens_cache_write,
            TokenClass::CacheWrite5m => self.tokens_cache_write_5m,
            TokenClass::CacheWrite1h => self.tokens_cache_write_1h,
            TokenClass::Reasoning => self.tokens_reasoning,
            TokenClass::AudioInput => self.tokens_audio_input,
            TokenClass::AudioOutput => self.tokens_audio_output,
            TokenClass::ImageInput => self.tokens_image_input,
            TokenClass::ImageOutput => self.tokens_image_output,
        }
    }

    const fn units(&self, unit: Unit) -> Option<i64> {
        match unit {
            Unit::InputCharacter => self.input_characters,
            Unit::InputSecond => self.input_seconds,
            Unit::WebSearch => self.web_searches,
            Unit::FileSearch => self.file_searches,
        }
    }
}

impl<K: Key> TryFrom<SumsRow<K>> for UsageRow {
    type Error = StoreError;

    fn try_from(row: SumsRow<K>) -> Result<Self> {
        let count = |n: i64| u64::try_from(n).map_err(|_| StoreError::Corrupt("usage total"));
        let mut usage = Usage::default();
        for &class in TokenClass::ALL {
            if let Some(sum) = row.tokens(class) {
                usage.set(class, count(sum)?);
            }
        }
        for &unit in Unit::ALL {
            if let Some(sum) = row.units(unit) {
                usage = usage.with_unit(unit, count(sum)?);
            }
        }
        let totals = UsageTotals {
            calls: count(row.calls)?,
            errors: count(row.errors)?,
            usage,
            unmeasured: count(row.unmeasured)?,
            cost_usd: PicoUsd::new(row.cost_pico.into()),
            unpriced: count(row.unpriced)?,
            credits: MicroCredits::new(row.credits_micro),
            overrun: MicroCredits::new(row.overrun_micro),
        };
        Ok(Self { key: row.name.key(), totals })
    }
}
