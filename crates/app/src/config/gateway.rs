//! `[gateway]`, `[managed]`, `[metering]` and `[routes."PATH"]`: what the data plane does beyond its defaults.

use std::collections::BTreeMap;

use anyhow::bail;
use ownkey_providers::managed::Extensions;
use serde::Deserialize;

use super::text::list;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct RawGateway {
    unlisted: Unlisted,
}

#[derive(Deserialize, Default, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Unlisted {
    #[default]
    Refuse,
    OwnKey,
}

impl RawGateway {
    pub fn check(&self) -> anyhow::Result<()> {
        if self.unlisted == Unlisted::OwnKey {
            bail!("`unlisted = \"own_key\"` is planned and not built yet");
        }
        Ok(())
    }
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct RawManaged {
    #[serde(deserialize_with = "list")]
    allow_betas: Vec<String>,
    #[serde(deserialize_with = "list")]
    allow_tools: Vec<String>,
}

impl RawManaged {
    pub fn check(self) -> Extensions {
        Extensions { betas: self.allow_betas, tools: self.allow_tools }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawMetering {
    /// Whether streams are asked for the usage that they would not tell.
    pub ask_usage: bool,
}

impl Default for RawMetering {
    fn default() -> Self {
        Self { ask_usage: true }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawRoute {
    payer: RoutePayer,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum RoutePayer {
    Decide,
    Managed,
}

#[derive(Deserialize, Default)]
#[serde(transparent)]
pub struct RawRoutes(BTreeMap<String, RawRoute>);

/// Paths below `/v1` whose payer can be fixed.
const PATHS: [&str; 5] = ["embeddings", "moderations", "audio/speech", "audio/transcriptions", "audio/translations"];

impl RawRoutes {
    pub fn check(&self) -> anyhow::Result<()> {
        for (path, route) in &self.0 {
            if !PATHS.contains(&path.as_str()) {
                bail!("[routes.\"{path}\"] is no path whose payer can be fixed; there are {}", PATHS.join(", "));
            }
            if route.payer == RoutePayer::Managed {
                bail!("[routes.\"{path}\"] `payer = \"managed\"` comes with the path, which is not built yet");
            }
        }
        Ok(())
    }
}
