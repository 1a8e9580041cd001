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

/// A provider's endpoints. What it says of itself is asked once.
pub(crate) async fn endpoints<'p>(http: &Http, provider: &'p Provider) -> Result<&'p Endpoints, Fault> {
    match &provider.place {
        Place::Known(endpoints) => Ok(endpoints),
        Place::Issuer(issuer) => provider.discovered.get_or_try_init(|| discover(http, issuer)).await,
    }
}

async fn discover(http: &Http, issuer: &str) -> Result<Endpoints, Fault> {
    let mut last = Fault::Unreachable;
    for url in places(issuer) {
        match describe(http, issuer, url).await {
            Ok(endpoints) => return Ok(endpoints),
            Err(fault) => last = fault,
        }
    }
    tracing::warn!("a provider of connections can't be asked for its endpoints, or does not describe itself soundly");
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

async fn describe(http: &Http, issuer: &str, url: String) -> Result<Endpoints, Fault> {
    let request = http::Request::get(url).body(Vec::new()).map_err(|_| Fault::Unreachable)?;
    let answer = http.send(request, None).await?;
    let described: Described = serde_json::from_slice(answer.body()).map_err(|_| Fault::Lost)?;
    let all = [&described.authorization_endpoint, &described.token_endpoint];
    let is_sound = described.issuer.trim_end_matches('/') == issuer.trim_end_matches('/')
        && all.into_iter().chain(&described.revocation_endpoint).all(|url| is_secure(url));
    if !is_sound {
        return Err(Fault::Lost);
    }
    Ok(Endpoints {
        authorize: described.authorization_endpoint,
        token: described.token_endpoint,
        revoke: described.revocation_endpoint,
        says_who: described.authorization_response_iss_parameter_supported,
    })
}

/// Secrets go encrypted, or nowhere but to this machine.
fn is_secure(url: &str) -> bool {
    Origin::of_url(url).is_ok_and(|origin| origin.scheme() == Scheme::Https || origin.is_loopback())
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
        assert!(is_secure("https://id.example.com/token") && is_secure("http://127.0.0.1:1/token"));
        assert!(!is_secure("http://id.example.com/token") && !is_secure("/token"));
    }
}
