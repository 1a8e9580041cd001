//! Configuration: a file per section. Raw text becomes a checked value here, once.

mod anchor;
mod database;
mod environment;
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

pub use self::environment::ours as our_variables;
pub use self::text::Hidden;

/// The file that `serve` reads when it is told of none.
pub const DEFAULT_FILE: &str = "ownkey.toml";

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
    /// Variables that look as if they were for us and do nothing.
    pub without_effect: Vec<String>,
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

/// Reads the file (the default one may be absent) and the environment over it.
pub fn load(file: Option<&Path>, environment: HashMap<String, String>) -> anyhow::Result<Settings> {
    let path = file.map_or_else(|| PathBuf::from(DEFAULT_FILE), Path::to_path_buf);
    let mut builder = config::Config::builder();
    let named = |error| anyhow::anyhow!("{}: {}", path.display(), without_values(&error));
    if file.is_some() || path.exists() {
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        builder = builder.add_source(read(&text, &path)?.map_err(named)?);
    }
    let without_effect = environment::without_effect(environment.keys());
    let overrides = environment.into_iter().filter(|(name, _)| environment::overrides(name)).collect();
    let variables = Environment::with_prefix("OWNKEY").prefix_separator("_").separator("__").source(Some(overrides));
    let raw: Raw = builder.add_source(variables).build().and_then(config::Config::try_deserialize).map_err(named)?;
    let settings = raw.check(without_effect);
    settings.with_context(|| {
        format!("the configuration ({} and {}… variables) is not valid", path.display(), environment::PREFIX)
    })
}

/// The file's own values, with its paths and those of the defaults made to start at its folder.
fn read(text: &str, path: &Path) -> anyhow::Result<Result<config::Config, config::ConfigError>> {
    let file = config::Config::builder()
        .set_default("database.url", database::URL)
        .and_then(|defaults| defaults.add_source(File::from_str(text, FileFormat::Toml)).build());
    let file = match file {
        Ok(file) => file,
        Err(error) => return Ok(Err(error)),
    };
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut anchored = config::Config::builder();
    for (name, path) in anchor::anchored(&file, folder)? {
        anchored = anchored.set_override(name, path)?;
    }
    Ok(anchored.add_source(file).build())
}

impl Raw {
    fn check(self, without_effect: Vec<String>) -> anyhow::Result<Settings> {
        let server = self.server.check().context("section [server]")?;
        Ok(Settings {
            server,
            database: self.database.check().context("section [database]")?,
            vault: self.vault.check().context("section [vault]")?,
            operator: self.operator.check().context("section [operator]")?,
            providers: self.providers.check().context("section [providers]")?,
            limits: self.limits.check().context("section [limits]")?,
            without_effect,
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
        ConfigError::Message(message) if message.starts_with("unknown field") => unknown_field(message),
        ConfigError::Message(message) if message.starts_with("missing field") => message.clone(),
        _ => "a value has the wrong form".to_owned(),
    }
}

/// The message, without the field's name if that looks like anything but a name.
fn unknown_field(message: &str) -> String {
    let name = message.split('`').nth(1).unwrap_or_default();
    let is_name = name.len() <= 40 && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if is_name { message.to_owned() } else { "there is a field that does not exist".to_owned() }
}

#[cfg(test)]
mod tests;
