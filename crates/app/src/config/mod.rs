//! Configuration: a file per section. Raw text becomes a checked value here, once.

mod anchor;
mod catalogue;
pub mod connections;
mod credits;
mod dashboard;
mod database;
mod environment;
mod gateway;
mod limits;
mod operator;
mod plans;
mod private;
pub mod providers;
pub mod retention;
mod server;
pub mod services;
mod text;
mod tls;
mod vault;
pub mod webhooks;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::Context;
use config::{Environment, File, FileFormat};
use serde::Deserialize;

pub use self::environment::ours as our_variables;
pub use self::text::Hidden;
pub use self::tls::Tls;

/// The file that `serve` reads when it is told of none.
pub const DEFAULT_FILE: &str = "ownkey.toml";

/// The configuration, checked.
#[derive(Debug)]
pub struct Settings {
    /// The file it was read from; absent if there was none.
    pub file: Option<PathBuf>,
    /// Addresses.
    pub server: server::Server,
    /// The store.
    pub database: database::Database,
    /// Where the key-encryption keys are.
    pub vault: vault::Vault,
    /// What people see.
    pub dashboard: dashboard::Dashboard,
    /// The operator's tokens.
    pub operator: operator::Operator,
    /// The providers.
    pub providers: providers::Providers,
    /// Bounds and time-outs.
    pub limits: ownkey_gateway::limits::Limits,
    /// Whether streams of own-key calls are asked for usage.
    pub ask_usage: bool,
    /// How long what is written down is kept.
    pub retention: retention::Retention,
    /// Variables that look as if they were for us and do nothing.
    pub without_effect: Vec<String>,
    /// The product's own rules.
    pub rules: Rules,
    /// Paths that managed access always pays for.
    pub managed_paths: Vec<String>,
    /// What becomes of calls at paths that are not listed.
    pub unlisted: ownkey_gateway::target::Unlisted,
    /// What the product does for its workspaces besides calls of models.
    pub services: services::Services,
    /// Accounts elsewhere that workspaces can connect.
    pub connections: connections::Connections,
    /// Where workspaces may be told of what happens.
    pub webhooks: webhooks::Webhooks,
}

/// The product's own rules: plans, models, money.
#[derive(Debug)]
pub struct Rules {
    /// Plans by id.
    pub plans: plans::Plans,
    /// The models and what is offered of them.
    pub catalogue: std::sync::Arc<ownkey_domain::catalogue::Catalogue>,
    /// What a credit is worth, if any plan needs to know.
    pub credits: Option<ownkey_domain::money::CreditRate>,
    /// What managed calls may carry beyond the providers' lists.
    pub managed: std::sync::Arc<ownkey_providers::managed::Extensions>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Raw {
    server: server::RawServer,
    database: database::RawDatabase,
    vault: vault::RawVault,
    dashboard: dashboard::RawDashboard,
    operator: operator::RawOperator,
    providers: providers::RawProviders,
    limits: limits::RawLimits,
    retention: retention::RawRetention,
    credits: credits::RawCredits,
    catalogue: catalogue::RawCatalogue,
    plans: plans::RawPlans,
    models: Vec<catalogue::RawModel>,
    gateway: gateway::RawGateway,
    managed: gateway::RawManaged,
    metering: gateway::RawMetering,
    routes: gateway::RawRoutes,
    services: Vec<services::RawService>,
    connections: connections::RawConnections,
    webhooks: webhooks::RawWebhooks,
}

impl Settings {
    /// The settings that differ and that a running server can't change.
    pub fn needs_restart(&self, other: &Self) -> Vec<&'static str> {
        let (limits, others) = (&self.limits, &other.limits);
        let differing = [
            ("server.listen", self.server.listen != other.server.listen),
            ("server.tls_cert", self.server.tls.is_some() != other.server.tls.is_some()),
            ("server.trusted_proxies", self.server.trusted_proxies != other.server.trusted_proxies),
            ("server.admin_listen", self.server.admin_listen != other.server.admin_listen),
            ("database.url", self.database.url != other.database.url),
            ("database.journal_dir", self.database.journal_dir != other.database.journal_dir),
            ("limits.bodies_mib", limits.bodies_bytes_max != others.bodies_bytes_max),
            ("limits.connections", limits.connections_max != others.connections_max),
            ("limits.connections_per_peer", limits.connections_per_peer_max != others.connections_per_peer_max),
            ("limits.connection_idle_s", limits.connection_idle != others.connection_idle),
            ("limits.workspaces_in_memory", limits.workspaces_in_memory != others.workspaces_in_memory),
            ("limits.header_read_s", limits.header_read != others.header_read),
            ("limits.drain_s", limits.drain != others.drain),
            ("retention", self.retention != other.retention),
        ];
        differing.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
    }
}

