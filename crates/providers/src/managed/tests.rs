use ownkey_domain::catalogue::Catalogue;
use ownkey_domain::platform_key;
use ownkey_domain::provider::Provider::{Anthropic, OpenAi};
use ownkey_domain::usage::{TokenClass, Usage};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn ask(provider: Provider, more: Value) -> Result<Shape, Objection> {
    let model = if provider == OpenAi { "gpt-5" } else { "claude-opus-4-6" };
    let mut body = json!({"model": model, "messages": [{"role": "user", "content": "Hello"}]});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    world(provider, model).look_through(body.to_string().as_bytes())
}

fn world(provider: Provider, model: &str) -> ClosedWorld {
    ClosedWorld::of(provider, Catalogue::builtin().unwrap().find(model), &Arc::default())
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
    for store in [Value::Null, Value::from(false)] {
        assert!(ask(OpenAi, json!({ "store": store })).is_ok());
    }
    let shape = ask(OpenAi, json!({"tools": [{"type": "function"}]})).unwrap();
    assert_eq!(shape, Shape { messages: 1, has_tools: true });
}

#[test]
fn what_has_fees_of_its_own_is_named() {
    let (_, platform_key) = platform_key::generate(&[5; platform_key::ENTROPY_LEN]);
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
        (Anthropic, content(json!({"type": "document", "source": {"type": "bucket"}})), "`bucket`"),
        (Anthropic, content(json!({"text": "Hello"})), "odd"),
        (Anthropic, content(json!({"type": null})), "odd"),
        (Anthropic, content(json!("Hello")), "odd"),
        (OpenAi, json!({"background": true}), "`background`"),
        (OpenAi, json!({"store": true}), "`store`"),
        (OpenAi, json!({"service_tier": "scale"}), "`scale`"),
        (OpenAi, json!({"tools": [{"type": "code_interpreter"}]}), "`code_interpreter`"),
        (OpenAi, content(json!({"type": "video"})), "`video`"),
        (OpenAi, json!({"lookup_ok_x": 1}), "`lookup_ok_x`"),
        (OpenAi, json!({"sk-proj-a-key-in-the-wrong-place": 1}), "odd"),
        (OpenAi, Value::Object([(platform_key, json!(1))].into_iter().collect()), "odd"),
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
        r#"{"tools":[],"tools":[{"type":"code_interpreter"}]}"#,
        r#"{"messages":[{"content":[{"type":"text","type":"file"}]}]}"#,
        r#"{"messages":[{"content":[{"type":"file","file":{"file_id":null,"file_id":"file-1"}}]}]}"#,
        r#"{"user":1,"us\u0065r":2}"#,
    ] {
        assert_eq!(world(OpenAi, "gpt-5").look_through(body.as_bytes()), Err(Objection::Duplicate), "{body}");
    }
}

#[test]
fn only_members_that_are_read_must_stand_once() {
    let body =
        br#"{"model":"gpt-5","metadata":{"a":"1","a":"2"},"messages":[{"name":"a","name":"b","content":"Hello"}]}"#;
    assert_eq!(world(OpenAi, "gpt-5").look_through(body), Ok(Shape { messages: 1, has_tools: false }));
}

#[test]
fn a_tier_passes_only_if_prompts_of_every_size_have_a_price_in_it() {
    let catalogue = Catalogue::builtin().unwrap();
    for model in catalogue.models().iter().filter(|model| model.prices.by_token()) {
        let facts = facts(model.provider);
        for (asked, served) in facts.managed.tiers {
            let body = json!({"service_tier": asked}).to_string();
            let world = ClosedWorld::of(model.provider, Some(model), &Arc::default());
            let passes = world.look_through(body.as_bytes()).is_ok();
            let has_price = |input| {
                let usage = Usage::default().with(TokenClass::Input, input).with(TokenClass::Output, 1);
                model.prices.cost(&usage, facts.accounting, served).is_some()
            };
            assert_eq!(passes, has_price(1) && has_price(1_000_000), "{} {asked}", model.id);
        }
    }
    let mut model = catalogue.find("gpt-5.4").unwrap().clone();
    model.prices.long_context.as_mut().unwrap().tiers.remove("priority");
    let world = ClosedWorld::of(OpenAi, Some(&model), &Arc::default());
    assert!(world.look_through(br#"{"service_tier":"priority"}"#).is_err());
    assert!(world.look_through(br#"{"service_tier":"flex"}"#).is_ok());
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(text in r#"[{}\[\]":, a-z0-9\\]{0,80}"#) {
        for provider in Provider::ALL {
            let _ = world(provider, "gpt-5").look_through(text.as_bytes());
        }
    }
}

#[test]
fn betas_are_listed_or_allowed() {
    let more = Extensions { betas: vec!["mine-2026".to_owned()], tools: vec!["web_search_20250305".to_owned()] };
    assert!(look_at_beta(Anthropic, "interleaved-thinking-2025-05-14", &more).is_ok());
    assert!(look_at_beta(Anthropic, "mine-2026", &more).is_ok());
    assert!(look_at_beta(Anthropic, "fast-mode-2026-02-01", &more).is_err());
    let body = br#"{"tools":[{"type":"web_search_20250305"}]}"#;
    assert!(ClosedWorld::of(Anthropic, None, &Arc::new(more)).look_through(body).is_ok());
}
