//! `[server]`: addresses.

use std::fmt::Display;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use anyhow::{Context, anyhow, bail};
use ipnet::IpNet;
use ownkey_gateway::cors::{Cors, Origin};
use serde::Deserialize;

use super::text::list;
use super::tls::Tls;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawServer {
    listen: String,
    public_url: Option<String>,
    #[serde(deserialize_with = "list")]
    trusted_proxies: Vec<String>,
    tls_cert: Option<PathBuf>,
    tls_key: Option<PathBuf>,
    #[serde(deserialize_with = "list")]
    cors_origins: Vec<String>,
    admin_listen: Option<String>,
}

impl Default for RawServer {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8080".to_owned(),
            public_url: None,
            trusted_proxies: Vec::new(),
            tls_cert: None,
            tls_key: None,
            cors_origins: Vec::new(),
            admin_listen: None,
        }
    }
}

/// Where the server listens, and to whom.
#[derive(Debug)]
pub struct Server {
    /// The public listener.
    pub listen: SocketAddr,
    /// Its certificate; plain HTTP if absent.
    pub tls: Option<Tls>,
    /// Proxies, whose connections are those of many callers.
    pub trusted_proxies: Vec<IpNet>,
    /// Web pages that may call models.
    pub cors: Cors,
    /// Where browsers reach it, if that is not where it listens.
    pub public_url: Option<ownkey_vault::Origin>,
    /// A listener for `/metrics` and health, without auth.
    pub admin_listen: Option<SocketAddr>,
}

impl Server {
    /// What browsers call it, as it listens at that address.
    pub fn site(&self, listening: SocketAddr) -> anyhow::Result<ownkey_control::Site> {
        let mut at = listening;
        if at.ip().is_unspecified() {
            at.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
        }
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let listening = ownkey_vault::Origin::of_url(&format!("{scheme}://{at}"))?;
        Ok(ownkey_control::Site::new(self.public_url.clone(), &listening))
    }
}

impl RawServer {
    pub fn check(self) -> anyhow::Result<Server> {
        let listen: SocketAddr = self.listen.parse().context("`listen` must be an address such as 127.0.0.1:8080")?;
        let tls = Tls::check(self.tls_cert, self.tls_key)?;
        let proxied = self.public_url.is_some() && !self.trusted_proxies.is_empty();
        if !listen.ip().is_loopback() && tls.is_none() && !proxied {
            bail!(
                "`listen` is open to the network, so keys would travel unencrypted: set `tls_cert` and `tls_key`, or \
                 put a TLS proxy in front and set `public_url` and `trusted_proxies`, or listen on a loopback address"
            );
        }
        let public_url = self.public_url.as_deref().map(public_url).transpose()?;
        let trusted_proxies = each("trusted_proxies", &self.trusted_proxies, network)?;
        let cors = Cors::new(each("cors_origins", &self.cors_origins, |text| text.parse::<Origin>())?);
        let admin_listen =
            self.admin_listen.map(|text| text.parse()).transpose().context("`admin_listen` must be an address")?;
        Ok(Server { listen, tls, trusted_proxies, cors, public_url, admin_listen })
    }
}

/// Every item of a list, read. An error names the item by its place: what is written there may be a key that was
/// pasted into the wrong field.
fn each<T, E: Display>(field: &str, items: &[String], read: impl Fn(&str) -> Result<T, E>) -> anyhow::Result<Vec<T>> {
    let numbered = items.iter().zip(1_u32..);
    numbered.map(|(item, n)| read(item).map_err(|why| anyhow!("item {n} of `{field}` {why}"))).collect()
}

/// A network, or a single address.
fn network(text: &str) -> Result<IpNet, &'static str> {
    let address = || text.parse::<IpAddr>().map(|address| IpNet::from(address.to_canonical()));
    let network: Result<IpNet, _> = text.parse().or_else(|_| address());
    match network.map_err(|_| "is neither an address nor a network such as 10.0.0.0/8")? {
        all if all.prefix_len() == 0 => Err("is every address there is: name those of the proxies"),
        network => Ok(network),
    }
}

fn public_url(url: &str) -> anyhow::Result<ownkey_vault::Origin> {
    let origin = ownkey_vault::Origin::of_url(url).context("`public_url` must be an http or https URL")?;
    let path = url.splitn(4, '/').nth(3).unwrap_or_default();
    if !path.is_empty() {
        bail!("`public_url` must have no path, such as {}://{}", origin.scheme().as_str(), origin.host());
    }
    Ok(origin)
}
