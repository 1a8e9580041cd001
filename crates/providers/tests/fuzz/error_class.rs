//! Any bytes of a provider's error have a class, and only what the provider itself says can be held against the key.

use http::{HeaderMap, HeaderValue, StatusCode};
use ownkey_domain::provider::Provider;
use ownkey_providers::error_class::{ErrorClass, classify, classify_event};
use serde_json::Value;

/// The input is the body, and its first line the time to wait.
pub fn target(input: &[u8]) {
    let json: Value = serde_json::from_slice(input).unwrap_or_default();
    let mut headers = HeaderMap::new();
    let line = input.split(|byte| *byte == b'\n').next().unwrap_or_default();
    if let Ok(value) = HeaderValue::from_bytes(line) {
        headers.insert("retry-after", value.clone());
        headers.insert("retry-after-ms", value);
    }
    for provider in Provider::ALL {
        for status in [400, 401, 402, 403, 404, 408, 409, 413, 422, 429, 500, 503, 529, 599] {
            let class = classify(provider, StatusCode::from_u16(status).unwrap(), &headers, input);
            assert!(json["error"].is_object() || class != ErrorClass::KeyRefused, "{provider} {status}");
            assert!(!(class.proves_the_key() && class == ErrorClass::KeyRefused));
        }
        let class = classify_event(provider, &json);
        assert!(json["error"].is_object() || class.verdict().is_none(), "{provider}: {class:?}");
    }
}

#[test]
fn corpus() {
    crate::drive::corpus("error_class", target);
}

#[test]
fn random() {
    const KEYS: &[&str] = &[
        "\"error\"",
        "\"error\"",
        "\"type\"",
        "\"code\"",
        "\"message\"",
        "\"param\"",
        "\"details\"",
        "\"error_code\"",
    ];
    const LEAVES: &[&str] = &[
        "null",
        "\"authentication_error\"",
        "\"invalid_api_key\"",
        "\"insufficient_quota\"",
        "\"invalid x-api-key\"",
        "\"model_not_found\"",
        "\"rate_limit_exceeded\"",
        "\"credit balance is too low\"",
        "401",
        "{}",
        "[]",
        "\"\"",
    ];
    crate::drive::random("error_class", target, crate::drive::CASES, crate::json::json(KEYS, LEAVES));
}
