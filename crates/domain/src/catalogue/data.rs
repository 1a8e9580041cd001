//! The catalogue's data file, read strictly: an unknown field, class or unit is an error, never skipped.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{BadCatalogue, Mode, Model};
use crate::money::PicoUsd;
use crate::price::{LongContext, Prices, Rates};
use crate::provider::Provider;
use crate::usage::{TokenClass, Unit};

/// Reads version and models.
pub(super) fn parse(json: &str) -> Result<(String, Vec<Model>), BadCatalogue> {
    let file: File = serde_json::from_str(json).map_err(|e| BadCatalogue(e.to_string()))?;
    let models = file.models.into_iter().map(Row::into_model).collect::<Result<Vec<_>, _>>()?;
    Ok((file.version, models))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: String,
    #[serde(rename = "source")]
    _source: String,
    models: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: String,
    provider: Provider,
    mode: Mode,
    context_tokens: Option<u64>,
    output_tokens: Option<u64>,
    tiers: TierRows,
    long_context: Option<LongContextRow>,
    #[serde(default)]
    units: BTreeMap<Unit, PicoUsd>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LongContextRow {
    above_tokens: u64,
    tiers: TierRows,
}

type TierRows = BTreeMap<String, BTreeMap<String, String>>;

impl Row {
    fn into_model(self) -> Result<Model, BadCatalogue> {
        let long_context = match self.long_context {
            Some(row) => Some(LongContext { above_tokens: row.above_tokens, tiers: tiers(row.tiers)? }),
            None => None,
        };
        Ok(Model {
            id: self.id,
            provider: self.provider,
            mode: self.mode,
            context_tokens: self.context_tokens,
            output_tokens: self.output_tokens,
            prices: Prices { tiers: tiers(self.tiers)?, long_context, units: self.units },
        })
    }
}

/// Rates by tier, from decimal texts by class.
pub(super) fn tiers(rows: TierRows) -> Result<BTreeMap<String, Rates>, BadCatalogue> {
    rows.into_iter()
        .map(|(tier, row)| {
            let rates = row.into_iter().map(|(class, price)| rate(&class, &price)).collect::<Result<Vec<_>, _>>()?;
            Ok((tier, Rates::new(rates)))
        })
        .collect()
}

fn rate(class: &str, price: &str) -> Result<(TokenClass, PicoUsd), BadCatalogue> {
    let known = TokenClass::ALL.iter().find(|c| c.as_str() == class);
    let class = known.ok_or_else(|| BadCatalogue(format!("no token class is called `{class}`")))?;
    let price = PicoUsd::parse_usd(price)
        .map_err(|_| BadCatalogue(format!("the price of {} is no decimal number", class.as_str())))?;
    if price < PicoUsd::ZERO {
        return Err(BadCatalogue(format!("the price of {class} is below zero", class = class.as_str())));
    }
    Ok((*class, price))
}
