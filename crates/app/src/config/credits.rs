//! `[credits]`: what a credit is worth.

#![deny(clippy::as_conversions, clippy::float_arithmetic)]

use anyhow::Context;
use ownkey_domain::money::CreditRate;
use serde::Deserialize;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct RawCredits {
    usd_per_credit: Option<String>,
    markup: Option<String>,
}

impl RawCredits {
    pub fn check(self) -> anyhow::Result<Option<CreditRate>> {
        let markup = self.markup.as_deref().unwrap_or("1");
        // Checked also where no credit has a worth, so that a mistake is found when it is made.
        CreditRate::parse("1", markup).context("`markup` must be a decimal text above 0, such as \"1.2\"")?;
        let Some(worth) = self.usd_per_credit else { return Ok(None) };
        let rate = CreditRate::parse(&worth, markup);
        rate.map(Some).context("`usd_per_credit` must be a decimal text above 0, such as \"0.01\"")
    }
}
