//! `[connections]`: providers whose accounts workspaces can connect, and when tokens are refreshed.

mod presets;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use ownkey_connections::{ClientAuthentication, Endpoints, Place, Provider};
use ownkey_domain::connection::RefreshTimes;
use ownkey_gateway::upstream::BaseUrl;
use ownkey_vault::{Origin, Scheme, Secret};
use serde::Deserialize;

use self::presets::Preset;
use super::Hidden;
use super::private;
use super::text::list;

const NAME_BYTES_MAX: usize = 64;
const TEXT_BYTES_MAX: usize = 2_048;
const SCOPES_MAX: usize = 100;
const FINAL_ERRORS_MAX: usize = 20;
/// A day: longer than any access token that is worth refreshing may wait.
const SECONDS_MAX: u32 = 86_400;
const TIMEOUT_S_MAX: u32 = 60;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawConnections {
    #[serde(deserialize_with = "super::text::number")]
    poll_s: u32,
    #[serde(deserialize_with = "super::text::number")]
    margin_s: u32,
    #[serde(deserialize_with = "super::text::number")]
    timeout_s: u32,
    providers: BTreeMap<String, RawProvider>,
}

impl Default for RawConnections {
    fn default() -> Self {
        Self { poll_s: 300, margin_s: 60, timeout_s: 10, providers: BTreeMap::new() }
    }
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct RawProvider {
    preset: Option<String>,
    title: Option<String>,
    issuer: Option<String>,
    authorize_url: Option<String>,
    token_url: Option<String>,
    revoke_url: Option<String>,
    client_id: Option<String>,
    client_secret: Option<Hidden>,
    client_auth: Option<String>,
    #[serde(deserialize_with = "list")]
    scopes: Vec<String>,
    #[serde(deserialize_with = "list")]
    hosts: Vec<String>,
    authorize_params: BTreeMap<String, String>,
    revocation_ends_all: Option<bool>,
    #[serde(deserialize_with = "list")]
    final_errors: Vec<String>,
    allow_plain_http: bool,
}

/// Where tokens of a provider may go: base URLs by what stands for them in a path.
pub type Hosts = BTreeMap<String, BaseUrl>;

/// The connections as configured.
#[derive(Debug)]
pub struct Connections {
    /// When tokens are refreshed.
    pub times: RefreshTimes,
    /// How long a provider may take to answer.
    pub timeout: Duration,
    /// The providers by name.
    pub providers: BTreeMap<String, Provider>,
    /// Where their tokens may go, by provider.
    pub hosts: Arc<BTreeMap<String, Hosts>>,
}

impl RawConnections {
    /// `folder` is where paths of the file start.
    pub fn check(self, folder: &Path) -> anyhow::Result<Connections> {
        for (name, seconds, most) in [
            ("poll_s", self.poll_s, SECONDS_MAX),
            ("margin_s", self.margin_s, SECONDS_MAX),
            ("timeout_s", self.timeout_s, TIMEOUT_S_MAX),
        ] {
            if !(1..=most).contains(&seconds) {
                bail!("`{name}` must be from 1 to {most}");
            }
        }
        let millis = |seconds: u32| i64::from(seconds) * 1_000;
        let times = RefreshTimes { poll_ms: millis(self.poll_s), margin_ms: millis(self.margin_s) };
        let (mut providers, mut hosts) = (BTreeMap::new(), BTreeMap::new());
        for (name, raw) in self.providers {
            if !is_word(&name) {
                bail!("a provider's name must be a word of lower-case letters, digits, `-` and `_`");
            }
            let within = || format!("[connections.providers.{name}]");
            let (provider, reached) = raw.check(&name, folder).with_context(within)?;
            providers.insert(name.clone(), provider);
            hosts.insert(name, reached);
        }
        let timeout = Duration::from_secs(self.timeout_s.into());
        Ok(Connections { times, timeout, providers, hosts: Arc::new(hosts) })
    }
}

impl RawProvider {
    fn check(self, name: &str, folder: &Path) -> anyhow::Result<(Provider, Hosts)> {
        let preset = match &self.preset {
            Some(wanted) => {
                Some(presets::named(wanted).with_context(|| format!("`preset` is none of {}", presets::NAMES))?)
            }
            None => None,
        };
        let place = self.place(preset)?;
        let client_id =
            self.client_id.clone().filter(|id| is_text(id)).context("`client_id` is missing, or no text")?;
        let title = self.title.clone().or_else(|| preset.map(|preset| preset.title.to_owned()));
        let mut provider = Provider::new(title.unwrap_or_else(|| name.to_owned()), place, client_id);
        provider.client_secret = self.secret(folder)?;
        provider.authentication = self.authentication(preset)?;
        if self.scopes.len() > SCOPES_MAX || !self.scopes.iter().all(|scope| is_text(scope)) {
            bail!("`scopes` must be up to {SCOPES_MAX} words");
        }
        if self.final_errors.len() > FINAL_ERRORS_MAX || !self.final_errors.iter().all(|error| is_text(error)) {
            bail!("`final_errors` must be up to {FINAL_ERRORS_MAX} words");
        }
        provider.scopes.clone_from(&self.scopes);
        let preset_parameters = preset.map_or(&[][..], |preset| preset.authorize_parameters);
        let mut parameters: BTreeMap<String, String> =
            preset_parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        parameters.extend(self.authorize_params.clone());
        let reserved =
            ["client_id", "redirect_uri", "response_type", "state", "scope", "code_challenge", "code_challenge_method"];
        if parameters.keys().any(|name| reserved.contains(&name.as_str())) {
            bail!("`authorize_params` must not name what the standard sets: {}", reserved.join(", "));
        }
        provider.authorize_parameters = parameters.into_iter().collect();
        let of_preset = preset.is_some_and(|preset| preset.revocation_ends_all);
        provider.revocation_ends_all = self.revocation_ends_all.unwrap_or(of_preset);
        provider.allow_plain_http = self.allow_plain_http;
        if let Some(preset) = preset {
            provider.scope_separator = preset.scope_separator;
            provider.final_errors = preset.final_errors.iter().map(|error| (*error).to_owned()).collect();
        }
        provider.final_errors.extend(self.final_errors.iter().cloned());
        Ok((provider, self.hosts(preset)?))
    }

