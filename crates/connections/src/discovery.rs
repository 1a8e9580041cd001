//! Providers that describe themselves: OpenID Connect Discovery, and RFC 8414, which says the same elsewhere.

use ownkey_vault::{Origin, Scheme};
use serde::Deserialize;

use crate::http::{Fault, Http};
use crate::provider::{Endpoints, Place, Provider};

/// What a provider says of itself, as far as it matters here.
#[derive(Deserialize)]
struct Described {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    revocation_endpoint: Option<String>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

/// Why a provider's endpoints are not known.
#[derive(Debug, Clone, Copy, thiserror::Error)]
pub(crate) enum Unknown {
    #[error(transparent)]
    Fault(#[from] Fault),
    #[error("it is no description")]
    NoDescription,
    #[error("it names another issuer")]
    OtherIssuer,
    #[error("it names an endpoint that is not https")]
    Plain,
}

/// A provider's endpoints. What it says of itself is asked until it is known, and then no more.
pub(crate) async fn endpoints<'p>(http: &Http, provider: &'p Provider) -> Result<&'p Endpoints, Unknown> {
    match &provider.place {
        Place::Known(endpoints) => Ok(endpoints),
        Place::Issuer(issuer) => provider.discovered.get_or_try_init(|| discover(http, provider, issuer)).await,
    }
}

async fn discover(http: &Http, provider: &Provider, issuer: &str) -> Result<Endpoints, Unknown> {
    let mut last = Unknown::NoDescription;
    for url in places(issuer) {
        match describe(http, provider, (issuer, &url)).await {
            Ok(endpoints) => return Ok(endpoints),
            Err(unknown) => {
                let provider = provider.title.as_str();
                tracing::warn!(provider, url, reason = %unknown, "a provider of connections does not describe itself there");
                last = unknown;
            }
        }
    }
    Err(last)
}

/// Below the issuer's path, and between its host and its path.
fn places(issuer: &str) -> [String; 2] {
    let issuer = issuer.trim_end_matches('/');
    let host_end = issuer.find("://").map_or(0, |at| at + 3);
    let path = issuer[host_end..].find('/').map_or(issuer.len(), |at| host_end + at);
    let (host, path) = issuer.split_at(path);
    [
        format!("{issuer}/.well-known/openid-configuration"),
        format!("{host}/.well-known/oauth-authorization-server{path}"),
    ]
}

async fn describe(http: &Http, provider: &Provider, (issuer, url): (&str, &str)) -> Result<Endpoints, Unknown> {
    let request = http::Request::get(url).body(Vec::new()).map_err(|_| Fault::Unreachable)?;
    let answer = http.send(request, None).await?;
    let described: Described = serde_json::from_slice(answer.body()).map_err(|_| Unknown::NoDescription)?;
    if described.issuer.trim_end_matches('/') != issuer.trim_end_matches('/') {
        return Err(Unknown::OtherIssuer);
    }
    let all = [&described.authorization_endpoint, &described.token_endpoint];
    if !all.into_iter().chain(&described.revocation_endpoint).all(|url| is_secure(url, provider.allow_plain_http)) {
        return Err(Unknown::Plain);
    }
    Ok(Endpoints {
        authorize: described.authorization_endpoint,
        token: described.token_endpoint,
        revoke: described.revocation_endpoint,
        says_who: described.authorization_response_iss_parameter_supported,
    })
}

/// Secrets go encrypted, or nowhere but to this machine, unless the operator allows it.
fn is_secure(url: &str, allow_plain_http: bool) -> bool {
    let is_fine = |origin: Origin| origin.scheme() == Scheme::Https || origin.is_loopback() || allow_plain_http;
    Origin::of_url(url).is_ok_and(is_fine)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_places_of_a_description() {
        assert_eq!(
            places("https://id.example.com/tenant/"),
            [
                "https://id.example.com/tenant/.well-known/openid-configuration",
                "https://id.example.com/.well-known/oauth-authorization-server/tenant",
            ]
        );
        assert_eq!(
            places("https://id.example.com")[1],
            "https://id.example.com/.well-known/oauth-authorization-server"
        );
    }

    #[test]
    fn endpoints_are_encrypted_or_here() {
        assert!(is_secure("https://id.example.com/token", false) && is_secure("http://127.0.0.1:1/token", false));
        assert!(!is_secure("http://id.example.com/token", false) && !is_secure("/token", true));
        assert!(is_secure("http://id.example.com/token", true));
    }
}
