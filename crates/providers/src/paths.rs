//! Which method and path is which call, and where it goes below a provider's base URL.

use http::header::ACCEPT;
use http::{HeaderMap, HeaderName, Method};
use ownkey_domain::catalogue::Mode;
use ownkey_domain::provider::{Protocol, Provider};

use crate::registry::facts;
use crate::route::{Route, Verb};

/// What is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A call that goes to the provider.
    Call(&'static Route),
    /// The list of models.
    Models,
    /// The model of that id.
    Model(String),
}

/// A path that is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found<'a> {
    /// What it is.
    pub what: What,
    /// The protocol, where the path fixes it. `/v1/models` is both's: there a header decides.
    pub protocol: Option<Protocol>,
    /// The path without an `/openai` or `/anthropic` before it, as it came.
    pub path: &'a str,
}

/// What a method and path are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup<'a> {
    /// A call that is served.
    Found(Found<'a>),
    /// A path that is served, called with another method.
    OtherMethod {
        /// The methods it takes, as the `allow` header says it.
        allow: String,
        /// The protocol, where the path fixes it.
        protocol: Option<Protocol>,
    },
    /// A path of that protocol which is promised and not built yet.
    NotYet(Protocol),
    /// A known path under a wrong base URL: of what stands before it there is too little, too much, or it is written in
    /// another way.
    WrongBase(Protocol),
    /// A known path with a slash behind it.
    SlashBehind(Protocol),
    /// Nothing that is known. The protocol, if the path told it.
    Unknown(Option<Protocol>),
}

/// Path roots of both protocols. Calls without the `/v1` are answered too, to tell people what is wrong.
const ROOTS: [&str; 3] = ["/v1", "/openai", "/anthropic"];

/// The header that Anthropic's SDKs send with every call, and nobody else's.
const ANTHROPIC_VERSION: HeaderName = HeaderName::from_static("anthropic-version");

/// The path that comes later, with all below it.
const LATER: (&str, Protocol) = ("/v1/realtime", Protocol::OpenAi);

/// Whether a path belongs to the protocols, served or not. `/models` does if no browser asks: a web page of that name
/// may be here.
pub fn is_of_a_protocol(path: &str, headers: &HeaderMap) -> bool {
    let path = with_one_slash(path);
    if is_or_below(path, "/models") {
        return !wants_a_page(headers);
    }
    let is_in_any_case = |root: &str| {
        let split = path.split_at_checked(root.len());
        split.is_some_and(|(head, rest)| head.eq_ignore_ascii_case(root) && (rest.is_empty() || rest.starts_with('/')))
    };
    ROOTS.into_iter().any(is_in_any_case) || known(&format!("/v1{path}"), None).is_some()
}

fn wants_a_page(headers: &HeaderMap) -> bool {
    headers.get_all(ACCEPT).iter().any(|kinds| kinds.to_str().is_ok_and(|kinds| kinds.contains("text/html")))
}

/// The protocol that a caller speaks where the path leaves it open.
pub fn spoken(headers: &HeaderMap) -> Protocol {
    if headers.contains_key(ANTHROPIC_VERSION) { Protocol::Anthropic } else { Protocol::OpenAi }
}

/// The name of the SDKs of a protocol, and what their base URL ends with.
pub fn sdk_base(protocol: Protocol) -> (&'static str, &'static str) {
    let facts = facts(protocol.provider());
    (facts.guide.title, facts.base_has)
}