    fn place(&self, preset: Option<&Preset>) -> anyhow::Result<Place> {
        let url = |field: &str, url: &str| {
            self.secure(url).with_context(|| format!("`{field}` is not usable")).map(|_| url.to_owned())
        };
        if let Some(issuer) = &self.issuer {
            if preset.is_some() || self.authorize_url.is_some() || self.token_url.is_some() || self.revoke_url.is_some()
            {
                bail!("`issuer` says where everything is: leave out `preset` and the URLs");
            }
            return Ok(Place::Issuer(url("issuer", issuer)?));
        }
        let known = |own: &Option<String>, of_preset: fn(&Preset) -> Option<&'static str>| {
            own.clone().or_else(|| preset.and_then(of_preset).map(str::to_owned))
        };
        let missing = "`authorize_url` and `token_url` are missing; or set `issuer`, or a `preset`";
        let authorize = known(&self.authorize_url, |preset| Some(preset.authorize_url)).context(missing)?;
        let token = known(&self.token_url, |preset| Some(preset.token_url)).context(missing)?;
        let revoke = known(&self.revoke_url, |preset| preset.revoke_url);
        Ok(Place::Known(Endpoints {
            authorize: url("authorize_url", &authorize)?,
            token: url("token_url", &token)?,
            revoke: revoke.map(|revoke| url("revoke_url", &revoke)).transpose()?,
            says_who: false,
        }))
    }

    fn secure(&self, url: &str) -> anyhow::Result<Origin> {
        let origin = Origin::of_url(url)?;
        if origin.scheme() == Scheme::Http && !origin.is_loopback() && !self.allow_plain_http {
            bail!("it must be https: secrets would travel unencrypted (or set `allow_plain_http = true`)");
        }
        Ok(origin)
    }

    /// What Ownkey proves itself by; none for a public client.
    fn secret(&self, folder: &Path) -> anyhow::Result<Option<Arc<Secret>>> {
        const FORMS: &str = "`client_secret` must be `env:NAME` or `file:PATH`, and never the secret itself";
        let source = self.client_secret.as_ref().map(Hidden::expose).unwrap_or_default();
        if source.is_empty() {
            return Ok(None);
        }
        let bytes = match source.split_once(':') {
            Some(("env", name)) => {
                let unset = || format!("the variable {name} that `client_secret` names is not set");
                std::env::var(name).ok().with_context(unset)?.into_bytes()
            }
            Some(("file", path)) => private::read(&folder.join(path), "client secret")?.to_vec(),
            _ => bail!(FORMS),
        };
        let secret = Secret::new(bytes.trim_ascii().to_vec());
        if secret.expose().is_empty() || !secret.expose().iter().all(u8::is_ascii_graphic) {
            bail!("the client secret must be printable ASCII without spaces");
        }
        Ok(Some(Arc::new(secret)))
    }

    fn authentication(&self, preset: Option<&Preset>) -> anyhow::Result<ClientAuthentication> {
        match self.client_auth.as_deref() {
            None => Ok(preset.map_or(ClientAuthentication::Header, |preset| preset.authentication)),
            Some("header") => Ok(ClientAuthentication::Header),
            Some("body") => Ok(ClientAuthentication::Body),
            Some(_) => bail!("`client_auth` must be \"header\" or \"body\""),
        }
    }

    fn hosts(&self, preset: Option<&Preset>) -> anyhow::Result<Hosts> {
        let own = self.hosts.iter().map(String::as_str);
        let of_preset = preset.filter(|_| self.hosts.is_empty()).map_or(&[][..], |preset| preset.hosts);
        let mut hosts = Hosts::new();
        for text in own.chain(of_preset.iter().copied()) {
            let url = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
            let form = "an item of `hosts` must be a host such as \"www.example.com\", or a URL without a path";
            self.secure(&url).context(form)?;
            let base = BaseUrl::parse(&url).context(form)?;
            let shown = url.split_once("://").map_or(text, |(_, host)| host).trim_end_matches('/').to_ascii_lowercase();
            if shown.contains('/') {
                bail!(form);
            }
            hosts.insert(shown, base);
        }
        Ok(hosts)
    }
}

fn is_word(text: &str) -> bool {
    let fine = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_');
    (1..=NAME_BYTES_MAX).contains(&text.len()) && text.bytes().all(fine)
}

fn is_text(text: &str) -> bool {
    (1..=TEXT_BYTES_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}
