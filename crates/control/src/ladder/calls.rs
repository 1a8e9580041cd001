//! The requests of a key test.

use std::borrow::Cow;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request};
use ownkey_providers::facts;
use ownkey_providers::probe::{Probe, list_models, parse_models, ping};
use ownkey_providers::scrub::Scrubber;
use ownkey_vault::ProviderKey;
use zeroize::Zeroizing;

use super::Test;

/// What a list may hold at most: a provider's own has some hundreds.
const MODELS_MAX: usize = 1000;
const MODEL_BYTES_MAX: usize = 200;

/// A call of a test.
pub(super) enum Call<'a> {
    /// Which models the key opens.
    Models,
    /// A word from that model.
    Ping(&'a str),
}

impl Call<'_> {
    /// The request, with the key in it; `None` if the base URL is none.
    pub(super) fn request(&self, test: &Test<'_>) -> Option<Request<Bytes>> {
        let facts = facts(test.provider);
        let Probe { path, body } = match self {
            Self::Models => list_models(test.provider),
            Self::Ping(model) => ping(test.provider, model),
        };
        let credential = Zeroizing::new([facts.credential_prefix, test.key.expose_str()].concat());
        let mut credential = HeaderValue::from_str(&credential).ok()?;
        // Whoever prints the request prints no key.
        credential.set_sensitive(true);
        let method = if body.is_some() { Method::POST } else { Method::GET };
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", test.base.url))
            .header(&facts.credential_header, credential);
        for (name, value) in facts.own_headers {
            request = request.header(*name, *value);
        }
        if body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        request.body(body.map(Bytes::from).unwrap_or_default()).ok()
    }
}

/// The models of a list, as far as their names are such; `None` if it is no list. A name that repeats the key is kept
/// by nobody.
pub(super) fn models_listed(body: &[u8], key: &ProviderKey) -> Option<Vec<String>> {
    let mut models = parse_models(body)?;
    let scrubber = Scrubber::new(key.expose_str().as_bytes());
    let clean = |id: &str| matches!(scrubber.scrub(id.as_bytes()), Cow::Borrowed(_));
    models.retain(|id| !id.is_empty() && id.len() <= MODEL_BYTES_MAX && !id.chars().any(char::is_control) && clean(id));
    models.truncate(MODELS_MAX);
    Some(models)
}
