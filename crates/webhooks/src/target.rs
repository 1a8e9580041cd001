//! Where messages go: a URL, as somebody gave it, that leads to no address which they must not go to.

use std::fmt;
use std::net::IpAddr;

use ownkey_vault::{Origin, Scheme};
use reqwest::Url;

use crate::networks::Networks;

/// Longer URLs are none that people have.
pub const URL_BYTES_MAX: usize = 2_048;

/// A URL that messages may go to, as far as that can be told before its name is looked up.
pub struct Target {
    url: Url,
    origin: Origin,
}

/// Why a URL is none that messages go to. It is not quoted: some hold a secret of their receiver's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadTarget {
    /// It is none, too long, or has a user name, a password or a fragment.
    #[error(
        "it must be a URL such as https://example.com/hooks, of up to 2,048 characters, without user name, password or fragment, and its host a name as it is looked up (xn--… where it has other letters, no dot behind it) or an address"
    )]
    Form,
    /// It is not encrypted.
    #[error(
        "it must begin with https://. Plain http goes only to networks that the operator allows (`allowed_networks` under `[webhooks]`)"
    )]
    Plain,
    /// Its address is one of the inside.
    #[error(
        "it leads to an address that is not on the public internet. The operator can allow its network (`allowed_networks` under `[webhooks]`)"
    )]
    Inside,
}

impl Target {
    /// Reads a URL.
    pub fn parse(text: &str, networks: &Networks) -> Result<Self, BadTarget> {
        if text.len() > URL_BYTES_MAX || text.contains('#') {
            return Err(BadTarget::Form);
        }
        // Two readers: what they understand differently is none.
        let origin = Origin::of_url(text).map_err(|_| BadTarget::Form)?;
        let url = Url::parse(text).map_err(|_| BadTarget::Form)?;
        let (one, other) = (url.host_str().unwrap_or_default(), origin.host());
        let address = address_of(&other);
        let is_same = one == other || (address.is_some() && address_of(one) == address);
        if !is_same || url.port_or_known_default() != Some(origin.port()) {
            return Err(BadTarget::Form);
        }
        let target = Self { url, origin };
        match address {
            Some(address) if !networks.allow(address) => Err(BadTarget::Inside),
            Some(address) if target.is_plain() && !networks.name(address) => Err(BadTarget::Plain),
            None if target.is_plain() && networks.is_empty() => Err(BadTarget::Plain),
            _ => Ok(target),
        }
    }

    /// The URL.
    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// Scheme, host and port: what may be shown and written down of it.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Whether it is not encrypted.
    pub(crate) fn is_plain(&self) -> bool {
        self.origin.scheme() == Scheme::Http
    }
}

/// The address, where one stands in the place of a name.
fn address_of(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.origin, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str, networks: &[&str]) -> Result<String, BadTarget> {
        let networks = Networks::new(networks.iter().map(|network| network.parse().unwrap()).collect());
        Target::parse(text, &networks).map(|target| target.url().to_string())
    }

    #[test]
    fn names_and_public_addresses_over_tls() {
        for url in ["https://example.com/hooks?token=x", "https://1.1.1.1:8443/", "https://[2606:4700::1111]/"] {
            assert_eq!(parse(url, &[]), Ok(url.to_owned()));
        }
        let long = format!("https://example.com/{}", "x".repeat(URL_BYTES_MAX));
        for url in
            ["", "example.com", "ftp://example.com/", "https://u:p@example.com/", "https://example.com/#x", &long]
        {
            assert_eq!(parse(url, &[]), Err(BadTarget::Form), "{url}");
        }
    }

    #[test]
    fn the_inside_is_refused_however_it_is_written() {
        for url in ["https://127.0.0.1/", "https://[::1]/", "https://[::ffff:10.0.0.1]/", "https://169.254.169.254/"] {
            assert_eq!(parse(url, &[]), Err(BadTarget::Inside), "{url}");
        }
        for url in ["https://0x7f000001/", "https://2130706433/", "https://127.1/", "https://0177.0.0.1/"] {
            assert_eq!(parse(url, &[]), Err(BadTarget::Form), "{url}");
        }
        assert!(parse("https://127.0.0.1/", &["127.0.0.0/8"]).is_ok());
    }

    #[test]
    fn plain_http_goes_where_the_operator_says() {
        assert_eq!(parse("http://example.com/", &[]), Err(BadTarget::Plain));
        assert_eq!(parse("http://1.1.1.1/", &["10.0.0.0/8"]), Err(BadTarget::Plain));
        assert!(parse("http://10.0.0.1/", &["10.0.0.0/8"]).is_ok());
        // Looked up when it is sent to.
        assert!(parse("http://hooks.internal/", &["10.0.0.0/8"]).is_ok());
    }
}
