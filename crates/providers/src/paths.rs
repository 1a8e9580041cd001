//! Which method and path is which call, and where it goes below a provider's base URL.

use http::{HeaderMap, Method};
use ownkey_domain::catalogue::Mode;
use ownkey_domain::provider::{Protocol, Provider};

use crate::registry::facts;

/// A call that is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Route {
    /// `POST /v1/chat/completions`
    ChatCompletions,
    /// `POST /v1/messages`
    Messages,
    /// `GET /v1/models`
    Models,
    /// `GET /v1/models/{id}`
    Model,
}

impl Route {
    /// Where models of a protocol are usually called.
    pub const fn usual(protocol: Protocol) -> Self {
        match protocol {
            Protocol::OpenAi => Self::ChatCompletions,
            Protocol::Anthropic => Self::Messages,
        }
    }

    /// The path as receipts name it.
    pub const fn template(self) -> &'static str {
        match self {
            Self::ChatCompletions => "/v1/chat/completions",
            Self::Messages => "/v1/messages",
            Self::Models => "/v1/models",
            Self::Model => "/v1/models/{id}",
        }
    }

    /// Whether it calls a model and is metered.
    pub const fn is_metered(self) -> bool {
        matches!(self, Self::ChatCompletions | Self::Messages)
    }

    /// The methods it takes, as the `allow` header says it.
    pub const fn allow(self) -> &'static str {
        if self.is_metered() { "POST" } else { "GET, HEAD" }
    }

    fn takes(self, method: &Method) -> bool {
        if self.is_metered() { method == Method::POST } else { method == Method::GET || method == Method::HEAD }
    }
}

/// A path that is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found<'a> {
    /// What it is.
    pub route: Route,
    /// The protocol, where the path fixes it. `/v1/models` is both's: there a header decides.
    pub protocol: Option<Protocol>,
    /// The path without an `/openai` or `/anthropic` before it, as it came.
    pub path: &'a str,
    /// The id that `/v1/models/{id}` names, decoded.
    pub model: Option<String>,
}

/// What a method and path are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup<'a> {
    /// A call that is served.
    Found(Found<'a>),
    /// A path that is served, called with another method.
    OtherMethod {
        /// The methods it takes.
        allow: &'static str,
        /// The protocol, where the path fixes it.
        protocol: Option<Protocol>,
    },
    /// A path of that protocol which is promised and not built yet.
    NotYet(Protocol),
    /// A known path under a wrong base URL: `/v1` is missing or there twice.
    WrongBase(Protocol),
    /// Nothing that is known. The protocol, if the path told it.
    Unknown(Option<Protocol>),
}

/// Path roots of both protocols, with those that a wrong base URL leads to.
const ROOTS: [&str; 5] = ["/v1", "/openai", "/anthropic", "/chat/completions", "/messages"];

/// The header that Anthropic's SDKs send with every call, and nobody else's.
const ANTHROPIC_VERSION: &str = "anthropic-version";

/// Paths of both protocols that come later: whole, or up to a slash.
const LATER: [(&str, Protocol); 9] = [
    ("/v1/completions", Protocol::OpenAi),
    ("/v1/responses", Protocol::OpenAi),
    ("/v1/embeddings", Protocol::OpenAi),
    ("/v1/moderations", Protocol::OpenAi),
    ("/v1/audio", Protocol::OpenAi),
    ("/v1/images", Protocol::OpenAi),
    ("/v1/realtime", Protocol::OpenAi),
    ("/v1/chat/completions", Protocol::OpenAi),
    ("/v1/messages/count_tokens", Protocol::Anthropic),
];

/// Whether a path belongs to the protocols, served or not.
pub fn is_of_a_protocol(path: &str) -> bool {
    ROOTS.iter().any(|root| is_or_below(path, root))
}

/// The protocol that a caller speaks where the path leaves it open.
pub fn spoken(headers: &HeaderMap) -> Protocol {
    if headers.contains_key(ANTHROPIC_VERSION) { Protocol::Anthropic } else { Protocol::OpenAi }
}

