//! Which headers pass, in both directions.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use ownkey_domain::payer::PayerKind;
use ownkey_domain::platform_key;
use ownkey_domain::provider::Provider;
use ownkey_providers::managed;
use ownkey_providers::route::Route;

use crate::error::{SOURCE_HEADER, Source};

/// Headers of ours start with this; the caller's own are never forwarded.
const OURS: &str = "x-ownkey-";

// Static, as is the list below: of a constant each look would make a copy.
static HOP_BY_HOP: [HeaderName; 9] = [
    header::CONNECTION,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

/// Beyond hop-by-hop and credentials: what tells of the caller's own surroundings.
const NOT_FORWARDED: [&str; 13] = [
    "authorization",
    "x-api-key",
    "cookie",
    "host",
    "content-length",
    "accept-encoding",
    "expect",
    "forwarded",
    "x-real-ip",
    "via",
    "origin",
    "referer",
    "http2-settings",
];

/// All that a managed call may carry besides the provider's own, whose values were looked at before.
const MANAGED: [&str; 3] = ["content-type", "accept", "user-agent"];
/// The one query that SDKs send to model paths, and that changes no price.
const MANAGED_QUERY: &str = "beta=true";

/// What a provider's answer may not set here.
const NOT_RELAYED: [&str; 14] = [
    "set-cookie",
    "strict-transport-security",
    "alt-svc",
    "server",
    "report-to",
    "reporting-endpoints",
    "nel",
    // What a browser would take for this origin's own word, about its storage, its workers, its pages.
    "clear-site-data",
    "service-worker-allowed",
    "refresh",
    "origin-agent-cluster",
    "set-login",
    "public-key-pins",
    "speculation-rules",
];

/// The same of every header whose name begins like this.
const NOT_RELAYED_PREFIXES: [&str; 3] = ["access-control-", "content-security-policy", OURS];

/// Says whose money a call is made with.
pub const PAYER: HeaderName = HeaderName::from_static("x-ownkey-payer");

/// Whether an answer is a provider's, to a call on the workspace's own key.
pub fn is_of_own_provider(answer: &HeaderMap) -> bool {
    let says = |name: &HeaderName, word: &str| answer.get(name).is_some_and(|value| value == word);
    says(&PAYER, PayerKind::Byok.as_str()) && !says(&SOURCE_HEADER, Source::Ownkey.as_str())
}

/// The request headers that go upstream: all but a deny-list on own-key calls, an allow-list on managed ones.
pub fn forwarded(from: &HeaderMap, payer: PayerKind, provider: Provider) -> HeaderMap {
    let named = connection_names(from);
    let mut to = HeaderMap::with_capacity(from.len() + 2);
    for (name, value) in from {
        let passes = match payer {
            PayerKind::Byok => passes_own(name, value),
            PayerKind::Managed => {
                let listed = MANAGED.iter().chain(managed::headers(provider)).any(|known| name == known);
                listed && !platform_key::appears_in(value.as_bytes())
            }
        };
        if passes && !named.contains(name) {
            to.append(name.clone(), value.clone());
        }
    }
    to.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    to
}

/// The query string that goes upstream: the caller's on own-key calls, next to none on managed ones, but where it was
/// looked at before.
pub fn forwarded_query<'q>(query: Option<&'q str>, payer: PayerKind, route: &Route) -> Option<&'q str> {
    query.filter(|text| payer == PayerKind::Byok || *text == MANAGED_QUERY || route.takes_query())
}

/// Whose of the caller's own accounts at a provider a request is for. A service is called on the operator's.
const ACCOUNTS: [&str; 2] = ["-organization", "-project"];

/// The request headers that go to a metered service: all but a deny-list. What its credential goes into is the
/// operator's.
pub fn to_service(from: &HeaderMap) -> HeaderMap {
    let is_account = |name: &HeaderName| ACCOUNTS.iter().any(|end| name.as_str().ends_with(end));
    let mut to = over_connection(from);
    let accounts: Vec<HeaderName> = to.keys().filter(|name| is_account(name)).cloned().collect();
    for name in accounts {
        to.remove(name);
    }
    to
}

/// The request headers that go out over a connection: all but a deny-list. The account there is the workspace's own.
pub fn over_connection(from: &HeaderMap) -> HeaderMap {
    let named = connection_names(from);
    let passing = from.iter().filter(|(name, value)| passes_own(name, value) && !named.contains(name));
    let mut to: HeaderMap = passing.map(|(name, value)| (name.clone(), value.clone())).collect();
    to.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    to
}

/// What a metered service's answer may say besides what a managed one may: of its body, nothing of the account.
static OF_THE_BODY: [HeaderName; 5] = [
    header::CONTENT_ENCODING,
    header::CONTENT_LANGUAGE,
    header::CONTENT_DISPOSITION,
    header::CONTENT_RANGE,
    header::ETAG,
];

/// The response headers of a metered service that reach the caller.
pub fn from_service(from: &HeaderMap) -> HeaderMap {
    let mut to = relayed(from, PayerKind::Managed);
    for (name, value) in from.iter().filter(|(name, _)| OF_THE_BODY.contains(name)) {
        to.append(name.clone(), value.clone());
    }
    to
}

fn passes_own(name: &HeaderName, value: &HeaderValue) -> bool {
    let text = name.as_str();
    let denied = HOP_BY_HOP.contains(name)
        || NOT_FORWARDED.contains(&text)
        || ["sec-", "x-forwarded-", OURS].iter().any(|prefix| text.starts_with(prefix));
    !denied && !platform_key::appears_in(value.as_bytes())
}

