//! Destinations: scheme, host and port in one spelling, since secrets are bound to that text.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// How a destination is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Plain text.
    Http,
    /// TLS.
    Https,
}

impl Scheme {
    /// The name in URLs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// Why a text is not the URL of a destination. The URL is not quoted: people paste keys into wrong fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadOrigin {
    /// Not `http://` or `https://`.
    #[error("the URL must start with https:// or http://")]
    Scheme,
    /// No host, or one that could be read in two ways.
    #[error("the URL has no usable host name")]
    Host,
    /// Not a port.
    #[error("the URL has a port that is none")]
    Port,
    /// A name or password in the URL.
    #[error("the URL must not contain a user name or password")]
    UserInfo,
    /// White space, control characters or backslashes, which readers of URLs disagree about.
    #[error("the URL contains a character that is not allowed")]
    Character,
}

/// Where a secret may go.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    scheme: Scheme,
    host: Host,
    port: u16,
    /// The canonical text. Each call's key is bound to it, so it is made once.
    text: Box<str>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Host {
    Name(Box<str>),
    V4(Ipv4Addr),
    V6(Ipv6Addr),
}

impl Origin {
    /// The origin of an absolute URL; path and query are not looked at.
    pub fn of_url(url: &str) -> Result<Self, BadOrigin> {
        if url.bytes().any(|b| b <= b' ' || b == b'\\' || b >= 0x7f) {
            return Err(BadOrigin::Character);
        }
        let (scheme, rest) = url.split_once("://").ok_or(BadOrigin::Scheme)?;
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            _ => return Err(BadOrigin::Scheme),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let authority = &rest[..end];
        if authority.contains('@') {
            return Err(BadOrigin::UserInfo);
        }
        let (host, port) = split_port(authority)?;
        let port = port.map_or(Ok(scheme.default_port()), parse_port)?;
        let host = parse_host(host)?;
        let text = format!("{}://{host}:{port}", scheme.as_str()).into();
        Ok(Self { scheme, host, port, text })
    }

    /// The canonical text, such as `https://api.openai.com:443`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The scheme.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The host in lower case; an IPv6 address stands in brackets.
    pub fn host(&self) -> String {
        self.host.to_string()
    }

    /// The port, also where the URL left it out.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether it is this machine, by its address or by the name `localhost`.
    pub fn is_loopback(&self) -> bool {
        match &self.host {
            Host::Name(name) => &**name == "localhost",
            Host::V4(address) => address.is_loopback(),
            Host::V6(address) => address.is_loopback(),
        }
    }
}

impl FromStr for Origin {
    type Err = BadOrigin;

    fn from_str(text: &str) -> Result<Self, BadOrigin> {
        Self::of_url(text)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::V4(address) => write!(f, "{address}"),
            Self::V6(address) => write!(f, "[{address}]"),
        }
    }
}

/// The brackets of an IPv6 address stay with the host.
fn split_port(authority: &str) -> Result<(&str, Option<&str>), BadOrigin> {
    let host_len = if authority.starts_with('[') {
        authority.find(']').ok_or(BadOrigin::Host)? + 1
    } else {
        authority.find(':').unwrap_or(authority.len())
    };
    match authority.split_at(host_len) {
        (host, "") => Ok((host, None)),
        (host, port) => Ok((host, Some(port.strip_prefix(':').ok_or(BadOrigin::Host)?))),
    }
}

fn parse_port(text: &str) -> Result<u16, BadOrigin> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let port = if digits { text.parse().unwrap_or(0) } else { 0 };
    if port == 0 { Err(BadOrigin::Port) } else { Ok(port) }
}

fn parse_host(text: &str) -> Result<Host, BadOrigin> {
    if let Some(address) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return address.parse().map(Host::V6).map_err(|_| BadOrigin::Host);
    }
    let label_ok = |label: &str| {
        (1..=63).contains(&label.len()) && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    if text.len() > 253 || !text.split('.').all(label_ok) {
        return Err(BadOrigin::Host);
    }
    // A last label that begins with a digit means an address. Other readers also take `127.1` or `0x7f000001` for
    // one; a host that could be two things is refused.
    let last = text.rsplit('.').next().unwrap_or_default();
    if last.starts_with(|c: char| c.is_ascii_digit()) {
        return text.parse().map(Host::V4).map_err(|_| BadOrigin::Host);
    }
    Ok(Host::Name(text.to_ascii_lowercase().into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_destination_has_one_spelling() {
        for (url, text) in [
            ("https://api.openai.com/v1", "https://api.openai.com:443"),
            ("HTTPS://API.OpenAI.com", "https://api.openai.com:443"),
            ("https://api.openai.com:443?x=@", "https://api.openai.com:443"),
            ("http://localhost:9101/openai/v1", "http://localhost:9101"),
            ("http://127.0.0.1", "http://127.0.0.1:80"),
            ("http://[0:0::1]:8080/", "http://[::1]:8080"),
            ("https://my-host_1.internal#f", "https://my-host_1.internal:443"),
        ] {
            assert_eq!(Origin::of_url(url).unwrap().to_string(), text, "{url}");
        }
    }

    #[test]
    fn doubtful_urls_are_refused() {
        use BadOrigin::{Character, Host, Port, Scheme, UserInfo};
        for (url, why) in [
            ("", Scheme),
            ("api.openai.com", Scheme),
            ("ftp://a", Scheme),
            ("https://", Host),
            ("https:///v1", Host),
            ("https://:443", Host),
            ("https://a..b", Host),
            ("https://a.com.", Host),
            ("https://[::1", Host),
            ("https://[::1]x", Host),
            ("https://[fe80::1%25eth0]", Host),
            ("https://127.1", Host),
            ("https://0x7f000001", Host),
            ("https://010.0.0.1", Host),
            ("https://a.com:", Port),
            ("https://a.com:0", Port),
            ("https://a.com:65536", Port),
            ("https://a.com:+1", Port),
            ("https://key@a.com", UserInfo),
            ("https://a.com\\@b.com", Character),
            ("https://a.com /", Character),
            ("https://exämple.com", Character),
        ] {
            assert_eq!(Origin::of_url(url), Err(why), "{url}");
        }
    }

    #[test]
    fn loopback_is_known() {
        for (url, loopback) in [
            ("http://localhost", true),
            ("http://127.9.9.9", true),
            ("http://[::1]", true),
            ("http://localhost.example", false),
        ] {
            assert_eq!(Origin::of_url(url).unwrap().is_loopback(), loopback, "{url}");
        }
    }

    proptest! {
        #[test]
        fn the_canonical_text_reads_back_as_itself(url in "(https?://)?[a-zA-Z0-9.:@/\\[\\]-]{0,30}") {
            if let Ok(origin) = Origin::of_url(&url) {
                prop_assert_eq!(origin.to_string().parse(), Ok(origin));
            }
        }
    }
}