/// Where models of that kind are called, if not at the path of their protocol's chats.
pub const fn elsewhere(mode: Mode) -> Option<&'static str> {
    match mode {
        Mode::Chat => None,
        Mode::Responses => Some("/v1/responses"),
        Mode::Embedding => Some("/v1/embeddings"),
        Mode::AudioSpeech => Some("/v1/audio/speech"),
        Mode::AudioTranscription => Some("/v1/audio/transcriptions"),
        Mode::Moderation => Some("/v1/moderations"),
        Mode::Realtime => Some("/v1/realtime"),
    }
}

/// The name of the SDKs of a protocol, and what their base URL ends with.
pub fn sdk_base(protocol: Protocol) -> (&'static str, &'static str) {
    let facts = facts(protocol.provider());
    (facts.guide.title, facts.base_has)
}

/// Looks up a request's method and path (without its query).
pub fn look_up<'a>(method: &Method, path: &'a str) -> Lookup<'a> {
    let (fixed, path) = without_alias(path);
    let (route, protocol, model) = match path {
        "/v1/chat/completions" => (Route::ChatCompletions, Some(Protocol::OpenAi), None),
        "/v1/messages" => (Route::Messages, Some(Protocol::Anthropic), None),
        "/v1/models" => (Route::Models, fixed, None),
        _ => match path.strip_prefix("/v1/models/").and_then(model_id) {
            Some(id) => (Route::Model, fixed, Some(id)),
            None => return unserved(fixed, path),
        },
    };
    if fixed.is_some() && fixed != protocol {
        return Lookup::Unknown(fixed);
    }
    if !route.takes(method) {
        return Lookup::OtherMethod { allow: route.allow(), protocol };
    }
    Lookup::Found(Found { route, protocol, path, model })
}

/// A path of the form `/v1/…` as it is below the provider's base URL.
pub fn below_base(provider: Provider, path: &str) -> &str {
    path.strip_prefix(facts(provider).base_has).unwrap_or(path)
}

fn without_alias(path: &str) -> (Option<Protocol>, &str) {
    for (alias, protocol) in [("/openai", Protocol::OpenAi), ("/anthropic", Protocol::Anthropic)] {
        if let Some(rest) = path.strip_prefix(alias).filter(|rest| rest.starts_with('/')) {
            return (Some(protocol), rest);
        }
    }
    (None, path)
}

fn unserved(fixed: Option<Protocol>, path: &str) -> Lookup<'static> {
    let later = LATER.iter().find(|(known, _)| is_or_below(path, known));
    if let Some((_, protocol)) = later.filter(|(_, protocol)| fixed.is_none_or(|fixed| fixed == *protocol)) {
        return Lookup::NotYet(*protocol);
    }
    let under_v1 = path.strip_prefix("/v1").filter(|rest| rest.starts_with("/v1/"));
    let candidate = under_v1.map_or_else(|| format!("/v1{path}"), str::to_owned);
    match protocol_of(&candidate) {
        Some(protocol) => Lookup::WrongBase(fixed.unwrap_or(protocol)),
        None => Lookup::Unknown(fixed),
    }
}

/// The protocol of a known path, `/v1/models` counting as OpenAI's because only its base URL has the `/v1`.
fn protocol_of(path: &str) -> Option<Protocol> {
    let known = [("/v1/messages", Protocol::Anthropic), ("/v1/models", Protocol::OpenAi)];
    known.iter().chain(&LATER).find(|(known, _)| is_or_below(path, known)).map(|(_, protocol)| *protocol)
}

