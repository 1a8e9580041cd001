//! `[plans.ID]`: what subscriptions include. Without any there is one, `default`.

#![deny(clippy::as_conversions, clippy::float_arithmetic)]

use anyhow::{Context, bail};
use indexmap::IndexMap;
use ownkey_domain::catalogue::Unknown;
use ownkey_domain::money::{MicroCredits, PicoUsd};
use ownkey_domain::plan::{DEFAULT_PLAN, DormantKeys, Features, Managed, PastAllowance, Plan};
use serde::Deserialize;

/// Longest id of a plan or a feature, as the management API has it.
const WORD_BYTES_MAX: usize = 64;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawPlan {
    name: Option<String>,
    byok: bool,
    #[serde(default)]
    dormant_keys: DormantKeys,
    managed: Managed,
    allowance_credits: Option<String>,
    #[serde(default)]
    past_allowance: PastAllowance,
    #[serde(default)]
    features: Vec<String>,
    #[serde(default, deserialize_with = "super::text::whole")]
    output_limit: Option<u32>,
    #[serde(default, deserialize_with = "super::text::whole")]
    requests_per_minute: Option<u32>,
    #[serde(default, deserialize_with = "super::text::whole")]
    tokens_per_minute: Option<u64>,
    price_usd_month: Option<String>,
    unknown: Option<Unknown>,
}

#[derive(Deserialize, Default)]
#[serde(transparent)]
pub struct RawPlans(IndexMap<String, RawPlan>);

/// Plans by id, in the order in which they are written: people list them from the smallest to the largest.
pub type Plans = IndexMap<String, Plan>;

impl RawPlans {
    pub fn check(self) -> anyhow::Result<Plans> {
        if self.0.is_empty() {
            return Ok(Plans::from([(DEFAULT_PLAN.to_owned(), Plan::default())]));
        }
        self.0
            .into_iter()
            .map(|(id, raw)| {
                let plan = raw.check(&id).with_context(|| format!("[plans.{id}]"))?;
                Ok((id, plan))
            })
            .collect()
    }
}

impl RawPlan {
    fn check(self, id: &str) -> anyhow::Result<Plan> {
        if !is_word(id) {
            bail!("the id must be a word of letters, digits, `-`, `_` and `.`");
        }
        if self.features.iter().any(|feature| !is_word(feature)) {
            bail!("`features` must be words of letters, digits, `-`, `_` and `.`");
        }
        let counts = [
            ("output_limit", self.output_limit == Some(0)),
            ("requests_per_minute", self.requests_per_minute == Some(0)),
            ("tokens_per_minute", self.tokens_per_minute == Some(0)),
        ];
        if let Some((field, _)) = counts.into_iter().find(|(_, is_zero)| *is_zero) {
            bail!("`{field}` must be 1 or more; leave it out for no limit");
        }
        if self.managed == Managed::None && self.allowance_credits.is_some() {
            bail!("`allowance_credits` needs managed access, and `managed` is \"none\"");
        }
        let allowance = self.allowance_credits.as_deref().map(MicroCredits::parse).transpose();
        let price = self.price_usd_month.as_deref().map(PicoUsd::parse_usd).transpose();
        Ok(Plan {
            id: id.to_owned(),
            name: self.name.unwrap_or_else(|| id.to_owned()),
            byok: self.byok,
            dormant_keys: self.dormant_keys,
            managed: self.managed,
            allowance_credits: not_below(allowance.ok(), "allowance_credits")?,
            past_allowance: self.past_allowance,
            features: Features::Only(self.features),
            output_limit: self.output_limit,
            requests_per_minute: self.requests_per_minute,
            tokens_per_minute: self.tokens_per_minute,
            price_usd_month: not_below(price.ok(), "price_usd_month")?,
            unknown: self.unknown,
        })
    }
}

/// An amount that was read and is not below zero.
fn not_below<T: Default + PartialOrd>(read: Option<Option<T>>, field: &str) -> anyhow::Result<Option<T>> {
    match read {
        Some(Some(amount)) if amount < T::default() => bail!("`{field}` must not be below 0"),
        Some(amount) => Ok(amount),
        None => bail!("`{field}` must be a decimal text such as \"29\""),
    }
}

fn is_word(text: &str) -> bool {
    let fine = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    (1..=WORD_BYTES_MAX).contains(&text.len()) && text.bytes().all(fine)
}