/// Looks up a request's method and path (without its query).
pub fn look_up<'a>(method: &Method, path: &'a str) -> Lookup<'a> {
    let (fixed, path) = without_alias(path);
    if let Some(what) = models(path) {
        let takes = [Method::GET, Method::HEAD].contains(method);
        return if takes {
            Lookup::Found(Found { what, protocol: fixed, path })
        } else {
            Lookup::OtherMethod { allow: "GET, HEAD".to_owned(), protocol: fixed }
        };
    }
    let (protocol, calls) = calls_at(path);
    let Some(protocol) = protocol else { return unserved(fixed, path) };
    if fixed.is_some_and(|fixed| fixed != protocol) {
        return Lookup::Unknown(fixed);
    }
    let protocol = Some(protocol);
    match calls.iter().find(|route| route.verb.method() == *method) {
        Some(route) => Lookup::Found(Found { what: What::Call(route), protocol, path }),
        None => {
            let verbs: Vec<_> = calls.iter().map(|route| route.verb.as_str()).collect();
            Lookup::OtherMethod { allow: verbs.join(", "), protocol }
        }
    }
}

/// The `POST` at a path.
pub fn post(path: &str) -> Option<&'static Route> {
    calls_at(path).1.into_iter().find(|route| route.verb == Verb::Post)
}

/// A path of the form `/v1/…` as it is below the provider's base URL.
pub fn below_base(provider: Provider, path: &str) -> &str {
    path.strip_prefix(facts(provider).base_has).unwrap_or(path)
}

/// The path where models of a protocol are usually called.
pub fn usual(protocol: Protocol) -> &'static str {
    facts(protocol.provider()).routes.first().map_or("/v1", |route| route.template)
}

/// Every call that is served, with its provider.
pub fn all() -> impl Iterator<Item = (Provider, &'static Route)> {
    Provider::ALL.into_iter().flat_map(|provider| facts(provider).routes.iter().map(move |route| (provider, route)))
}

/// Where models of that kind are called, if at a path that is served.
pub fn place_of(provider: Provider, mode: Mode) -> Option<&'static str> {
    facts(provider).routes.iter().find(|route| route.modes.contains(&mode)).map(|route| route.template)
}

fn models(path: &str) -> Option<What> {
    if path == "/v1/models" {
        return Some(What::Models);
    }
    path.strip_prefix("/v1/models/").and_then(model_id).map(What::Model)
}

/// The calls at a path, with their protocol. A name that has a meaning of its own is no id, and is found at less cost.
fn calls_at(path: &str) -> (Option<Protocol>, Vec<&'static Route>) {
    let named = calls_that(|route| route.template == path);
    if named.0.is_some() { named } else { calls_that(|route| route.is_at(path)) }
}

/// The calls of the first provider that has such, with its protocol.
fn calls_that(are: impl Fn(&Route) -> bool) -> (Option<Protocol>, Vec<&'static Route>) {
    for provider in Provider::ALL {
        let calls: Vec<_> = facts(provider).routes.iter().filter(|route| are(route)).collect();
        if !calls.is_empty() {
            return (Some(provider.protocol()), calls);
        }
    }
    (None, Vec::new())
}

/// The protocol that an `/openai` or `/anthropic` before a path fixes, and the path without it.
pub fn without_alias(path: &str) -> (Option<Protocol>, &str) {
    for (alias, protocol) in [("/openai", Protocol::OpenAi), ("/anthropic", Protocol::Anthropic)] {
        if let Some(rest) = path.strip_prefix(alias).filter(|rest| rest.starts_with('/')) {
            return (Some(protocol), rest);
        }
    }
    (None, path)
}

fn unserved(fixed: Option<Protocol>, path: &str) -> Lookup<'static> {
    let (later, protocol) = LATER;
    if is_or_below(path, later) && fixed.is_none_or(|fixed| fixed == protocol) {
        return Lookup::NotYet(protocol);
    }
    let bare = path.trim_end_matches('/');
    if let Some(protocol) = known(bare, fixed) {
        return if bare == path { Lookup::Unknown(fixed) } else { Lookup::SlashBehind(protocol) };
    }
    let plain = plain(bare);
    let (alias, rest) = without_alias(&plain);
    let fixed = fixed.or(alias);
    let meant = known(rest, fixed).or_else(|| misplaced(rest, fixed));
    meant.map_or(Lookup::Unknown(fixed), Lookup::WrongBase)
}

