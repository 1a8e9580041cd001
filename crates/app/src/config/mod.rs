//! Configuration: a file per section. Raw text becomes a checked value here, once.

mod database;
mod limits;
mod operator;
pub mod providers;
mod server;
mod text;
mod vault;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::Context;
use config::{Environment, File, FileFormat};
use serde::Deserialize;

pub use self::text::Hidden;

/// The file that `serve` reads when it is told of none.
pub const DEFAULT_FILE: &str = "ownkey.toml";
/// Prefix of the variables that override the file.
const ENV_PREFIX: &str = "OWNKEY_";

/// The configuration, checked.
#[derive(Debug)]
pub struct Settings {
    /// Addresses.
    pub server: server::Server,
    /// The store.
    pub database: database::Database,
    /// Where the key-encryption keys are.
    pub vault: vault::Vault,
    /// The operator's tokens.
    pub operator: operator::Operator,
    /// The providers.
    pub providers: providers::Providers,
    /// Bounds and time-outs.
    pub limits: ownkey_gateway::limits::Limits,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Raw {
    server: server::RawServer,
    database: database::RawDatabase,
    vault: vault::RawVault,
    operator: operator::RawOperator,
    providers: providers::RawProviders,
    limits: limits::RawLimits,
}

impl Settings {
    /// The settings that differ and that a running server can't change.
    pub fn needs_restart(&self, other: &Self) -> Vec<&'static str> {
        let (limits, others) = (&self.limits, &other.limits);
        let differing = [
            ("server.listen", self.server.listen != other.server.listen),
            ("server.admin_listen", self.server.admin_listen != other.server.admin_listen),
            ("database.url", self.database.url != other.database.url),
            ("database.journal_dir", self.database.journal_dir != other.database.journal_dir),
            ("limits.connections", limits.connections_max != others.connections_max),
            ("limits.header_read_s", limits.header_read != others.header_read),
            ("limits.drain_s", limits.drain != others.drain),
        ];
        differing.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
    }
}

/// Reads the file (the default one may be absent) and the environment over it.
pub fn load(file: Option<&Path>, environment: HashMap<String, String>) -> anyhow::Result<Settings> {
    let path = file.map_or_else(|| PathBuf::from(DEFAULT_FILE), Path::to_path_buf);
    let mut builder = config::Config::builder();
    if file.is_some() || path.exists() {
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        builder = builder.add_source(File::from_str(&text, FileFormat::Toml));
    }
    let overrides = environment
        .into_iter()
        .filter(|(name, _)| name.strip_prefix(ENV_PREFIX).is_some_and(|rest| rest.contains("__")))
        .collect();
    let variables = Environment::with_prefix("OWNKEY").prefix_separator("_").separator("__").source(Some(overrides));
    let merged = builder.add_source(variables).build();
    let merged = merged.map_err(|error| anyhow::anyhow!("{}: {}", path.display(), without_values(&error)))?;
    let raw: Raw =
        merged.try_deserialize().map_err(|error| anyhow::anyhow!("{}: {}", path.display(), without_values(&error)))?;
    raw.check()
        .with_context(|| format!("the configuration ({} and {ENV_PREFIX}… variables) is not valid", path.display()))
}

impl Raw {
    fn check(self) -> anyhow::Result<Settings> {
        let server = self.server.check().context("section [server]")?;
        Ok(Settings {
            server,
            database: self.database.check().context("section [database]")?,
            vault: self.vault.check().context("section [vault]")?,
            operator: self.operator.check().context("section [operator]")?,
            providers: self.providers.check().context("section [providers]")?,
            limits: self.limits.check().context("section [limits]")?,
        })
    }
}

/// The error without what was written: a key pasted into the wrong field must not end up in a log.
fn without_values(error: &config::ConfigError) -> String {
    use config::ConfigError;
    match error {
        ConfigError::Type { key, expected, .. } => {
            format!("`{}` must be {expected}", key.as_deref().unwrap_or("a value"))
        }
        ConfigError::At { error, key, .. } => {
            format!("{}: {}", key.as_deref().unwrap_or("a value"), without_values(error))
        }
        ConfigError::FileParse { .. } => "is not valid TOML".to_owned(),
        ConfigError::Message(message) if message.starts_with("unknown field") => message.clone(),
        ConfigError::Message(message) if message.starts_with("missing field") => message.clone(),
        _ => "a value has the wrong form".to_owned(),
    }
}

#[cfg(test)]
mod tests;
