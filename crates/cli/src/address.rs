//! Where the server is.

use std::net::IpAddr;

use reqwest::Url;

use crate::failure::Failure;

/// A server's address that keys may go to.
#[derive(Debug)]
pub(crate) struct Address {
    pub(crate) url: Url,
    /// Whether it is this machine.
    pub(crate) is_here: bool,
}

/// Reads an address. Unless plain HTTP is allowed, keys go over TLS or stay on this machine. What is wrong is told without
/// the address, which may hold a password.
pub(crate) fn address(text: &str, allow_plain_http: bool) -> Result<Address, Failure> {
    let http_only = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host();
    let url = Url::parse(text).ok().filter(http_only);
    let url = url.ok_or(Failure::Usage("the server's address is none: it must be like https://keys.example.com"))?;
    let has_more = url.path() != "/" || url.query().is_some() || url.fragment().is_some();
    if has_more || !url.username().is_empty() || url.password().is_some() {
        return Err(Failure::Usage(
            "the server's address is a scheme, a host and a port, like https://keys.example.com: leave out what is beside \
             them. Ownkey is not served under a path",
        ));
    }
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let is_here = host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
    if url.scheme() == "http" && !is_here && !allow_plain_http {
        return Err(Failure::Usage(
            "over plain http whoever is on the way can read the keys: use https, or say --allow-plain-http",
        ));
    }
    Ok(Address { url, is_here })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_go_over_tls_or_stay_here_unless_somebody_says_otherwise() {
        for (text, is_here) in [
            ("https://keys.example.com", false),
            ("https://keys.example.com:8443/", false),
            ("http://127.0.0.1:8080", true),
            ("http://127.8.9.10", true),
            ("http://[::1]:8080", true),
            ("http://LOCALHOST:8080", true),
        ] {
            assert_eq!(address(text, false).unwrap().is_here, is_here, "{text}");
        }
        for text in ["http://keys.example.com", "http://10.0.0.1:8080", "http://localhost.example.com", "http://[::2]"]
        {
            assert!(address(text, false).unwrap_err().to_string().contains("--allow-plain-http"), "{text}");
            assert!(!address(text, true).unwrap().is_here, "{text}");
        }
    }

    #[test]
    fn an_address_is_a_server_and_nothing_else() {
        for text in ["", "keys.example.com", "ftp://keys.example.com", "unix:/run/ownkey"] {
            assert!(address(text, true).unwrap_err().to_string().contains("it must be like"), "{text}");
        }
        for more in ["/ownkey", "/api/v1", "/?a=SECRET", "/#SECRET"] {
            let said = address(&format!("https://keys.example.com{more}"), true).unwrap_err().to_string();
            assert!(said.contains("not served under a path") && !said.contains("SECRET"), "{more}: {said}");
        }
        assert!(address("https://me:SECRET@keys.example.com", true).is_err());
    }
}
