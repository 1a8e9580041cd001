//! What is accepted and refused agrees with the published schemas.

use crate::schema::{assert_valid, closed};
use crate::support::{chat, messages, start, with};
use serde_json::{Value, json};

const PIXEL: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

fn openai_good() -> Vec<Value> {
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    let tool = json!({"type": "function", "function": {"name": "weather", "parameters": schema}});
    let call = json!({"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{}"}});
    let picture = json!([{"type": "text", "text": "What is it?"},
        {"type": "image_url", "image_url": {"url": format!("data:image/png;base64,{PIXEL}")}}]);
    let after_tool = json!([{"role": "user", "content": "weather?"},
        {"role": "assistant", "content": null, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "sunny"}]);
    vec![
        chat("Hello"),
        with(chat("Hello"), json!({"temperature": 0.5, "top_p": 1, "n": 2, "seed": 7, "stop": ["x"], "user": "u"})),
        with(chat("Hello"), json!({"stream": true, "stream_options": {"include_usage": true}})),
        with(chat("weather?"), json!({"tools": [tool], "tool_choice": "auto"})),
        with(chat("x"), json!({"tools": [tool], "tool_choice": {"type": "function", "function": {"name": "weather"}}})),
        with(chat("x"), json!({"messages": after_tool, "tools": [tool]})),
        with(
            chat("x"),
            json!({"messages": [{"role": "system", "content": "Be brief"}, {"role": "user", "content": picture}]}),
        ),
        with(
            chat("x"),
            json!({"response_format": {"type": "json_object"}, "service_tier": "flex", "metadata": {"a": "b"}}),
        ),
        with(chat("x"), json!({"max_completion_tokens": 5, "logit_bias": {"50256": -100}})),
    ]
}

fn openai_bad() -> Vec<(Value, &'static str)> {
    let mut unnamed = chat("x");
    unnamed.as_object_mut().expect("object").remove("messages");
    vec![
        (with(chat("x"), json!({"foo": 1})), "Unrecognized request argument supplied: foo"),
        (with(chat("x"), json!({"temperature": "hot"})), "Invalid type for 'temperature'"),
        (with(chat("x"), json!({"temperature": 3})), "Invalid 'temperature'"),
        (
            with(chat("x"), json!({"messages": "hello"})),
            "Invalid type for 'messages': expected an array, but got a string",
        ),
        (with(chat("x"), json!({"messages": []})), "Invalid 'messages'"),
        (
            with(chat("x"), json!({"messages": [{"role": "king", "content": "x"}]})),
            "Invalid value: 'king'. Supported values are",
        ),
        (
            with(chat("x"), json!({"messages": [{"role": "user", "content": "x", "foo": 1}]})),
            "Unknown parameter: 'messages[0].foo'.",
        ),
        (
            with(chat("x"), json!({"messages": [{"role": "user"}]})),
            "Missing required parameter: 'messages[0].content'.",
        ),
        (with(chat("x"), json!({"stream": "yes"})), "Invalid type for 'stream'"),
        (with(chat("x"), json!({"tools": [{"type": "function"}]})), "Missing required parameter: 'tools[0].function'."),
        (unnamed, "Missing required parameter: 'messages'."),
    ]
}

fn anthropic_good() -> Vec<Value> {
    let tool =
        json!({"name": "weather", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}}});
    let picture = json!([{"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}},
        {"type": "text", "text": "What is it?", "cache_control": {"type": "ephemeral", "ttl": "1h"}}]);
    let after_tool = json!([{"role": "user", "content": "weather?"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "sunny"}]}]);
    vec![
        messages("Hello"),
        with(messages("Hello"), json!({"stream": true, "temperature": 0.5, "top_k": 5, "stop_sequences": ["x"]})),
        with(messages("weather?"), json!({"tools": [tool], "tool_choice": {"type": "auto"}})),
        with(messages("x"), json!({"tools": [tool], "tool_choice": {"type": "tool", "name": "weather"}})),
        with(messages("x"), json!({"messages": after_tool, "tools": [tool]})),
        with(
            messages("x"),
            json!({"system": [{"type": "text", "text": "Be brief", "cache_control": {"type": "ephemeral"}}]}),
        ),
        with(messages("x"), json!({"system": "Be brief", "messages": [{"role": "user", "content": picture}]})),
        with(messages("x"), json!({"metadata": {"user_id": "u"}, "thinking": {"type": "disabled"}, "max_tokens": 0})),
    ]
}

