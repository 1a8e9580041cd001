//! `[catalogue]` and `[[models]]`: which models are offered, under which names, behind which gates.

use std::collections::BTreeMap;

use anyhow::Context;
use ownkey_domain::catalogue::{Availability, Builtin, Catalogue, RuleDraft, RulesDraft, Unknown, standard_prices};
use ownkey_domain::provider::Provider;
use serde::Deserialize;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct RawCatalogue {
    unknown: Unknown,
    builtin: Builtin,
    lead_model: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawModel {
    id: String,
    alias_of: Option<String>,
    provider: Option<Provider>,
    #[serde(default)]
    prices: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "super::text::whole")]
    context_tokens: Option<u64>,
    #[serde(default, deserialize_with = "super::text::whole")]
    output_tokens: Option<u64>,
    #[serde(default, rename = "match")]
    patterns: Vec<String>,
    #[serde(default)]
    gate: Availability,
    feature: Option<String>,
    gate_message: Option<String>,
}

impl RawCatalogue {
    /// The catalogue under the rules of the file.
    pub fn check(self, models: Vec<RawModel>) -> anyhow::Result<Catalogue> {
        let models = models.into_iter().map(RawModel::draft).collect::<anyhow::Result<_>>().context("[[models]]")?;
        let rules =
            RulesDraft { unknown: self.unknown, builtin: self.builtin, lead_model: self.lead_model.clone(), models };
        let catalogue = Catalogue::builtin()?.with_rules(rules).context("[[models]]")?;
        if self.lead_model.as_deref().is_some_and(|lead| !catalogue.listed().any(|listed| listed.id == lead)) {
            anyhow::bail!("[catalogue] `lead_model` names no model that is offered");
        }
        Ok(catalogue)
    }
}

impl RawModel {
    fn draft(self) -> anyhow::Result<RuleDraft> {
        let prices = standard_prices(self.prices).with_context(|| format!("model `{}`: `prices`", self.id))?;
        Ok(RuleDraft {
            id: self.id,
            alias_of: self.alias_of,
            provider: self.provider,
            prices,
            context_tokens: self.context_tokens,
            output_tokens: self.output_tokens,
            patterns: self.patterns,
            availability: self.gate,
            feature: self.feature,
            gate_message: self.gate_message,
        })
    }
}