/// The response headers that reach the caller: most on own-key calls, next to none of the operator's account on
/// managed ones.
pub fn relayed(from: &HeaderMap, payer: PayerKind) -> HeaderMap {
    let named = connection_names(from);
    let mut to = HeaderMap::with_capacity(from.len() + 8);
    for (name, value) in from {
        let text = name.as_str();
        let passes = match payer {
            PayerKind::Byok => {
                !(HOP_BY_HOP.contains(name)
                    || NOT_RELAYED.contains(&text)
                    || NOT_RELAYED_PREFIXES.iter().any(|prefix| text.starts_with(prefix)))
            }
            PayerKind::Managed => {
                *name == header::CONTENT_TYPE || text.starts_with("retry-after") || text == "x-should-retry"
            }
        };
        if passes && !named.contains(name) {
            to.append(name.clone(), value.clone());
        }
    }
    to
}

/// Names that `connection` declares to be of this hop only (RFC 9110, 7.6.1).
fn connection_names(headers: &HeaderMap) -> Vec<HeaderName> {
    headers
        .get_all(header::CONNECTION)
        .iter()
        .flat_map(|list| list.as_bytes().split(|byte| *byte == b','))
        .filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(n, v)| (HeaderName::from_static(n), HeaderValue::from_str(v).unwrap())).collect()
    }

    #[test]
    fn an_own_key_call_keeps_what_is_the_callers_business() {
        let (_, key) = platform_key::generate(&[3; platform_key::ENTROPY_LEN]);
        let from = headers(&[
            ("anthropic-beta", "a"),
            ("anthropic-beta", "b"),
            ("openai-organization", "org"),
            ("x-stainless-lang", "python"),
            ("authorization", "Bearer x"),
            ("x-api-key", "y"),
            ("cookie", "c"),
            ("x-ownkey-agent", "lead"),
            ("x-ownkey-user", "ada"),
            ("sec-fetch-mode", "cors"),
            ("x-forwarded-for", "1.2.3.4"),
            ("origin", "https://a"),
            ("connection", "close, X-Secret"),
            ("x-secret", "s"),
            ("accept-encoding", "gzip"),
            ("x-note", &format!("my key is {key}")),
            ("te", "trailers"),
        ]);
        let to = forwarded(&from, PayerKind::Byok, Provider::OpenAi);
        let mut names: Vec<_> = to.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["accept-encoding", "anthropic-beta", "openai-organization", "x-stainless-lang"]);
        assert_eq!(to.get_all("anthropic-beta").iter().count(), 2);
        assert_eq!(to["accept-encoding"], "identity");
    }

    #[test]
    fn a_managed_call_carries_nothing_of_the_callers_account() {
        let from = headers(&[
            ("content-type", "application/json"),
            ("openai-organization", "org"),
            ("anthropic-version", "2023-06-01"),
            ("x-anything", "1"),
            ("x-ownkey-user", "ada"),
        ]);
        for (provider, passed) in [
            (Provider::OpenAi, &["accept-encoding", "content-type"][..]),
            (Provider::Anthropic, &["accept-encoding", "anthropic-version", "content-type"]),
        ] {
            let to = forwarded(&from, PayerKind::Managed, provider);
            let mut names: Vec<_> = to.keys().map(HeaderName::as_str).collect();
            names.sort_unstable();
            assert_eq!(names, passed);
        }
    }

    #[test]
    fn a_service_gets_nothing_of_the_callers_credentials_and_tells_nothing_of_the_operators() {
        let (_, key) = platform_key::generate(&[3; platform_key::ENTROPY_LEN]);
        let from = headers(&[
            ("content-type", "audio/mpeg"),
            ("x-tool", "gmail"),
            ("authorization", "Bearer x"),
            ("openai-organization", "org"),
            ("openai-project", "proj"),
            ("x-ownkey-user", "ada"),
            ("x-note", &key),
            ("connection", "x-hop"),
            ("x-hop", "1"),
        ]);
        let to = to_service(&from);
        let mut names: Vec<_> = to.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["accept-encoding", "content-type", "x-tool"]);
        let answer = headers(&[
            ("content-type", "audio/mpeg"),
            ("content-disposition", "inline"),
            ("x-account", "acct_1"),
            ("set-cookie", "a=b"),
            ("content-length", "9"),
        ]);
        let back = from_service(&answer);
        let mut names: Vec<_> = back.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["content-disposition", "content-type"]);
    }

    #[test]
    fn answers_lose_what_is_not_the_callers() {
        let from = headers(&[
            ("retry-after", "3"),
            ("x-ratelimit-limit-requests", "9"),
            ("set-cookie", "a=b"),
            ("clear-site-data", "\"*\""),
            ("service-worker-allowed", "/"),
            ("refresh", "0; url=https://evil.example"),
            ("access-control-allow-origin", "*"),
            ("transfer-encoding", "chunked"),
            ("x-request-id", "r"),
            ("x-ownkey-payer", "byok"),
        ]);
        let own = relayed(&from, PayerKind::Byok);
        assert_eq!(own.len(), 3);
        assert!(own.contains_key("x-request-id") && own.contains_key("x-ratelimit-limit-requests"));
        assert_eq!(relayed(&from, PayerKind::Managed).len(), 1);
    }
}
