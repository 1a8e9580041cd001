//! What is the same question for every provider, and where each answers it.

use http::HeaderName;
use ownkey_domain::hold::Extent;
use ownkey_domain::provider::Provider;
use ownkey_domain::usage::Accounting;
use ownkey_domain::verdict::Guide;

use crate::error_class::{ErrorAnswer, ErrorClass};
use crate::key::KeyFormat;
use crate::managed::Headers;
use crate::route::Route;
use crate::{anthropic, openai};

/// What is known of a provider.
pub struct Facts {
    /// The provider.
    pub provider: Provider,
    /// Its address as its SDK has it.
    pub base_url: &'static str,
    /// The header its key goes into.
    pub credential_header: HeaderName,
    /// What stands before the key in that header.
    pub credential_prefix: &'static str,
    /// The header of its answers in which its SDK looks for the id of a request.
    pub request_id_header: HeaderName,
    /// Headers that a request of our own needs besides.
    pub own_headers: &'static [(&'static str, &'static str)],
    /// How its token classes relate.
    pub accounting: Accounting,
    /// For people.
    pub guide: Guide,
    /// What a path of the form `/v1/…` loses below the base URL, because the base URL has it already.
    pub(crate) base_has: &'static str,
    /// How its keys look.
    pub(crate) keys: KeyFormat,
    /// Headers of its own that managed calls may carry.
    pub(crate) managed_headers: Headers,
    /// The calls that are served at its paths. The first is what its models are usually called by.
    pub(crate) routes: &'static [Route],
    /// The list of models, below the base URL, as long as it gets.
    pub(crate) models_path: &'static str,
    /// The shortest prompt: where it goes below the base URL, and its body.
    pub(crate) ping: fn(model: &str) -> (&'static str, String),
    /// The tokens of a picture at most.
    pub(crate) image_tokens: fn(model: &str) -> Extent,
    /// Whether it writes input to its cache only if the request asks for that.
    pub(crate) caches_if_asked: bool,
    /// What an error answer means.
    pub(crate) classify: fn(&ErrorAnswer) -> ErrorClass,
}

/// What is known of a provider.
pub fn facts(provider: Provider) -> &'static Facts {
    match provider {
        Provider::Anthropic => &anthropic::FACTS,
        Provider::OpenAi => &openai::FACTS,
    }
}
