//! `[[services]]`: what the product does for its workspaces besides calls of models, and what that costs.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use http::HeaderName;
use ownkey_domain::money::CreditPrice;
use ownkey_domain::provider::Provider;
use ownkey_domain::service::{COST_MAX, Service, ServiceUnit};
use ownkey_gateway::services::{Credential, Metered, Reach};
use ownkey_gateway::upstream::BaseUrl;
use ownkey_providers::facts;
use ownkey_providers::metered::{Lasting, Measure};
use ownkey_vault::{Origin, ProviderKey, Scheme, Secret};
use serde::Deserialize;

use super::Hidden;
use super::private;
use super::providers::Providers;

const NAME_BYTES_MAX: usize = 64;
/// Longest name of a member that a service is measured by.
const MEMBER_BYTES_MAX: usize = 64;
const ITEMS_MAX: u64 = 1_000_000;
const ITEMS_DEFAULT: u64 = 100;
/// A day.
const SECONDS_MAX: u64 = 86_400;
const TIMEOUT_S_DEFAULT: u64 = 60;
const TIMEOUT_S_MAX: u64 = 3_600;
const BODY_MIB_MAX: usize = 1_024;
/// Headers that are not a service's credential, whatever the configuration says.
const NO_CREDENTIALS: [&str; 7] =
    ["host", "content-length", "content-type", "transfer-encoding", "connection", "accept-encoding", "te"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawService {
    name: String,
    upstream: Option<String>,
    credential: Option<Hidden>,
    header: Option<String>,
    unit: Option<String>,
    credits: Option<String>,
    #[serde(default, deserialize_with = "super::text::whole")]
    timeout_s: Option<u64>,
    #[serde(default, deserialize_with = "super::text::whole")]
    body_mib: Option<usize>,
    input: Option<String>,
    items: Option<String>,
    #[serde(default, deserialize_with = "super::text::whole")]
    max_items: Option<u64>,
    #[serde(default, deserialize_with = "super::text::whole")]
    longest_seconds: Option<u64>,
    sound: Option<bool>,
    #[serde(default)]
    allow_plain_http: bool,
}

/// The services by name.
pub type Services = Arc<BTreeMap<String, Metered>>;

/// What a service's settings refer to.
pub struct Surroundings<'a> {
    /// The operator's own keys.
    pub providers: &'a Providers,
    /// Where paths of the file start.
    pub folder: &'a Path,
}

/// Checks all services.
pub fn check(raw: Vec<RawService>, around: &Surroundings<'_>) -> anyhow::Result<Services> {
    let mut services = BTreeMap::new();
    for raw in raw {
        if !is_word(&raw.name, NAME_BYTES_MAX) {
            bail!("[[services]] `name` must be a word of lower-case letters, digits, `-` and `_`");
        }
        let name = raw.name.clone();
        let service = raw.check(around).with_context(|| format!("[[services]] {name}"))?;
        if services.insert(name.clone(), service).is_some() {
            bail!("[[services]] {name} is there twice");
        }
    }
    Ok(Arc::new(services))
}

/// The services that can't be called because the operator's credential is not there.
pub fn without_credential(services: &Services) -> impl Iterator<Item = &str> {
    let lacks = |service: &&Metered| service.reach.as_ref().is_some_and(|reach| reach.credential.is_none());
    services.values().filter(lacks).map(|service| service.service.name.as_str())
}

impl RawService {
    fn check(self, around: &Surroundings<'_>) -> anyhow::Result<Metered> {
        let unit = self.unit()?;
        let measure = self.measure(unit)?;
        let credits = self.credits.as_deref().context("`credits` is missing: the price of each, such as \"0.0001\"")?;
        let form = "`credits` must be a decimal text that is not below 0, such as \"0.0001\"";
        let credits = CreditPrice::parse(credits).context(form)?;
        let reach = self.reach(around)?;
        let items_max = self.max_items;
        let service = Service { name: self.name, unit, credits, items_max, is_served: reach.is_some() };
        if service.cost(measure.declared()).is_none() {
            bail!(
                "`credits` is too much: a call could cost more than {COST_MAX} credits, the most of any, so none would be served"
            );
        }
        Ok(Metered { service, measure, reach })
    }

