//! `[gateway]`, `[managed]`, `[metering]` and `[routes."PATH"]`: what the data plane does beyond its defaults.

use std::collections::BTreeMap;

use anyhow::bail;
use ownkey_gateway::target::Unlisted;
use ownkey_providers::managed::Extensions;
use ownkey_providers::paths;
use ownkey_providers::route::Route;
use serde::Deserialize;

use super::text::list;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct RawGateway {
    unlisted: RawUnlisted,
}

#[derive(Deserialize, Default, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum RawUnlisted {
    #[default]
    Refuse,
    OwnKey,
}

impl RawGateway {
    pub fn check(&self) -> Unlisted {
        match self.unlisted {
            RawUnlisted::Refuse => Unlisted::Refuse,
            RawUnlisted::OwnKey => Unlisted::OwnKey,
        }
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
    /// The paths that managed access always pays for.
    pub fn check(&self) -> anyhow::Result<Vec<String>> {
        let mut managed = Vec::new();
        for (path, route) in &self.0 {
            if !PATHS.contains(&path.as_str()) {
                bail!("[routes.\"{path}\"] is no path whose payer can be fixed; there are {}", PATHS.join(", "));
            }
            let path = format!("/v1/{path}");
            if route.payer == RoutePayer::Managed {
                if !paths::post(&path).is_some_and(Route::can_be_managed) {
                    bail!(
                        "[routes] `payer = \"managed\"`: managed access can't serve {path}, its answers tell no usage"
                    );
                }
                managed.push(path);
            }
        }
        Ok(managed)
    }
}
