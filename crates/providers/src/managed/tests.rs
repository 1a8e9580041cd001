use ownkey_domain::catalogue::Catalogue;
use ownkey_domain::provider::Provider::{Anthropic, OpenAi};
use serde_json::json;

use super::*;
use crate::paths::{post, usual};

fn json_body(bytes: &[u8]) -> Payload<'_> {
    Payload { bytes, kind: Some(b"application/json") }
}

fn usual_route(provider: Provider) -> &'static Route {
    post(usual(provider.protocol())).unwrap()
}

fn ask_at(path: &str, body: Value) -> Result<Shape, Objection> {
    let catalogue = Catalogue::builtin().unwrap();
    let model = body["model"].as_str().and_then(|name| catalogue.find(name));
    look_through(post(path).unwrap(), model, json_body(body.to_string().as_bytes()), &Extensions::default())
}

#[test]
fn each_path_has_a_list_of_its_own() {
    for (path, body, refused) in [
        ("/v1/embeddings", json!({"model": "m", "input": ["a", "b"], "dimensions": 8}), None),
        ("/v1/embeddings", json!({"model": "m", "input": "a", "messages": []}), Some("`messages`")),
        ("/v1/moderations", json!({"input": "a"}), None),
        ("/v1/moderations", json!({"input": "a", "stream": true}), Some("`stream`")),
        ("/v1/completions", json!({"model": "m", "prompt": "a", "best_of": 2, "stream_options": {}}), None),
        ("/v1/completions", json!({"model": "m", "prompt": "a", "service_tier": "flex"}), Some("`service_tier`")),
        ("/v1/responses", json!({"model": "m", "input": "a", "previous_response_id": null, "background": false}), None),
        ("/v1/responses", json!({"model": "m", "input": "a", "background": true}), Some("`background`")),
        ("/v1/responses", json!({"model": "m", "input": [{"type": "mcp_call"}]}), Some("`mcp_call`")),
        (
            "/v1/responses",
            json!({"model": "m", "input": "a", "tools": [{"type": "image_generation"}]}),
            Some("`image_gen"),
        ),
        ("/v1/responses/input_tokens", json!({"model": "m", "input": "a"}), None),
        ("/v1/responses/input_tokens", json!({"model": "m", "input": "a", "store": true}), Some("`store`")),
        ("/v1/responses/compact", json!({"model": "m", "input": "a"}), Some("`/v1/responses/compact`")),
        ("/v1/audio/speech", json!({"model": "m", "input": "a", "voice": "alloy", "stream_format": "sse"}), None),
        ("/v1/audio/speech", json!({"model": "m", "input": "a", "voice": "alloy"}), Some("`stream_format`")),
        ("/v1/images/generations", json!({"model": "m", "prompt": "a", "n": 2}), None),
        ("/v1/images/generations", json!({"model": "m", "prompt": "a", "tools": []}), Some("`tools`")),
        ("/v1/images/variations", json!({"model": "m"}), Some("`/v1/images/variations`")),
        ("/v1/messages/count_tokens", json!({"model": "m", "messages": [], "tools": [{"name": "t"}]}), None),
        ("/v1/messages/count_tokens", json!({"model": "m", "messages": [], "max_tokens": 1}), Some("`max_tokens`")),
    ] {
        match (ask_at(path, body.clone()), refused) {
            (Ok(_), None) => {}
            (Err(Objection::NotPriced(what)), Some(named)) => assert!(what.contains(named), "{path} {body}: {what}"),
            (other, _) => panic!("{path} {body}: {other:?}"),
        }
    }
}

fn ask(provider: Provider, more: Value) -> Result<Shape, Objection> {
    let model = if provider == OpenAi { "gpt-5" } else { "claude-opus-4-6" };
    let mut body = json!({"model": model, "messages": [{"role": "user", "content": "Hello"}]});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    let catalogue = Catalogue::builtin().unwrap();
    look_through(
        usual_route(provider),
        catalogue.find(model),
        json_body(body.to_string().as_bytes()),
        &Extensions::default(),
    )
}

fn content(block: Value) -> Value {
    json!({"messages": [{"role": "user", "content": [block]}]})
}

