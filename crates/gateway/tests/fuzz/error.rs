//! Our own errors have the shape of the protocol called, whatever they say and wherever a stream broke off.

use http::StatusCode;
use ownkey_domain::provider::Protocol;
use ownkey_gateway::error::{Code, Error};
use serde_json::Value;

/// The input is the message, and what a stream has said before.
pub fn target(input: &[u8]) {
    let message = String::from_utf8_lossy(input);
    for (code, status) in
        [(Code::BadRequest, 400), (Code::Overloaded, 503), (Code::ModelNotFound, 404), (Code::ProviderUnavailable, 529)]
    {
        let error = Error::new(code, message.clone()).with_status(StatusCode::from_u16(status).unwrap());
        for protocol in [Protocol::OpenAi, Protocol::Anthropic] {
            let body: Value = serde_json::from_slice(&error.body(protocol, Some("req_1"))).unwrap();
            has_the_shape(&body, protocol, &message, code);
            assert_eq!(error.respond(protocol, None).headers()["x-ownkey-error"], code.as_str());
            for is_named in [false, true] {
                let event = error.event(protocol, is_named, Some("req_1"));
                let (name, data) = last_event(&[input, &event].concat());
                assert_eq!(name.as_deref(), is_named.then_some("error"));
                let data: Value = serde_json::from_str(&data).unwrap();
                has_the_shape(&data, protocol, &message, code);
                assert!(!is_named || data["type"] == "error");
            }
        }
    }
}

fn has_the_shape(body: &Value, protocol: Protocol, message: &str, code: Code) {
    let error = &body["error"];
    assert_eq!((error["message"].as_str(), error["code"].as_str()), (Some(message), Some(code.as_str())));
    assert!(error["type"].as_str().is_some_and(|kind| !kind.is_empty()));
    match protocol {
        Protocol::OpenAi => assert!(error.as_object().unwrap().contains_key("param")),
        Protocol::Anthropic => assert_eq!((&body["type"], &body["request_id"]), (&"error".into(), &"req_1".into())),
    }
}

/// The name and the data of the last event, as the standard reads a stream.
fn last_event(stream: &[u8]) -> (Option<String>, String) {
    let text = String::from_utf8_lossy(stream).replace("\r\n", "\n").replace('\r', "\n");
    assert!(text.ends_with("\n\n"));
    let event = text.trim_end_matches('\n').rsplit("\n\n").next().unwrap_or_default();
    let all = |field: &str| {
        let lines = event.lines().filter_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
        lines.map(|value| value.strip_prefix(' ').unwrap_or(value).to_owned()).collect::<Vec<_>>()
    };
    (all("event").pop(), all("data").join("\n"))
}

#[test]
fn corpus() {
    crate::drive::corpus("error", target);
}

#[test]
fn random() {
    const PIECES: &[&str] = &[
        "data: {\"a\":",
        "event: x",
        "\n",
        "\r",
        "\r\n",
        "\n\n",
        "\"",
        "\\",
        "\0",
        "\u{2028}",
        "\u{e9}",
        "data: [DONE]",
        "a b",
    ];
    crate::drive::random("error", target, crate::drive::CASES, crate::drive::soup(PIECES));
}
