//! `[server]`: addresses.

use std::net::SocketAddr;

use anyhow::{Context, bail};
use serde::Deserialize;

use super::text::list;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawServer {
    listen: String,
    public_url: Option<String>,
    #[serde(deserialize_with = "list")]
    trusted_proxies: Vec<String>,
    admin_listen: Option<String>,
}

impl Default for RawServer {
    fn default() -> Self {
        Self { listen: "127.0.0.1:8080".to_owned(), public_url: None, trusted_proxies: Vec::new(), admin_listen: None }
    }
}

/// Where the server listens.
#[derive(Debug)]
pub struct Server {
    /// The public listener.
    pub listen: SocketAddr,
    /// A listener for `/metrics` and health, without auth.
    pub admin_listen: Option<SocketAddr>,
}

impl RawServer {
    pub fn check(self) -> anyhow::Result<Server> {
        let listen: SocketAddr = self.listen.parse().context("`listen` must be an address such as 127.0.0.1:8080")?;
        let proxied = self.public_url.is_some() && !self.trusted_proxies.is_empty();
        if !listen.ip().is_loopback() && !proxied {
            bail!(
                "`listen` is open to the network, so keys would travel unencrypted: put a TLS proxy in front and set \
                 `public_url` and `trusted_proxies`, or listen on a loopback address"
            );
        }
        if let Some(url) = &self.public_url {
            check_public_url(url)?;
        }
        let admin_listen =
            self.admin_listen.map(|text| text.parse()).transpose().context("`admin_listen` must be an address")?;
        Ok(Server { listen, admin_listen })
    }
}

fn check_public_url(url: &str) -> anyhow::Result<()> {
    let origin = ownkey_vault::Origin::of_url(url).context("`public_url` must be an http or https URL")?;
    let path = url.splitn(4, '/').nth(3).unwrap_or_default();
    if !path.is_empty() {
        bail!("`public_url` must have no path, such as {}://{}", origin.scheme().as_str(), origin.host());
    }
    Ok(())
}
