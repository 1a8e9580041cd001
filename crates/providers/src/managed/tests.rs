use ownkey_domain::catalogue::Catalogue;
use ownkey_domain::platform_key;
use ownkey_domain::provider::Provider::{Anthropic, OpenAi};
use ownkey_domain::usage::{TokenClass, Usage};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::fuzzing::routes;
use crate::paths::{post, usual};
use crate::peek::{Previous, peek};

fn json_body(bytes: &[u8]) -> Payload<'_> {
    Payload { bytes, kind: Some(b"application/json") }
}

fn usual_route(provider: Provider) -> &'static Route {
    post(usual(provider.protocol())).unwrap()
}

fn ask_at(path: &str, body: Value) -> Result<Shape, Objection> {
    let catalogue = Catalogue::builtin().unwrap();
    let model = body["model"].as_str().and_then(|name| catalogue.find(name));
    let world = ClosedWorld::of(post(path).unwrap(), model, &Arc::default());
    world.look_through(json_body(body.to_string().as_bytes()))
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
        ("/v1/responses", json!({"model": "m", "input": "a", "store": true}), None),
        ("/v1/responses", json!({"model": "m", "input": "a", "store": false}), None),
        ("/v1/responses", json!({"model": "m", "input": "a", "client_metadata": {"a": "b"}}), None),
        ("/v1/responses/input_tokens", json!({"model": "m", "input": "a"}), None),
        ("/v1/responses/input_tokens", json!({"model": "m", "input": "a", "store": true}), Some("`store`")),
        ("/v1/responses/compact", json!({"model": "m", "input": "a"}), Some("`/v1/responses/compact`")),
        ("/v1/audio/speech", json!({"model": "m", "input": "a", "voice": "alloy", "stream_format": "sse"}), None),
        (
            "/v1/audio/speech",
            json!({"model": "m", "input": "a", "voice": "alloy"}),
            Some("without `stream_format: \"sse\"`"),
        ),
        (
            "/v1/audio/speech",
            json!({"model": "m", "input": "a", "stream_format": "audio"}),
            Some("`stream_format: \"sse\"`"),
        ),
        ("/v1/images/generations", json!({"model": "m", "prompt": "a", "n": 2}), None),
        ("/v1/images/generations", json!({"model": "m", "prompt": "a", "tools": []}), Some("`tools`")),
        ("/v1/images/variations", json!({"model": "m"}), Some("`/v1/images/variations`")),
        ("/v1/messages/count_tokens", json!({"model": "m", "messages": [], "tools": [{"name": "t"}]}), None),
        ("/v1/messages/count_tokens", json!({"model": "m", "messages": [], "max_tokens": 1}), Some("`max_tokens`")),
    ] {
        match (ask_at(path, body.clone()), refused) {
            (Ok(_), None) => {}
            (
                Err(
                    objection @ (Objection::NotPriced(_)
                    | Objection::Kept(_)
                    | Objection::Untold(_)
                    | Objection::Unserved(_)),
                ),
                Some(named),
            ) => {
                assert!(objection.to_string().contains(named), "{path} {body}: {objection}")
            }
            (other, _) => panic!("{path} {body}: {other:?}"),
        }
    }
}

