//! What a managed caller is told of a provider's refusal: the few members that SDKs read, in the protocol's shape, and
//! nothing of the operator's key or account.

use ownkey_domain::provider::Protocol;
use ownkey_gateway::fuzzing::about_the_request;
use ownkey_vault::{ProviderKey, Secret};
use serde_json::Value;

use crate::filled::filled;

const KEY: &str = "sk-proj-Qm7xT2vR9pL4wZ8kN1cB6yH3jD5fG0sA";
/// `sk-proj-` is known to everyone.
const PUBLIC: usize = 8;
const WINDOW: usize = 12;

/// The input is the body of the provider's error; `{KEY}` stands for the operator's key, `{ESCAPED}` for the same in
/// another spelling of JSON.
pub fn target(input: &[u8]) {
    let key = ProviderKey::new(Secret::from(KEY.to_owned())).unwrap();
    let escaped: String = KEY.bytes().map(|byte| format!("\\u{byte:04x}")).collect();
    let body = filled(&filled(input, "{KEY}", KEY.as_bytes()), "{ESCAPED}", escaped.as_bytes());
    let said: Value = serde_json::from_slice(&body).unwrap_or_default();
    for protocol in [Protocol::OpenAi, Protocol::Anthropic] {
        let told = about_the_request(&body, &key, protocol);
        assert_eq!(told.is_some(), said["error"]["message"].is_string());
        let Some(told) = told else { continue };
        let told: Value = serde_json::from_slice(&told).unwrap();
        let members: Vec<_> = told["error"].as_object().unwrap().iter().collect();
        let names: Vec<_> = members.iter().map(|(name, _)| name.as_str()).collect();
        let expected: &[&str] = match protocol {
            Protocol::OpenAi => &["code", "message", "param", "type"],
            Protocol::Anthropic => &["message", "type"],
        };
        assert_eq!(names, expected);
        assert!(told["error"]["message"].is_string());
        for text in members.iter().filter_map(|(_, value)| value.as_str()) {
            discreet(text);
        }
    }
}

fn discreet(text: &str) {
    let mut pieces = KEY.as_bytes()[PUBLIC..].windows(WINDOW);
    assert!(!pieces.any(|piece| text.as_bytes().windows(WINDOW).any(|window| window == piece)), "{text}");
    // Ids are drawn by lot; a word of small letters is the caller's own.
    let drawn = |tail: &str| tail.bytes().any(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
    let mut words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_');
    let ids = ["org-", "proj_", "wrkspc_", "user-", "file-"];
    assert!(!words.any(|word| ids.iter().any(|id| word.strip_prefix(id).is_some_and(drawn))), "{text}");
}

#[test]
fn corpus() {
    crate::drive::corpus("refusal", target);
}

#[test]
fn random() {
    const PIECES: &[&str] = &[
        "{\"error\":{\"message\":\"",
        "\",\"type\":\"",
        "\",\"code\":\"",
        "\",\"param\":\"",
        "\"}}",
        "{KEY}",
        "{ESCAPED}",
        "org-AbC1",
        "proj_x",
        " ",
        "-",
        "\\u006frg-x",
        "\\n",
        "\u{e9}",
        "Qm7xT2vR9pL4",
        "[redacted]",
    ];
    crate::drive::random("refusal", target, crate::drive::CASES, crate::drive::soup(PIECES));
}
