//! Where a provider is reached: its base URL, and the operator's own key there.

use std::sync::Arc;

use http::Uri;
use http::uri::{Authority, PathAndQuery, Scheme};
use ownkey_domain::provider::Provider;
use ownkey_vault::{Origin, ProviderKey};

/// A provider as configured.
pub struct Upstream {
    /// Which provider.
    pub provider: Provider,
    /// Its base URLs as in the SDKs: the usual one first, then those that a key can be bound to instead.
    pub bases: Vec<BaseUrl>,
    /// The operator's own key, for managed access.
    pub managed_key: Option<Arc<ProviderKey>>,
}

impl Upstream {
    /// The base URL that keys with this destination go to.
    pub fn base_for(&self, origin: &Origin) -> Option<&BaseUrl> {
        self.bases.iter().find(|base| base.origin() == origin)
    }
}

/// A base URL: scheme, authority and a path prefix, with no trailing slash.
#[derive(Debug, Clone)]
pub struct BaseUrl {
    scheme: Scheme,
    authority: Authority,
    prefix: String,
    origin: Origin,
}

/// The text is no base URL of a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an http or https URL with a host and no query")]
pub struct BadBaseUrl;

impl BaseUrl {
    /// Reads a base URL; a trailing slash is dropped.
    pub fn parse(text: &str) -> Result<Self, BadBaseUrl> {
        let origin = Origin::of_url(text).map_err(|_| BadBaseUrl)?;
        let parts = text.trim_end_matches('/').parse::<Uri>().map_err(|_| BadBaseUrl)?.into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else { return Err(BadBaseUrl) };
        let path = parts.path_and_query.unwrap_or_else(|| PathAndQuery::from_static("/"));
        if path.query().is_some() {
            return Err(BadBaseUrl);
        }
        let prefix = path.path().trim_end_matches('/').to_owned();
        Ok(Self { scheme, authority, prefix, origin })
    }

    /// The destination that keys are bound to.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Path prefix, without a trailing slash.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The URI of a path below the base, with the caller's query.
    pub fn uri(&self, path: &str, query: Option<&str>) -> Result<Uri, http::Error> {
        let question_mark = if query.is_some() { "?" } else { "" };
        let target = [&self.prefix, path, question_mark, query.unwrap_or_default()].concat();
        Uri::builder().scheme(self.scheme.clone()).authority(self.authority.clone()).path_and_query(target).build()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_join_below_the_prefix() {
        let base = BaseUrl::parse("https://eu.example.com:8443/proxy/v1/").unwrap();
        let uri = base.uri("/chat/completions", Some("a=b")).unwrap();
        assert_eq!(uri, "https://eu.example.com:8443/proxy/v1/chat/completions?a=b");
        assert_eq!(
            BaseUrl::parse("https://example.com").unwrap().uri("/v1/messages", None).unwrap(),
            "https://example.com/v1/messages"
        );
    }

    #[test]
    fn what_is_no_base_url_is_refused() {
        for text in ["", "example.com", "ftp://example.com", "https://", "https://example.com/?x=1", "/v1"] {
            assert!(BaseUrl::parse(text).is_err(), "{text}");
        }
    }
}