#[test]
fn what_sdks_send_every_day_passes() {
    let base64 = json!({"type": "base64", "media_type": "image/png", "data": "AA=="});
    for (provider, more) in [
        (
            Anthropic,
            json!({"max_tokens": 1, "system": [{"type": "text", "text": "x", "cache_control": {"type": "ephemeral", "ttl": "1h"}}]}),
        ),
        (
            Anthropic,
            json!({"thinking": {"type": "enabled", "budget_tokens": 1024}, "metadata": {"user_id": "u"}, "container": null}),
        ),
        (
            Anthropic,
            json!({"tools": [{"name": "t", "input_schema": {"type": "object"}}, {"type": "bash_20250124", "name": "bash"}]}),
        ),
        (Anthropic, content(json!({"type": "image", "source": base64}))),
        (
            Anthropic,
            content(json!({"type": "tool_use", "id": "1", "name": "t", "input": {"file_id": "mine", "type": "file"}})),
        ),
        (Anthropic, json!({"service_tier": "auto", "inference_geo": "global", "mcp_servers": []})),
        (OpenAi, json!({"tools": [{"type": "function", "function": {"name": "f"}}], "tool_choice": "auto", "n": 2})),
        (OpenAi, json!({"service_tier": "flex", "response_format": {"type": "json_object"}, "stream_options": {}})),
        (OpenAi, content(json!({"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}))),
        (OpenAi, content(json!({"type": "file", "file": {"file_data": "data:", "filename": "a.pdf"}}))),
    ] {
        assert!(ask(provider, more.clone()).is_ok(), "{more}: {:?}", ask(provider, more.clone()));
    }
    let shape = ask(OpenAi, json!({"tools": [{"type": "function"}]})).unwrap();
    assert_eq!(shape, Shape { messages: 1, has_tools: true });
}

#[test]
fn what_has_fees_of_its_own_is_named() {
    for (provider, more, named) in [
        (Anthropic, json!({"surprise": 1}), "`surprise`"),
        (Anthropic, json!({"fallbacks": []}), "`fallbacks`"),
        (Anthropic, json!({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}), "`web_search_20250305`"),
        (Anthropic, json!({"tools": [{"type": 5}]}), "odd"),
        (Anthropic, json!({"speed": "fast"}), "`speed`"),
        (Anthropic, json!({"inference_geo": "us"}), "`inference_geo`"),
        (Anthropic, json!({"service_tier": "ultra"}), "`ultra`"),
        (Anthropic, json!({"context_management": {"edits": [{"type": "compact_20260112"}]}}), "`compact_20260112`"),
        (Anthropic, json!({"mcp_servers": [{"url": "https://example.com"}]}), "`mcp_servers`"),
        (OpenAi, json!({"web_search_options": {}}), "`web_search_options`"),
        (OpenAi, json!({"background": true}), "`background`"),
        (OpenAi, json!({"service_tier": "scale"}), "`scale`"),
        (OpenAi, json!({"tools": [{"type": "code_interpreter"}]}), "`code_interpreter`"),
        (OpenAi, content(json!({"type": "video"})), "`video`"),
        (OpenAi, json!({"sk-proj-a-key-in-the-wrong-place": 1}), "odd"),
    ] {
        match ask(provider, more.clone()) {
            Err(Objection::NotPriced(what)) => assert!(what.contains(named), "{more}: {what}"),
            other => panic!("{more}: {other:?}"),
        }
    }
}

#[test]
fn objects_of_the_operators_account_are_out_of_reach() {
    let file = json!({"type": "file", "file_id": "file_1"});
    let document = json!({"type": "document", "source": file});
    for (provider, more) in [
        (Anthropic, content(document.clone())),
        (Anthropic, content(json!({"type": "tool_result", "tool_use_id": "1", "content": [document]}))),
        (Anthropic, json!({"container": "container_1"})),
        (OpenAi, content(json!({"type": "file", "file": {"file_id": "file-1"}}))),
        (OpenAi, json!({"messages": [{"role": "assistant", "audio": {"id": "audio_1"}}]})),
        (OpenAi, json!({"audio": {"voice": {"id": "voice_1"}, "format": "mp3"}})),
    ] {
        assert!(matches!(ask(provider, more.clone()), Err(Objection::Reference(_))), "{more}");
    }
    let upload = content(json!({"type": "container_upload", "file_id": "file_1"}));
    assert!(ask(Anthropic, upload).is_err());
}

#[test]
fn two_readers_see_one_request() {
    for body in [
        r#"{"tools":[{"type":"code_interpreter"}],"tools":[]}"#,
        r#"{"messages":[{"content":[{"type":"file","type":"text"}]}]}"#,
        r#"{"a":1,"\u0061":2}"#,
    ] {
        assert_eq!(
            look_through(usual_route(OpenAi), None, json_body(body.as_bytes()), &Extensions::default()),
            Err(Objection::Duplicate)
        );
    }
}

#[test]
fn betas_are_listed_or_allowed() {
    let more = Extensions { betas: vec!["mine-2026".to_owned()], tools: vec!["web_search_20250305".to_owned()] };
    assert!(look_at_beta(Anthropic, "interleaved-thinking-2025-05-14", &more).is_ok());
    assert!(look_at_beta(Anthropic, "mine-2026", &more).is_ok());
    assert!(look_at_beta(Anthropic, "fast-mode-2026-02-01", &more).is_err());
    let body = br#"{"tools":[{"type":"web_search_20250305"}]}"#;
    assert!(look_through(usual_route(Anthropic), None, json_body(body), &more).is_ok());
}