/// The path in small letters, and with one slash where there are several.
fn plain(path: &str) -> String {
    let small = path.to_ascii_lowercase();
    let parts: Vec<_> = small.split('/').filter(|part| !part.is_empty()).collect();
    format!("/{}", parts.join("/"))
}

/// The protocol of a known path behind a base URL that has too little or too much: no `/v1`, two of them, a whole path.
fn misplaced(path: &str, fixed: Option<Protocol>) -> Option<Protocol> {
    let without_v1 = |path: &str| known(&format!("/v1{path}"), fixed);
    let behind = path.match_indices('/').skip(1).find_map(|(at, _)| {
        let (before, rest) = path.split_at(at);
        if rest.starts_with("/v1/") { known(rest, fixed) } else { without_v1(rest).filter(|_| is_endpoint(before)) }
    });
    without_v1(path).or(behind)
}

/// Whether it is where models are called, here or in Azure's way, so that SDKs were given it as their base URL.
fn is_endpoint(path: &str) -> bool {
    let is_deployment = path.rsplit('/').nth(1) == Some("deployments");
    is_deployment || known(path, None).is_some()
}

/// The path without what a base URL that ends in slashes puts before it.
fn with_one_slash(path: &str) -> &str {
    let slashes = path.bytes().take_while(|byte| *byte == b'/').count();
    path.get(slashes.saturating_sub(1)..).unwrap_or(path)
}