    fn unit(&self) -> anyhow::Result<ServiceUnit> {
        let units = ServiceUnit::ALL.map(ServiceUnit::as_str).join(", ");
        let unit = self.unit.as_deref().with_context(|| format!("`unit` is missing; there are {units}"))?;
        let found = ServiceUnit::ALL.into_iter().find(|known| known.as_str() == unit);
        found.with_context(|| format!("`unit` is none of {units}"))
    }

    fn measure(&self, unit: ServiceUnit) -> anyhow::Result<Measure> {
        if self.input.is_some() && unit != ServiceUnit::Character {
            bail!("`input` is for `unit = \"character\"` only");
        }
        if (self.items.is_some() || self.max_items.is_some()) && unit != ServiceUnit::Item {
            bail!("`items` and `max_items` are for `unit = \"item\"` only");
        }
        if (self.longest_seconds.is_some() || self.sound.is_some()) && unit != ServiceUnit::Second {
            bail!("`longest_seconds` and `sound` are for `unit = \"second\"` only");
        }
        for (field, member) in [("input", &self.input), ("items", &self.items)] {
            let is_name = |name: &String| (1..=MEMBER_BYTES_MAX).contains(&name.len()) && !name.contains(['"', '\\']);
            if !member.as_ref().is_none_or(is_name) {
                bail!("`{field}` must be the name of a member");
            }
        }
        Ok(match unit {
            ServiceUnit::Call => Measure::Calls,
            ServiceUnit::Token => Measure::Tokens,
            ServiceUnit::Character => Measure::Characters(self.input.clone().unwrap_or_else(|| "input".to_owned())),
            ServiceUnit::Second => Measure::Seconds(self.lasting()?),
            ServiceUnit::Item => {
                let most = self.max_items.unwrap_or(ITEMS_DEFAULT);
                if !(1..=ITEMS_MAX).contains(&most) {
                    bail!("`max_items` must be from 1 to {ITEMS_MAX}");
                }
                Measure::Items { list: self.items.clone(), most }
            }
        })
    }

    /// What is set aside for a call by the second: no request but one that is sound tells how long it lasts.
    fn lasting(&self) -> anyhow::Result<Lasting> {
        match (self.longest_seconds, self.sound.unwrap_or(false)) {
            (None, true) => Ok(Lasting::TheSoundSent),
            (Some(seconds @ 1..=SECONDS_MAX), false) => Ok(Lasting::AtMost(seconds)),
            (Some(_), false) => bail!("`longest_seconds` must be from 1 to {SECONDS_MAX}"),
            (Some(_), true) => bail!(
                "`longest_seconds` and `sound` exclude each other: set the former to the most that a call can last, or the \
                 latter if each sends the sound that it is charged for"
            ),
            (None, false) => Ok(Lasting::Undeclared),
        }
    }

    fn reach(&self, around: &Surroundings<'_>) -> anyhow::Result<Option<Reach>> {
        let Some(upstream) = &self.upstream else {
            let others = [
                self.credential.is_some(),
                self.header.is_some(),
                self.timeout_s.is_some(),
                self.body_mib.is_some(),
                self.longest_seconds.is_some(),
                self.sound.is_some(),
            ];
            if others.contains(&true) {
                bail!("`upstream` is missing; without it the service is only booked, by `service-usage`");
            }
            return Ok(None);
        };
        let base = base(upstream, self.allow_plain_http)?;
        let timeout_s = self.timeout_s.unwrap_or(TIMEOUT_S_DEFAULT);
        if !(1..=TIMEOUT_S_MAX).contains(&timeout_s) {
            bail!("`timeout_s` must be from 1 to {TIMEOUT_S_MAX}");
        }
        if self.body_mib.is_some_and(|mib| !(1..=BODY_MIB_MAX).contains(&mib)) {
            bail!("`body_mib` must be from 1 to {BODY_MIB_MAX}");
        }
        let credential = self.credential(around)?;
        let timeout = Duration::from_secs(timeout_s);
        Ok(Some(Reach { base, credential, timeout, body_bytes_max: self.body_mib.map(|mib| mib << 20) }))
    }

