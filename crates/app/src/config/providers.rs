//! `[providers.NAME]`: where each provider is, and the operator's own key there.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, bail};
use ownkey_domain::provider::Provider;
use ownkey_vault::{Origin, ProviderKey, Scheme, Secret};
use serde::Deserialize;

use super::Hidden;
use super::text::list;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct RawProvider {
    base_url: Option<String>,
    managed_key: Hidden,
    #[serde(deserialize_with = "list")]
    origins: Vec<String>,
    allow_plain_http: bool,
}

#[derive(Deserialize, Default)]
#[serde(transparent)]
pub struct RawProviders(BTreeMap<String, RawProvider>);

/// A provider as configured.
#[derive(Debug)]
pub struct ProviderSettings {
    /// Its base URL as in the SDKs.
    pub base_url: String,
    /// Further base URLs that a key can be bound to.
    pub origins: Vec<String>,
    /// The operator's own key.
    pub managed_key: Option<ManagedKey>,
}

/// The operator's own key at a provider.
pub struct ManagedKey(pub Arc<ProviderKey>);

impl std::fmt::Debug for ManagedKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

impl ProviderSettings {
    /// The base URL, then the further ones.
    pub fn urls(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.base_url).chain(&self.origins).map(String::as_str)
    }
}

/// Every provider.
#[derive(Debug)]
pub struct Providers(BTreeMap<Provider, ProviderSettings>);

impl Providers {
    /// A provider's settings.
    #[expect(clippy::indexing_slicing, reason = "`check` fills in every provider")]
    pub fn of(&self, provider: Provider) -> &ProviderSettings {
        &self.0[&provider]
    }
}

impl RawProviders {
    pub fn check(mut self) -> anyhow::Result<Providers> {
        let mut checked = BTreeMap::new();
        for provider in Provider::ALL {
            let raw = self.0.remove(provider.as_str()).unwrap_or_default();
            checked.insert(provider, raw.check(provider).with_context(|| format!("provider {provider}"))?);
        }
        if let Some(unknown) = self.0.keys().next() {
            bail!("`{unknown}` is not a provider; there are {}", Provider::ALL.map(Provider::as_str).join(", "));
        }
        Ok(Providers(checked))
    }
}

impl RawProvider {
    fn check(self, provider: Provider) -> anyhow::Result<ProviderSettings> {
        let base_url = self.base_url.unwrap_or_else(|| ownkey_providers::facts(provider).base_url.to_owned());
        for url in std::iter::once(&base_url).chain(&self.origins) {
            check_url(url, self.allow_plain_http)?;
        }
        let managed_key = match self.managed_key.is_empty() {
            true => None,
            false => {
                let key = Secret::from(self.managed_key.expose().trim().to_owned());
                let key = ProviderKey::new(key).context("`managed_key` has characters that no key has")?;
                Some(ManagedKey(Arc::new(key)))
            }
        };
        Ok(ProviderSettings { base_url, origins: self.origins, managed_key })
    }
}

fn check_url(url: &str, allow_plain_http: bool) -> anyhow::Result<()> {
    let origin = Origin::of_url(url).context("`base_url` must be a URL")?;
    ownkey_gateway::upstream::BaseUrl::parse(url).context("`base_url` is not usable")?;
    if origin.scheme() == Scheme::Http && !origin.is_loopback() && !allow_plain_http {
        bail!("`base_url` must be https: keys would travel unencrypted (or set `allow_plain_http = true`)");
    }
    Ok(())
}