/// The protocol of a known path, if none is fixed or that one. `/v1/models` is both's; where none is fixed it counts as
/// OpenAI's, because only its base URL has the `/v1`.
fn known(path: &str, fixed: Option<Protocol>) -> Option<Protocol> {
    if is_or_below(path, "/v1/models") {
        return fixed.or(Some(Protocol::OpenAi));
    }
    let (later, protocol) = LATER;
    let found = if is_or_below(path, later) { Some(protocol) } else { calls_at(path).0 };
    found.filter(|found| fixed.is_none_or(|fixed| fixed == *found))
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
    use http::HeaderValue;

    use super::*;

    fn look(method: &Method, path: &str) -> String {
        match look_up(method, path) {
            Lookup::Found(found) => format!("{:?} {:?}", found.what, found.protocol),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn served_paths() {
        for (method, path, expected) in [
            (Method::POST, "/v1/chat/completions", "Call(POST /v1/chat/completions) Some(OpenAi)"),
            (Method::POST, "/openai/v1/chat/completions", "Call(POST /v1/chat/completions) Some(OpenAi)"),
            (Method::POST, "/v1/completions", "Call(POST /v1/completions) Some(OpenAi)"),
            (Method::POST, "/openai/v1/embeddings", "Call(POST /v1/embeddings) Some(OpenAi)"),
            (Method::POST, "/v1/moderations", "Call(POST /v1/moderations) Some(OpenAi)"),
            (Method::POST, "/v1/messages", "Call(POST /v1/messages) Some(Anthropic)"),
            (Method::POST, "/anthropic/v1/messages", "Call(POST /v1/messages) Some(Anthropic)"),
            (Method::POST, "/v1/messages/count_tokens", "Call(POST /v1/messages/count_tokens) Some(Anthropic)"),
            (Method::GET, "/v1/models", "Models None"),
            (Method::HEAD, "/v1/models", "Models None"),
            (Method::GET, "/openai/v1/models", "Models Some(OpenAi)"),
            (Method::GET, "/v1/models/gpt-4o", "Model(\"gpt-4o\") None"),
            (Method::GET, "/v1/models/ft:gpt-4o:acme::x", "Model(\"ft:gpt-4o:acme::x\") None"),
            (Method::GET, "/anthropic/v1/models/a%2fb", "Model(\"a/b\") Some(Anthropic)"),
        ] {
            assert_eq!(look(&method, path), expected, "{path}");
        }
    }

    #[test]
    fn paths_of_the_protocols_are_told_from_others() {
        let (program, mut browser) = (HeaderMap::new(), HeaderMap::new());
        browser.insert(ACCEPT, HeaderValue::from_static("text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"));
        for path in [
            "/v1",
            "/V1/x",
            "/OpenAI/v1",
            "/v1/x",
            "/anthropic/v1/messages",
            "/messages",
            "/messages/count_tokens",
            "//v1/x",
        ] {
            assert!(is_of_a_protocol(path, &program) && is_of_a_protocol(path, &browser), "{path}");
        }
        for path in ["/", "//", "/api/v1/plans", "//api/v1/plans", "/v10", "/healthz", "/modelsx"] {
            assert!(!is_of_a_protocol(path, &program), "{path}");
        }
        for path in ["/models", "/models/gpt-4o"] {
            assert!(is_of_a_protocol(path, &program) && !is_of_a_protocol(path, &browser), "{path}");
        }
    }

    #[test]
    fn everything_else() {
        let get = Method::GET;
        for (path, expected) in [
            ("/v1/completions", "OtherMethod { allow: \"POST\", protocol: Some(OpenAi) }"),
            ("/v1/chat/completions", "Call(GET /v1/chat/completions) Some(OpenAi)"),
            ("/anthropic/v1/messages", "OtherMethod { allow: \"POST\", protocol: Some(Anthropic) }"),
            ("/v1/responses", "OtherMethod { allow: \"POST\", protocol: Some(OpenAi) }"),
            ("/v1/responses/resp_1", "Call(GET /v1/responses/{id}) Some(OpenAi)"),
            ("/v1/responses/resp_1/cancel", "OtherMethod { allow: \"POST\", protocol: Some(OpenAi) }"),
            ("/v1/responses/resp_1/input_items", "Call(GET /v1/responses/{id}/input_items) Some(OpenAi)"),
            ("/v1/responses/compact", "OtherMethod { allow: \"POST\", protocol: Some(OpenAi) }"),
            ("/v1/responses/..", "Unknown(None)"),
            ("/v1/responses/", "SlashBehind(OpenAi)"),
            ("/v1/messages/", "SlashBehind(Anthropic)"),
            ("/openai/v1/chat/completions//", "SlashBehind(OpenAi)"),
            ("/anthropic/v1/embeddings/", "Unknown(Some(Anthropic))"),
            ("/v1/responses/a%2Fb", "Unknown(None)"),
            ("/v1/chat/completions/chatcmpl-1", "Call(GET /v1/chat/completions/{id}) Some(OpenAi)"),
            ("/v1/realtime", "NotYet(OpenAi)"),
            ("/v1/audio/voices", "Unknown(None)"),
            ("/v1/audio", "Unknown(None)"),
            ("/v1/images/nothing", "Unknown(None)"),
            ("/v1/messages/count_tokens", "OtherMethod { allow: \"POST\", protocol: Some(Anthropic) }"),
            ("/anthropic/v1/embeddings", "Unknown(Some(Anthropic))"),
            ("/openai/v1/messages/count_tokens", "Unknown(Some(OpenAi))"),
            ("/v1/v1/embeddings", "WrongBase(OpenAi)"),
            ("/moderations", "WrongBase(OpenAi)"),
            ("/v1/embeddings/x", "Unknown(None)"),
            ("/anthropic/v1/responses", "Unknown(Some(Anthropic))"),
            ("/anthropic/v1/chat/completions", "Unknown(Some(Anthropic))"),
            ("/v1/v1/chat/completions", "WrongBase(OpenAi)"),
            ("/chat/completions", "WrongBase(OpenAi)"),
            ("/v1/v1/messages", "WrongBase(Anthropic)"),
            ("/messages", "WrongBase(Anthropic)"),
            ("/anthropic/v1/v1/models", "WrongBase(Anthropic)"),
            ("/models", "WrongBase(OpenAi)"),
            ("/models/gpt-4o", "WrongBase(OpenAi)"),
            ("//v1/models", "WrongBase(OpenAi)"),
            ("//v1/messages", "WrongBase(Anthropic)"),
            ("///v1/chat/completions", "WrongBase(OpenAi)"),
            ("//chat/completions", "WrongBase(OpenAi)"),
            ("//openai/v1/models", "WrongBase(OpenAi)"),
            ("//anthropic/v1/models", "WrongBase(Anthropic)"),
            ("//v1/nothing", "Unknown(None)"),
            // Paths of the provider's that are not served, and end as others do.
            ("/v1/threads/thread_1/messages", "Unknown(None)"),
            ("/v1/fine_tuning/chat/completions", "Unknown(None)"),
            ("//", "Unknown(None)"),
            ("/v1/messages/batches", "Unknown(None)"),
            ("/v1/nothing", "Unknown(None)"),
            ("/v1/models/", "SlashBehind(OpenAi)"),
            ("/v1/models/..", "Unknown(None)"),
            ("/v1/models/a%2F..%2Fb", "Unknown(None)"),
            ("/v1/models/a%20b", "Unknown(None)"),
            ("/v1/models/A%20b", "Unknown(None)"),
            ("/v1/models/a/b", "Unknown(None)"),
            ("/v1/chat/completionsx", "Unknown(None)"),
            ("/openaix/v1/models", "WrongBase(OpenAi)"),
            ("/openai/openai/v1/models", "WrongBase(OpenAi)"),
            ("/", "Unknown(None)"),
            ("", "Unknown(None)"),
        ] {
            assert_eq!(look(&get, path), expected, "{path}");
        }
        let put = look(&Method::PUT, "/v1/responses/resp_1");
        assert_eq!(put, "OtherMethod { allow: \"GET, DELETE\", protocol: Some(OpenAi) }");
        assert_eq!(look(&Method::POST, "/v1/models"), "OtherMethod { allow: \"GET, HEAD\", protocol: None }");
    }

    #[test]
    fn base_urls_that_people_paste() {
        for (path, expected) in [
            // A whole path as the base URL.
            ("/v1/chat/completions/v1/chat/completions", "WrongBase(OpenAi)"),
            ("/v1/chat/completions/chat/completions", "WrongBase(OpenAi)"),
            ("/v1/messages/v1/messages", "WrongBase(Anthropic)"),
            ("/v1/messages/v1/messages/count_tokens/", "WrongBase(Anthropic)"),
            ("/anthropic/v1/messages/v1/messages", "WrongBase(Anthropic)"),
            ("/openai/v1/messages/v1/messages", "Unknown(Some(OpenAi))"),
            // Another way to it.
            ("/v1/openai/v1/chat/completions", "WrongBase(OpenAi)"),
            ("/v1/anthropic/v1/messages", "WrongBase(Anthropic)"),
            ("/v1//chat/completions", "WrongBase(OpenAi)"),
            ("/v1//v1/messages", "WrongBase(Anthropic)"),
            ("/V1/chat/completions", "WrongBase(OpenAi)"),
            ("/V1/Messages", "WrongBase(Anthropic)"),
            ("/OpenAI/v1/responses", "WrongBase(OpenAi)"),
            ("/openai/deployments/gpt-4o/chat/completions", "WrongBase(OpenAi)"),
            ("/v1/openai/deployments/my-gpt/embeddings", "WrongBase(OpenAi)"),
        ] {
            assert_eq!(look(&Method::POST, path), expected, "{path}");
        }
    }

    #[test]
    fn base_urls_as_in_the_sdks() {
        assert_eq!(below_base(Provider::OpenAi, "/v1/chat/completions"), "/chat/completions");
        assert_eq!(below_base(Provider::Anthropic, "/v1/messages"), "/v1/messages");
    }
}