    /// The operator's credential; `None` if what it refers to is not set.
    fn credential(&self, around: &Surroundings<'_>) -> anyhow::Result<Option<Credential>> {
        const FORMS: &str = "`managed:PROVIDER`, `env:NAME` or `file:PATH`";
        let source = self.credential.as_ref().map(Hidden::expose).unwrap_or_default();
        let (kind, rest) = match source.split_once(':') {
            Some((kind, rest)) if !rest.is_empty() => (kind, rest),
            _ if source.is_empty() => bail!("`credential` is missing: {FORMS}"),
            _ => bail!("`credential` must be {FORMS}, and never the secret itself"),
        };
        if kind == "managed" {
            if self.header.is_some() {
                bail!("`header` is not for `managed:`: the provider says where its key goes");
            }
            return managed(rest, around.providers);
        }
        let secret = match kind {
            "env" => std::env::var(rest).ok().filter(|secret| !secret.trim().is_empty()).map(Secret::from),
            "file" => Some(from_file(&around.folder.join(rest))?),
            _ => bail!("`credential` must be {FORMS}, and never the secret itself"),
        };
        let (header, prefix) = header(self.header.as_deref().unwrap_or("authorization: Bearer"))?;
        let Some(secret) = secret else { return Ok(None) };
        let secret = Secret::new(secret.expose().trim_ascii().to_vec());
        let secret = ProviderKey::new(secret).context("the credential has characters that no header can carry")?;
        Ok(Some(Credential { header, prefix, secret: Arc::new(secret) }))
    }
}

fn base(upstream: &str, allow_plain_http: bool) -> anyhow::Result<BaseUrl> {
    let origin = Origin::of_url(upstream).context("`upstream` must be a URL")?;
    if origin.scheme() == Scheme::Http && !origin.is_loopback() && !allow_plain_http {
        bail!("`upstream` must be https: the credential would travel unencrypted (or set `allow_plain_http = true`)");
    }
    BaseUrl::parse(upstream).context("`upstream` is not usable")
}

/// The operator's own key at a provider.
fn managed(provider: &str, providers: &Providers) -> anyhow::Result<Option<Credential>> {
    let unknown =
        || format!("`managed:` names no provider; there are {}", Provider::ALL.map(Provider::as_str).join(", "));
    let provider: Provider = provider.parse().ok().with_context(unknown)?;
    let known = facts(provider);
    Ok(providers.of(provider).managed_key.as_ref().map(|key| Credential {
        header: known.credential_header.clone(),
        prefix: known.credential_prefix.to_owned(),
        secret: Arc::clone(&key.0),
    }))
}

fn from_file(path: &Path) -> anyhow::Result<Secret> {
    Ok(Secret::new(private::read(path, "credential")?.to_vec()))
}

/// `name`, or `name: what stands before the secret`.
fn header(text: &str) -> anyhow::Result<(HeaderName, String)> {
    let (name, prefix) = text.split_once(':').unwrap_or((text, ""));
    let (name, prefix) = (name.trim(), prefix.trim());
    let name: HeaderName = name.parse().ok().context("`header` must be the name of a header, such as \"x-api-key\"")?;
    if NO_CREDENTIALS.contains(&name.as_str()) || name.as_str().starts_with("x-ownkey-") {
        bail!("`header` must be one that a credential goes into");
    }
    if !prefix.bytes().all(|b| b.is_ascii_graphic()) || prefix.len() > NAME_BYTES_MAX {
        bail!("`header` must be \"name\" or \"name: word\", such as \"authorization: Bearer\"");
    }
    let space = if prefix.is_empty() { "" } else { " " };
    Ok((name, format!("{prefix}{space}")))
}

fn is_word(text: &str, longest: usize) -> bool {
    let fine = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_');
    (1..=longest).contains(&text.len()) && text.bytes().all(fine)
}
