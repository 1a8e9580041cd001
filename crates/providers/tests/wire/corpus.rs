//! Every collected error is classified as the collection says. Above all: nothing but a refusal of the key itself
//! is ever taken for one.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use ownkey_domain::provider::Provider;
use ownkey_domain::verdict::Verdict;
use ownkey_providers::error_class::{ErrorClass, classify};
use ownkey_providers::paths::{post, usual};
use ownkey_providers::route::Route;
use ownkey_providers::stream::{StreamMeter, Terminal};
use serde::Deserialize;
use serde_json::Value;

/// Answers that look exactly like others which mean something else; the collection knows more than the wire shows.
const INDISTINGUISHABLE: [(&str, ErrorClass); 4] = [
    // The answer to an unknown key. Such a key is told by its prefix and not sent.
    ("anthropic.admin_key_for_inference", ErrorClass::KeyRefused),
    // It looks like any rate limit.
    ("anthropic.billing.claude_code_workspace_limit", ErrorClass::RateLimited { retry_after: Some(SEVEN_SECONDS) }),
    // The upgrade of a WebSocket, without a body. A 403 without one is as likely a proxy's.
    ("openai.realtime.no_access", ErrorClass::NotAboutTheKey),
    // "Request too large" for a limit that the request alone exceeds: another request may succeed.
    ("openai.rate.request_too_large", ErrorClass::AboutTheRequest),
];
const SEVEN_SECONDS: std::time::Duration = std::time::Duration::from_secs(7);

#[derive(Deserialize)]
struct Entry {
    id: String,
    provider: Provider,
    transport: String,
    status: Option<u16>,
    headers: std::collections::BTreeMap<String, String>,
    body: Value,
    verdict: String,
    key_accepted: String,
}

impl Entry {
    fn all() -> Vec<Self> {
        serde_json::from_str(include_str!("../corpus.json")).unwrap()
    }

    /// One class, whatever the status where it is not known.
    fn class(&self) -> ErrorClass {
        if self.transport == "sse_event" {
            return self.class_in_stream();
        }
        let body = self.body.as_str().map_or_else(|| self.body.to_string(), str::to_owned);
        let statuses = self.status.map_or(vec![400, 401, 403], |status| vec![status]);
        let classes: Vec<_> = statuses
            .into_iter()
            .map(|status| {
                classify(self.provider, StatusCode::from_u16(status).unwrap(), &self.headers(), body.as_bytes())
            })
            .collect();
        assert!(classes.iter().all(|class| *class == classes[0]), "{}: {classes:?}", self.id);
        classes[0]
    }

    /// The path whose streams have such events.
    fn route(&self) -> &'static Route {
        let data = if self.body["data"].is_object() { &self.body["data"] } else { &self.body };
        let is_response = self.provider == Provider::OpenAi && data["type"].is_string();
        post(if is_response { "/v1/responses" } else { usual(self.provider.protocol()) }).unwrap()
    }

    fn class_in_stream(&self) -> ErrorClass {
        let name = self.body["event"].as_str().map_or_else(String::new, |name| format!("event: {name}\n"));
        let end = self.body["then"].as_str().map_or_else(String::new, |end| format!("{end}\n\n"));
        let mut meter = StreamMeter::new(self.route(), 1);
        meter.feed(format!("{name}data: {}\n\n{end}", self.body["data"]).as_bytes());
        match meter.finish().terminal {
            Some(Terminal::Error(class)) => class,
            other => panic!("{}: {other:?}", self.id),
        }
    }

    fn headers(&self) -> HeaderMap {
        self.headers
            .iter()
            .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap()))
            .collect()
    }
}

#[test]
fn every_error_says_what_the_collection_says() {
    for entry in Entry::all() {
        let class = entry.class();
        if let Some((_, known)) = INDISTINGUISHABLE.iter().find(|(id, _)| *id == entry.id) {
            assert_eq!(class, *known, "{}", entry.id);
            continue;
        }
        let agrees = match entry.verdict.as_str() {
            // Which of the two it is shows the prefix, before anything is sent.
            "wrong_provider" | "malformed" => matches!(class, ErrorClass::KeyRefused | ErrorClass::NotAboutTheKey),
            "not_about_the_key" => class.verdict().is_none() || class == ErrorClass::ModelNotFound,
            verdict => class.verdict().map(Verdict::as_str) == Some(verdict),
        };
        assert!(agrees, "{}: {class:?} for {}", entry.id, entry.verdict);
    }
}

#[test]
fn nothing_else_is_taken_for_a_refusal_of_the_key() {
    for entry in Entry::all().iter().filter(|entry| entry.class() == ErrorClass::KeyRefused) {
        let expected = ["invalid", "wrong_provider", "malformed"].contains(&entry.verdict.as_str());
        assert!(expected || INDISTINGUISHABLE.iter().any(|(id, _)| *id == entry.id), "{}", entry.id);
    }
}

#[test]
fn what_is_said_to_prove_the_key_is_never_said_of_a_refused_one() {
    for entry in Entry::all() {
        assert!(entry.key_accepted != "no" || !entry.class().proves_the_key(), "{}", entry.id);
    }
}

#[test]
fn the_time_to_wait_is_read() {
    let limited = Entry::all().into_iter().filter(|entry| entry.headers.contains_key("retry-after"));
    let waits: Vec<_> = limited.map(|entry| entry.class()).collect();
    assert!(waits.contains(&ErrorClass::RateLimited { retry_after: Some(SEVEN_SECONDS) }));
}

#[test]
fn answers_of_somebody_else_say_nothing_of_the_key() {
    for provider in Provider::ALL {
        for body in [
            "",
            "Unauthorized",
            "<html>401</html>",
            "{\"message\":\"invalid x-api-key\"}",
            "[]",
            "{\"error\":\"invalid_api_key\"}",
        ] {
            for status in [401, 403] {
                let class =
                    classify(provider, StatusCode::from_u16(status).unwrap(), &HeaderMap::new(), body.as_bytes());
                assert_eq!(class, ErrorClass::NotAboutTheKey, "{provider} {status} {body}");
            }
        }
    }
}
