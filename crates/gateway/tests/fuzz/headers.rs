//! What passes of headers, held against the lists of the contract: no credential, nothing of one hop only and nothing
//! with a platform key goes out, and all else does.

use http::header::{HeaderMap, HeaderName, HeaderValue};
use ownkey_domain::payer::PayerKind;
use ownkey_domain::platform_key::{ENTROPY_LEN, generate};
use ownkey_domain::provider::Provider;
use ownkey_gateway::fuzzing::{forwarded, relayed};

use crate::filled::filled;

const OF_ONE_HOP: [&str; 9] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];
const CREDENTIALS: [&str; 3] = ["authorization", "x-api-key", "cookie"];
const OF_THE_CALLER: [&str; 10] = [
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
const OF_THE_CALLER_BY_PREFIX: [&str; 3] = ["x-forwarded-", "x-ownkey-", "sec-"];
const MANAGED: [&str; 5] = ["content-type", "accept", "user-agent", "anthropic-version", "anthropic-beta"];

const NOT_RELAYED: [&str; 6] = ["set-cookie", "strict-transport-security", "alt-svc", "server", "report-to", "nel"];
const NOT_RELAYED_BY_PREFIX: [&str; 3] = ["access-control-", "content-security-policy", "x-ownkey-"];

/// The input is lines of headers; `{KEY}` stands for a platform key.
pub fn target(input: &[u8]) {
    let (_, key) = generate(&[7; ENTROPY_LEN]);
    let headers = parsed(&filled(input, "{KEY}", key.as_bytes()));
    let of_one_hop = names_of_one_hop(&headers);
    let is_of_one_hop = |name: &str| OF_ONE_HOP.contains(&name) || of_one_hop.iter().any(|known| known == name);
    let has_key = |value: &HeaderValue| value.as_bytes().windows(key.len()).any(|window| window == key.as_bytes());
    for provider in Provider::ALL {
        let own = |name: &str, value: &HeaderValue| {
            let is_callers = CREDENTIALS.contains(&name) || OF_THE_CALLER.contains(&name);
            let by_prefix = OF_THE_CALLER_BY_PREFIX.iter().any(|prefix| name.starts_with(prefix));
            !(is_of_one_hop(name) || is_callers || by_prefix || has_key(value))
        };
        let out = forwarded(&headers, PayerKind::Byok, provider);
        assert_eq!(lines(&out, |name, _| name != "accept-encoding"), lines(&headers, own));
        assert_eq!(out.get_all("accept-encoding").iter().collect::<Vec<_>>(), ["identity"]);
        let managed = |name: &str, value: &HeaderValue| {
            let is_listed =
                MANAGED.contains(&name) && (provider == Provider::Anthropic || !name.starts_with("anthropic-"));
            is_listed && !is_of_one_hop(name) && !has_key(value)
        };
        let out = forwarded(&headers, PayerKind::Managed, provider);
        assert_eq!(lines(&out, |name, _| name != "accept-encoding"), lines(&headers, managed));
    }
    let own = |name: &str, _: &HeaderValue| {
        let by_prefix = NOT_RELAYED_BY_PREFIX.iter().any(|prefix| name.starts_with(prefix));
        !(is_of_one_hop(name) || NOT_RELAYED.contains(&name) || by_prefix)
    };
    assert_eq!(lines(&relayed(&headers, PayerKind::Byok), |_, _| true), lines(&headers, own));
    let managed = |name: &str, _: &HeaderValue| {
        (name == "content-type" || name.starts_with("retry-after") || name == "x-should-retry") && !is_of_one_hop(name)
    };
    assert_eq!(lines(&relayed(&headers, PayerKind::Managed), |_, _| true), lines(&headers, managed));
}

/// Lines that are headers.
fn parsed(text: &[u8]) -> HeaderMap {
    let lines = text.split(|byte| *byte == b'\n').filter_map(|line| {
        let at = line.iter().position(|byte| *byte == b':')?;
        let name = HeaderName::from_bytes(&line[..at]).ok()?;
        Some((name, HeaderValue::from_bytes(line[at + 1..].trim_ascii()).ok()?))
    });
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(name, value);
    }
    headers
}

/// What `connection` names, in small letters.
fn names_of_one_hop(headers: &HeaderMap) -> Vec<String> {
    let values =
        headers.get_all("connection").iter().map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    values.flat_map(|list| list.split(',').map(|name| name.trim().to_ascii_lowercase()).collect::<Vec<_>>()).collect()
}

/// Headers with these properties, sorted by name; values of one name in their order.
fn lines(headers: &HeaderMap, passes: impl Fn(&str, &HeaderValue) -> bool) -> Vec<(String, HeaderValue)> {
    let all = headers.iter().filter(|(name, value)| passes(name.as_str(), value));
    let mut lines: Vec<_> = all.map(|(name, value)| (name.as_str().to_owned(), value.clone())).collect();
    lines.sort_by(|one, other| one.0.cmp(&other.0));
    lines
}

#[test]
fn corpus() {
    crate::drive::corpus("headers", target);
}

#[test]
fn random() {
    const PIECES: &[&str] = &[
        "\n",
        "\n",
        "\n",
        "connection: ",
        "Connection: close, ",
        "authorization: Bearer ",
        "x-api-key: ",
        "{KEY}",
        "cookie: a",
        "te: trailers",
        "x-forwarded-for: 1",
        "x-ownkey-user: a",
        "sec-fetch-mode: cors",
        "x-secret: s",
        "x-secret",
        "anthropic-beta: a",
        "content-type: a/b",
        "retry-after-ms: 1",
        "content-security-policy-x: a",
        "Accept-Encoding: gzip",
        ",",
        " ",
        "\u{e9}",
        "x-note: ",
        "proxy-connection: a",
    ];
    crate::drive::random("headers", target, crate::drive::CASES, crate::drive::soup(PIECES));
}