fn anthropic_bad() -> Vec<(Value, &'static str)> {
    let mut unlimited = messages("x");
    unlimited.as_object_mut().expect("object").remove("max_tokens");
    let content = |block: Value| json!({"messages": [{"role": "user", "content": [block]}]});
    vec![
        (with(messages("x"), json!({"foo": 1})), "foo: Extra inputs are not permitted"),
        (unlimited, "max_tokens: Field required"),
        (with(messages("x"), json!({"max_tokens": "many"})), "max_tokens: Input should be a valid integer"),
        (with(messages("x"), json!({"messages": 1})), "messages: Input should be a valid list"),
        (with(messages("x"), json!({"temperature": 2})), "temperature: Input should be less than or equal to 1"),
        (
            with(messages("x"), json!({"messages": [{"role": "king", "content": "x"}]})),
            "messages.0.role: Input should be 'user', 'assistant' or 'system'",
        ),
        (
            with(messages("x"), content(json!({"type": "text", "text": "x", "foo": 1}))),
            "messages.0.content.0.text.foo: Extra inputs are not permitted",
        ),
        (
            with(messages("x"), content(json!({"type": "song"}))),
            "messages.0.content.0: Input tag 'song' found using 'type' does not match",
        ),
        (with(messages("x"), json!({"tools": [{"input_schema": {"type": "object"}}]})), "tools.0.name: Field required"),
        (
            with(messages("x"), json!({"tools": [{"name": "a b", "input_schema": {"type": "object"}}]})),
            "tools.0.name: String should match pattern",
        ),
    ]
}

#[tokio::test]
async fn openai_takes_what_the_schema_takes() {
    let sim = start().await;
    let validator = closed("openai", "CreateChatCompletionRequest");
    for body in openai_good() {
        assert_valid(&validator, &body);
        let answer = sim.chat(&body).await;
        assert_eq!(answer.status, 200, "{body}\n{:?}", answer.body);
    }
    for (body, said) in openai_bad() {
        assert!(!validator.is_valid(&body), "the schema takes {body}");
        let answer = sim.chat(&body).await;
        assert_eq!(answer.status, 400, "{body}");
        let message = answer.json()["error"]["message"].to_string();
        assert!(message.contains(said), "{message} instead of {said}");
        assert_valid(&closed("openai", "ErrorResponse"), &answer.json());
    }
}

#[tokio::test]
async fn anthropic_takes_what_the_schema_takes() {
    let sim = start().await;
    let validator = closed("anthropic", "CreateMessageParams");
    for body in anthropic_good() {
        assert_valid(&validator, &body);
        let answer = sim.messages(&body).await;
        assert_eq!(answer.status, 200, "{body}\n{:?}", answer.body);
    }
    for (body, said) in anthropic_bad() {
        assert!(!validator.is_valid(&body), "the schema takes {body}");
        let answer = sim.messages(&body).await;
        assert_eq!(answer.status, 400, "{body}");
        let message = answer.json()["error"]["message"].as_str().expect("a message").to_owned();
        assert!(message.starts_with(said), "{message} instead of {said}");
        assert_valid(&closed("anthropic", "ErrorResponse"), &answer.json());
    }
}

#[tokio::test]
async fn what_no_schema_says_is_refused_too() {
    let sim = start().await;
    let chat_errors = [
        (with(chat("x"), json!({"model": "gpt-none"})), 404, "model_not_found"),
        (with(chat("x"), json!({"model": "o3", "max_tokens": 5})), 400, "unsupported_parameter"),
    ];
    for (body, status, code) in chat_errors {
        let answer = sim.chat(&body).await;
        assert_eq!((answer.status, answer.json()["error"]["code"].as_str()), (status, Some(code)));
    }
    let only_streams = with(chat("x"), json!({"stream_options": {"include_usage": true}}));
    assert_eq!(sim.chat(&only_streams).await.status, 400);
    let unknown = sim.messages(&with(messages("x"), json!({"model": "claude-none"}))).await;
    assert_eq!((unknown.status, unknown.json()["error"]["message"].as_str()), (404, Some("model: claude-none")));
    let beta = with(messages("x"), json!({"context_management": {"edits": []}}));
    assert_eq!(sim.messages(&beta).await.status, 400, "only with the beta header");
    let huge = messages(&"x".repeat(33 * 1024 * 1024));
    let refused = sim.messages(&huge).await;
    assert_eq!((refused.status, refused.json()["error"]["type"].as_str()), (413, Some("request_too_large")));
    assert!(refused.json().get("type").is_none() && refused.headers.get("request-id").is_none());
}