fn is_or_below(path: &str, known: &str) -> bool {
    path.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A model id in one path segment. `%2F` is the only escape that ids need; any other would give a path more than
/// one reading between here and the provider.
fn model_id(segment: &str) -> Option<String> {
    let id = segment.replace("%2F", "/").replace("%2f", "/");
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b':' | b'@' | b'/');
    let dots = |part: &str| part.is_empty() || part.bytes().all(|b| b == b'.');
    let fine = !segment.contains('/') && id.bytes().all(allowed) && !id.split('/').any(dots);
    fine.then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(method: &Method, path: &str) -> String {
        match look_up(method, path) {
            Lookup::Found(found) => format!("{:?} {:?} {:?}", found.route, found.protocol, found.model),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn served_paths() {
        for (method, path, expected) in [
            (Method::POST, "/v1/chat/completions", "ChatCompletions Some(OpenAi) None"),
            (Method::POST, "/openai/v1/chat/completions", "ChatCompletions Some(OpenAi) None"),
            (Method::POST, "/v1/messages", "Messages Some(Anthropic) None"),
            (Method::POST, "/anthropic/v1/messages", "Messages Some(Anthropic) None"),
            (Method::GET, "/v1/models", "Models None None"),
            (Method::HEAD, "/v1/models", "Models None None"),
            (Method::GET, "/openai/v1/models", "Models Some(OpenAi) None"),
            (Method::GET, "/v1/models/gpt-4o", "Model None Some(\"gpt-4o\")"),
            (Method::GET, "/v1/models/ft:gpt-4o:acme::x", "Model None Some(\"ft:gpt-4o:acme::x\")"),
            (Method::GET, "/anthropic/v1/models/a%2fb", "Model Some(Anthropic) Some(\"a/b\")"),
        ] {
            assert_eq!(look(&method, path), expected, "{path}");
        }
    }

    #[test]
    fn paths_of_the_protocols_are_told_from_others() {
        for path in ["/v1", "/v1/x", "/anthropic/v1/messages", "/messages"] {
            assert!(is_of_a_protocol(path), "{path}");
        }
        for path in ["/", "/api/v1/plans", "/v10", "/healthz"] {
            assert!(!is_of_a_protocol(path), "{path}");
        }
    }

    #[test]
    fn everything_else() {
        let get = Method::GET;
        for (path, expected) in [
            ("/v1/chat/completions", "OtherMethod { allow: \"POST\", protocol: Some(OpenAi) }"),
            ("/anthropic/v1/messages", "OtherMethod { allow: \"POST\", protocol: Some(Anthropic) }"),
            ("/v1/responses", "NotYet(OpenAi)"),
            ("/v1/responses/resp_1/cancel", "NotYet(OpenAi)"),
            ("/v1/chat/completions/chatcmpl-1", "NotYet(OpenAi)"),
            ("/v1/messages/count_tokens", "NotYet(Anthropic)"),
            ("/anthropic/v1/responses", "Unknown(Some(Anthropic))"),
            ("/anthropic/v1/chat/completions", "Unknown(Some(Anthropic))"),
            ("/v1/v1/chat/completions", "WrongBase(OpenAi)"),
            ("/chat/completions", "WrongBase(OpenAi)"),
            ("/v1/v1/messages", "WrongBase(Anthropic)"),
            ("/messages", "WrongBase(Anthropic)"),
            ("/anthropic/v1/v1/models", "WrongBase(Anthropic)"),
            ("/models", "WrongBase(OpenAi)"),
            ("/v1/messages/batches", "Unknown(None)"),
            ("/v1/nothing", "Unknown(None)"),
            ("/v1/models/", "Unknown(None)"),
            ("/v1/models/..", "Unknown(None)"),
            ("/v1/models/a%2F..%2Fb", "Unknown(None)"),
            ("/v1/models/a%20b", "Unknown(None)"),
            ("/v1/models/a/b", "Unknown(None)"),
            ("/v1/chat/completionsx", "Unknown(None)"),
            ("/openaix/v1/models", "Unknown(None)"),
            ("/openai/openai/v1/models", "Unknown(Some(OpenAi))"),
            ("/", "Unknown(None)"),
            ("", "Unknown(None)"),
        ] {
            assert_eq!(look(&get, path), expected, "{path}");
        }
        assert_eq!(look(&Method::POST, "/v1/models"), "OtherMethod { allow: \"GET, HEAD\", protocol: None }");
    }

    #[test]
    fn base_urls_as_in_the_sdks() {
        assert_eq!(below_base(Provider::OpenAi, "/v1/chat/completions"), "/chat/completions");
        assert_eq!(below_base(Provider::Anthropic, "/v1/messages"), "/v1/messages");
    }
}