/// Reads the file (the default one may be absent) and the environment over it.
pub fn load(file: Option<&Path>, environment: HashMap<String, String>) -> anyhow::Result<Settings> {
    let path = file.map_or_else(|| PathBuf::from(DEFAULT_FILE), Path::to_path_buf);
    let mut builder = config::Config::builder();
    let named = |error| anyhow::anyhow!("{}: {}", path.display(), without_values(&error));
    let is_there = file.is_some() || path.exists();
    if is_there {
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        builder = builder.add_source(read(&text, &path)?.map_err(named)?);
    }
    let without_effect = environment::without_effect(environment.keys());
    let overrides = environment.into_iter().filter(|(name, _)| environment::overrides(name)).collect();
    let variables = Environment::with_prefix("OWNKEY").prefix_separator("_").separator("__").source(Some(overrides));
    let raw: Raw = builder.add_source(variables).build().and_then(config::Config::try_deserialize).map_err(named)?;
    let settings = raw.check(without_effect, path.parent().unwrap_or(Path::new("")));
    let settings = settings.with_context(|| {
        format!("the configuration ({} and {}… variables) is not valid", path.display(), environment::PREFIX)
    })?;
    let file = is_there.then(|| std::path::absolute(&path).unwrap_or(path));
    Ok(Settings { file, ..settings })
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
    fn check(self, without_effect: Vec<String>, folder: &Path) -> anyhow::Result<Settings> {
        let server = self.server.check().context("section [server]")?;
        let managed_paths = self.routes.check()?;
        let providers = self.providers.check().context("section [providers]")?;
        let services = services::check(self.services, &services::Surroundings { providers: &providers, folder })?;
        Ok(Settings {
            file: None,
            server,
            database: self.database.check().context("section [database]")?,
            vault: self.vault.check().context("section [vault]")?,
            dashboard: self.dashboard.check().context("section [dashboard]")?,
            operator: self.operator.check().context("section [operator]")?,
            providers,
            services,
            connections: self.connections.check(folder).context("section [connections]")?,
            webhooks: self.webhooks.check().context("section [webhooks]")?,
            limits: self.limits.check().context("section [limits]")?,
            ask_usage: self.metering.ask_usage,
            retention: self.retention.check().context("section [retention]")?,
            without_effect,
            managed_paths,
            unlisted: self.gateway.check(),
            rules: Rules::check(self.credits, self.plans, self.catalogue, self.models, self.managed)?,
        })
    }
}

impl Rules {
    fn check(
        credits: credits::RawCredits,
        plans: plans::RawPlans,
        catalogue: catalogue::RawCatalogue,
        models: Vec<catalogue::RawModel>,
        managed: gateway::RawManaged,
    ) -> anyhow::Result<Self> {
        let credits = credits.check().context("section [credits]")?;
        let plans = plans.check()?;
        let needing = plans.values().find(|plan| plan.draws_on_credits() || plan.allowance_credits.is_some());
        if let (None, Some(plan)) = (&credits, needing) {
            anyhow::bail!("[credits] `usd_per_credit` is missing: [plans.{}] counts credits", plan.id);
        }
        let catalogue = std::sync::Arc::new(catalogue.check(models)?);
        Ok(Self { plans, catalogue, credits, managed: managed.check().into() })
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
        ConfigError::NotFound(key) => format!("`{key}` is missing"),
        ConfigError::FileParse { .. } => "is not valid TOML".to_owned(),
        ConfigError::Message(message) if message.starts_with("unknown field") => unknown_field(message),
        ConfigError::Message(message)
            if message.starts_with("missing field") || [text::WHOLE, text::TOO_LARGE].contains(&message.as_str()) =>
        {
            message.clone()
        }
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