/// What names a response passes here, since it is the gateway that knows whose the response is. It must hear of it.
#[test]
fn what_goes_on_from_a_response_is_told() {
    let lists_it = |route: &&Route| route.managed.is_some_and(|terms| terms.members.contains(&"previous_response_id"));
    let named: Vec<_> = routes().filter(lists_it).collect();
    assert_eq!(named.len(), 2);
    let id = Previous::Response("resp_1".parse().unwrap());
    for route in named {
        for (value, previous) in [
            ("null", Previous::Nothing),
            ("\"resp_1\"", id.clone()),
            ("\"r\\u0065sp_1\"", id.clone()),
            ("\"a/b\"", Previous::NoId),
            ("\"\"", Previous::NoId),
            ("[\"resp_1\"]", Previous::NoId),
            ("false", Previous::NoId),
        ] {
            let body = format!(r#"{{"model":"m","input":"a","previous_response_id":{value}}}"#);
            let sent = json_body(body.as_bytes());
            assert_eq!(peek(sent, route).unwrap().previous, previous, "{value}");
            assert!(ClosedWorld::of(route, None, &Arc::default()).look_through(sent).is_ok());
        }
        let twice = br#"{"previous_response_id":null,"previous_response_id":"resp_1"}"#;
        assert!(peek(json_body(twice), route).is_err());
    }
}

#[test]
fn calls_about_a_response_carry_nothing_else() {
    let by_id: Vec<_> = routes().filter(|route| route.template.starts_with("/v1/responses/{id}")).collect();
    assert_eq!(by_id.len(), 4);
    for route in by_id {
        let look = |body: &str| ClosedWorld::of(route, None, &Arc::default()).look_through(json_body(body.as_bytes()));
        assert!(look("").is_ok() && look("{}").is_ok());
        assert!(matches!(look(r#"{"a":1}"#), Err(Objection::NotPriced(what)) if what.contains("`a`")));
        assert!(matches!(look("x"), Err(Objection::Unreadable)));
        assert!(look_at_parameter(route, "include[]").is_ok() && look_at_parameter(route, "surprise").is_err());
        assert_eq!(route.object(&route.template.replace("{id}", "resp_1")), Some("resp_1"));
    }
    assert!(look_at_parameter(post("/v1/responses").unwrap(), "stream").is_err());
    // Whose any other object is, nobody knows.
    let others = routes().filter(|route| route.template.contains('{') && !route.template.starts_with("/v1/responses/"));
    others.for_each(|route| assert!(!route.can_be_managed(), "{route:?}"));
}

#[test]
fn items_of_an_input_are_tokens_and_no_references() {
    let ask = |item: Value| ask_at("/v1/responses", json!({"model": "m", "input": [item]}));
    let one = Ok(Shape { messages: 1, has_tools: false, tiers: &["standard", "priority"], refers: false });
    for fine in [
        json!({"role": "user", "content": "Hello"}),
        json!({"content": [{"type": "input_text", "text": "Hello"}], "role": "user", "type": null}),
        json!({"type": "message", "role": "assistant", "id": "msg_1", "content": [{"type": "output_text"}]}),
        json!({"content": [{"type": "reasoning_text", "text": "Hm"}], "summary": [{}], "type": "reasoning"}),
        json!({"type": "function_call_output", "call_id": "1", "output": "file_id"}),
        json!({"type": "computer_call_output", "output": {"type": "computer_screenshot", "image_url": "data:"}}),
    ] {
        assert_eq!(ask(fine.clone()), one, "{fine}");
    }
    for item in [
        json!({"id": null}),
        json!({"content": "Hello"}),
        json!("msg_1"),
        json!({"role": "user", "content": [{"type": "input_audio"}]}),
        json!({"type": "function_call_output", "output": [{"text": "no type"}]}),
    ] {
        assert!(matches!(ask(item.clone()), Err(Objection::NotPriced(_))), "{item}");
    }
    for item in [
        json!({"id": "msg_1"}),
        json!({"type": null, "id": "msg_1"}),
        json!({"role": null, "id": "msg_1"}),
        json!({"type": "item_reference", "id": "msg_1", "role": "user"}),
        json!({"role": "user", "content": [{"file_id": "file-1", "type": "input_file"}]}),
        json!({"type": "function_call_output", "output": [{"type": "input_image", "file_id": "file-1"}]}),
        json!({"type": "computer_call_output", "output": {"type": "computer_screenshot", "file_id": "file-1"}}),
    ] {
        assert!(matches!(ask(item.clone()), Err(Objection::Reference(_))), "{item}");
    }
}

#[test]
fn tools_within_tools_are_the_callers_own() {
    let namespace = |kind: &str| json!({"type": "namespace", "name": "team", "tools": [{"type": kind, "name": "t"}]});
    let ask = |more: Value| {
        let mut body = json!({"model": "m", "input": "a"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        ask_at("/v1/responses", body)
    };
    let found = |tool: Value| json!({"input": [{"type": "tool_search_output", "call_id": "c", "tools": [tool]}]});
    for fine in [
        json!({"tools": [namespace("function"), {"type": "tool_search", "execution": "client"}]}),
        found(namespace("custom")),
        found(json!({"type": "function", "name": "t"})),
    ] {
        assert!(ask(fine.clone()).is_ok(), "{fine}");
    }
    for odd in [
        json!({"tools": [namespace("web_search")]}),
        json!({"tools": [namespace("namespace")]}),
        found(namespace("mcp")),
        found(json!({"type": "image_generation"})),
    ] {
        assert!(matches!(ask(odd.clone()), Err(Objection::NotPriced(what)) if what.starts_with("the tool")), "{odd}");
    }
}

#[test]
fn a_form_is_looked_at_as_json_is() {
    let ask = |path, fields: &[(&str, &str)]| {
        let part = |(name, value): &(&str, &str)| {
            format!("--X\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        let body: String = fields.iter().map(part).chain(["--X--".to_owned()]).collect();
        let body = Payload { bytes: body.as_bytes(), kind: Some(b"multipart/form-data; boundary=X") };
        ClosedWorld::of(post(path).unwrap(), None, &Arc::default()).look_through(body)
    };
    let (sound, image) = ("/v1/audio/transcriptions", "/v1/images/edits");
    let list = [("model", "m"), ("include[]", "a"), ("include[]", "b"), ("response_format", "json")];
    assert!(ask(sound, &list).is_ok());
    assert!(ask(image, &[("model", "m"), ("image", "bytes"), ("mask", "bytes")]).is_ok());
    assert!(
        matches!(ask(sound, &[("response_format", "srt")]), Err(Objection::NotPriced(what)) if what.contains("`srt`"))
    );
    assert!(matches!(ask(sound, &[("surprise", "")]), Err(Objection::NotPriced(what)) if what.contains("`surprise`")));
    assert_eq!(ask(sound, &[("prompt", "a"), ("prompt", "b")]), Err(Objection::Duplicate));
}

fn ask(provider: Provider, more: Value) -> Result<Shape, Objection> {
    let model = if provider == OpenAi { "gpt-5" } else { "claude-opus-4-6" };
    let mut body = json!({"model": model, "messages": [{"role": "user", "content": "Hello"}]});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    world(provider, model).look_through(json_body(body.to_string().as_bytes()))
}

fn world(provider: Provider, model: &str) -> ClosedWorld {
    let model = Catalogue::builtin().unwrap().find(model).cloned();
    ClosedWorld::of(usual_route(provider), model.as_ref(), &Arc::default())
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
        (
            Anthropic,
            content(json!({"type": "tool_search_tool_result", "tool_use_id": "1", "content":
                {"type": "tool_search_tool_search_result", "tool_references": [{"type": "tool_reference"}]}})),
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
    assert_eq!(shape, Shape { messages: 1, has_tools: true, tiers: &["standard", "priority"], refers: false });
}

#[test]
fn what_has_fees_of_its_own_is_named() {
    let (_, platform_key) = platform_key::generate(&[5; platform_key::ENTROPY_LEN]);
    for (provider, more, named) in [
        (Anthropic, json!({"surprise": 1}), "`surprise`"),
        (Anthropic, json!({"fallbacks": []}), "`fallbacks`"),
        (Anthropic, json!({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}), "`web_search_20250305`"),
        (Anthropic, json!({"tools": [{"type": 5}]}), "odd"),
        (Anthropic, json!({"container": "container_1"}), "`container`"),
        (Anthropic, json!({"speed": "fast"}), "`speed`"),
        (Anthropic, json!({"inference_geo": "us"}), "`inference_geo`"),
        (Anthropic, json!({"service_tier": "ultra"}), "`ultra`"),
        (Anthropic, json!({"context_management": {"edits": [{"type": "compact_20260112"}]}}), "`compact_20260112`"),
        (Anthropic, json!({"mcp_servers": [{"url": "https://example.com"}]}), "`mcp_servers`"),
        (OpenAi, json!({"web_search_options": {}}), "`web_search_options`"),
        (Anthropic, content(json!({"type": "document", "source": {"type": "bucket"}})), "`bucket`"),
        (Anthropic, content(json!({"text": "Hello"})), "without a `type`"),
        (Anthropic, content(json!({"type": null})), "without a `type`"),
        (Anthropic, content(json!("Hello")), "without a `type`"),
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
            Err(Objection::NotPriced(what) | Objection::Kept(what)) => assert!(what.contains(named), "{more}: {what}"),
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
        (OpenAi, content(json!({"type": "file", "file": {"file_id": "file-1"}}))),
        (OpenAi, json!({"messages": [{"role": "assistant", "audio": {"id": "audio_1"}}]})),
        (OpenAi, json!({"audio": {"voice": {"id": "voice_1"}, "format": "mp3"}})),
    ] {
        assert!(matches!(ask(provider, more.clone()), Err(Objection::Reference(_))), "{more}");
    }
    for path in ["/v1/images/edits", "/v1/images/generations"] {
        let mask = ask_at(path, json!({"model": "m", "prompt": "a", "mask": {"file_id": "file-1"}}));
        assert!(mask.is_err(), "{path}");
    }
    let upload = content(json!({"type": "container_upload", "file_id": "file_1"}));
    assert!(ask(Anthropic, upload).is_err());
}

/// What is there is the caller's, and what it costs has a bound: all that a model can read. What has a fee has none.
#[test]
fn on_an_own_key_only_what_may_cost_more_is_objected_to() {
    let look = |path: &str, body: Value| {
        let world = ClosedWorld::of(post(path).unwrap(), None, &Arc::default()).on_own_key();
        world.look_through(json_body(body.to_string().as_bytes()))
    };
    let file = json!({"type": "input_file", "file_id": "file-1"});
    for (path, body, refers) in [
        ("/v1/responses", json!({"input": "a"}), false),
        ("/v1/responses", json!({"input": "a", "background": true, "store": true}), false),
        ("/v1/responses", json!({"input": "a", "conversation": {"id": "conv_1"}}), true),
        ("/v1/responses", json!({"input": [{"role": "user", "content": [file]}]}), true),
        ("/v1/chat/completions", json!({"messages": [], "store": true}), false),
        ("/v1/chat/completions", json!({"messages": [{"role": "assistant", "audio": {"id": "audio_1"}}]}), true),
        ("/v1/audio/speech", json!({"input": "a", "stream_format": "audio"}), false),
        ("/v1/audio/transcriptions", json!({"response_format": "srt"}), false),
    ] {
        assert_eq!(look(path, body.clone()).map(|shape| shape.refers), Ok(refers), "{body}");
    }
    for (path, body, named) in [
        ("/v1/responses", json!({"conversation": "conv_1", "tools": [{"type": "web_search"}]}), "`web_search`"),
        ("/v1/responses", json!({"prompt": {"id": "pmpt_1"}}), "`prompt`"),
        ("/v1/chat/completions", json!({"store": true, "surprise": 1}), "`surprise`"),
        ("/v1/messages", json!({"container": "container_1"}), "`container`"),
    ] {
        match look(path, body.clone()) {
            Err(Objection::NotPriced(what)) => assert!(what.contains(named), "{body}: {what}"),
            other => panic!("{body}: {other:?}"),
        }
    }
}

#[test]
fn two_readers_see_one_request() {
    for body in [
        r#"{"tools":[],"tools":[{"type":"code_interpreter"}]}"#,
        r#"{"messages":[{"content":[{"type":"text","type":"file"}]}]}"#,
        r#"{"messages":[{"content":[{"type":"file","file":{"file_id":null,"file_id":"file-1"}}]}]}"#,
        r#"{"user":1,"us\u0065r":2}"#,
    ] {
        assert_eq!(
            world(OpenAi, "gpt-5").look_through(json_body(body.as_bytes())),
            Err(Objection::Duplicate),
            "{body}"
        );
    }
}

#[test]
fn only_members_that_are_read_must_stand_once() {
    let body =
        br#"{"model":"gpt-5","metadata":{"a":"1","a":"2"},"messages":[{"name":"a","name":"b","content":"Hello"}]}"#;
    let shape = Shape { messages: 1, has_tools: false, tiers: &["standard", "priority"], refers: false };
    assert_eq!(world(OpenAi, "gpt-5").look_through(json_body(body)), Ok(shape));
}

#[test]
fn a_tier_passes_only_if_prompts_of_every_size_have_a_price_in_it() {
    let catalogue = Catalogue::builtin().unwrap();
    for model in catalogue.models().iter().filter(|model| model.prices.by_token()) {
        let route = usual_route(model.provider);
        for (asked, answers) in route.managed.unwrap().tiers {
            let body = json!({"service_tier": asked}).to_string();
            let world = ClosedWorld::of(route, Some(model), &Arc::default());
            let passes = world.look_through(json_body(body.as_bytes())).is_ok();
            let has_price = |input| {
                let usage = Usage::default().with(TokenClass::Input, input).with(TokenClass::Output, 1);
                model.prices.cost(&usage, facts(model.provider).accounting, answers[0]).is_some()
            };
            assert_eq!(passes, has_price(1) && has_price(1_000_000), "{} {asked}", model.id);
        }
    }
    let mut model = catalogue.find("gpt-5.4").unwrap().clone();
    model.prices.long_context.as_mut().unwrap().tiers.remove("priority");
    let world = ClosedWorld::of(usual_route(OpenAi), Some(&model), &Arc::default());
    assert!(world.look_through(json_body(br#"{"service_tier":"priority"}"#)).is_err());
    assert!(world.look_through(json_body(br#"{"service_tier":"flex"}"#)).is_ok());
}

#[test]
fn the_tier_that_is_asked_for_tells_which_may_answer() {
    let tiers = |provider, model: &str, body: Value| {
        world(provider, model).look_through(json_body(body.to_string().as_bytes())).unwrap().tiers
    };
    let asked = |tier: Value| tiers(OpenAi, "gpt-5", json!({"service_tier": tier}));
    assert_eq!(tiers(OpenAi, "gpt-5", json!({})), ["standard", "priority"]);
    for (tier, answers) in [
        (Value::Null, &["standard", "priority"][..]),
        (json!("auto"), &["standard", "priority"]),
        (json!("default"), &["standard"]),
        (json!("flex"), &["flex"]),
        (json!("fast"), &["priority", "standard"]),
    ] {
        assert_eq!(asked(tier.clone()), answers, "{tier}");
    }
    assert_eq!(tiers(Anthropic, "claude-opus-5", json!({})), ["standard", "us"]);
}

#[test]
fn what_is_sold_by_the_character_or_second_has_terms_of_its_own() {
    let catalogue = Catalogue::builtin().unwrap();
    let ask = |path: &str, model: &str, body: Value| {
        let world = ClosedWorld::of(post(path).unwrap(), catalogue.find(model), &Arc::default());
        world.look_through(json_body(body.to_string().as_bytes())).is_ok()
    };
    let speech = "/v1/audio/speech";
    for more in [json!({}), json!({"stream_format": "audio"}), json!({"stream_format": "sse"})] {
        let mut body = json!({"model": "m", "input": "Hello", "voice": "alloy"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        assert!(ask(speech, "tts-1-hd", body.clone()), "{body}");
        assert_eq!(ask(speech, "gpt-4o-mini-tts", body.clone()), more["stream_format"] == "sse", "{body}");
    }
    assert!(!ask(speech, "tts-1", json!({"voice": "alloy"})));
    assert!(!ask(speech, "tts-1", json!({"input": "Hello", "voice": {"id": "voice_1"}})));
    assert!(!ask(speech, "tts-1", json!({"input": "Hello", "surprise": 1})));
    let heard = "/v1/audio/transcriptions";
    for (format, by_second, by_token) in [("json", true, true), ("verbose_json", true, false), ("text", false, false)] {
        let body = json!({"response_format": format});
        assert_eq!(ask(heard, "whisper-1", body.clone()), by_second, "{format}");
        assert_eq!(ask(heard, "gpt-4o-transcribe", body), by_token, "{format}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(text in r#"[{}\[\]":, a-z0-9\\]{0,80}"#) {
        for provider in Provider::ALL {
            let _ = world(provider, "gpt-5").look_through(json_body(text.as_bytes()));
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
    assert!(ClosedWorld::of(usual_route(Anthropic), None, &Arc::new(more)).look_through(json_body(body)).is_ok());
}
