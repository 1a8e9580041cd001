//! Every answer has the published shape.

use crate::schema::{assert_valid, closed};
use crate::support::{ANTHROPIC, Answer, OPENAI, chat, messages, start, whole, with};
use ownkey_sim::provider::Provider;
use serde_json::{Value, json};

fn openai_kinds() -> Vec<Value> {
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    let tool = json!({"type": "function", "function": {"name": "get", "parameters": schema}});
    vec![
        chat("Hello"),
        with(chat("Hello"), json!({"n": 3})),
        with(chat("Hello"), json!({"max_tokens": 2})),
        with(chat("the weather"), json!({"tools": [tool]})),
        with(chat("Hello"), json!({"service_tier": "priority"})),
        with(chat(&"long ".repeat(2000)), json!({"model": "gpt-5.6"})),
        with(chat("[[sim:think tokens=9]] Hello"), json!({"model": "gpt-5", "n": 2})),
    ]
}

fn anthropic_kinds() -> Vec<Value> {
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    vec![
        messages("Hello"),
        with(messages("Hello"), json!({"max_tokens": 2})),
        with(messages("Hello"), json!({"max_tokens": 0})),
        with(messages("Hello"), json!({"stop_sequences": ["answer"]})),
        with(messages("the weather"), json!({"tools": [{"name": "get", "input_schema": schema}]})),
        with(messages(&"long ".repeat(2000)), json!({"cache_control": {"type": "ephemeral", "ttl": "1h"}})),
        with(messages("Hello"), json!({"thinking": {"type": "enabled", "budget_tokens": 1024}})),
    ]
}

#[tokio::test]
async fn openai_plain_and_streamed() {
    let sim = start().await;
    let (plain, chunk) =
        (closed("openai", "CreateChatCompletionResponse"), closed("openai", "CreateChatCompletionStreamResponse"));
    for body in openai_kinds() {
        let whole = sim.chat(&body).await.json();
        assert_valid(&plain, &whole);
        let stream = json!({"stream": true, "stream_options": {"include_usage": true}});
        let streamed = sim.chat(&with(body.clone(), stream)).await;
        assert_eq!(streamed.headers["content-type"], "text/event-stream; charset=utf-8");
        let mut events = streamed.events();
        assert_eq!(events.pop().as_deref(), Some("[DONE]"));
        let chunks: Vec<Value> = events.iter().map(|event| serde_json::from_str(event).expect("JSON")).collect();
        chunks.iter().for_each(|event| assert_valid(&chunk, event));
        let (last, rest) = chunks.split_last().expect("chunks");
        assert_eq!(last["choices"], json!([]));
        assert_eq!(last["usage"]["total_tokens"], whole["usage"]["total_tokens"]);
        assert!(rest.iter().all(|chunk| chunk.get("usage") == Some(&Value::Null)));
        let of_first = |chunk: &&Value| chunk["choices"][0]["index"] == 0;
        let words = rest.iter().filter(of_first).filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str());
        assert_eq!(words.collect::<String>(), whole["choices"][0]["message"]["content"].as_str().unwrap_or_default());
    }
    let silent = sim.chat(&with(chat("Hi"), json!({"stream": true}))).await;
    assert!(!String::from_utf8_lossy(&silent.body).contains("usage"));
}

#[tokio::test]
async fn anthropic_plain_and_streamed() {
    let sim = start().await;
    let (plain, event) = (closed("anthropic", "Message"), closed("anthropic", "MessageStreamEvent"));
    for body in anthropic_kinds() {
        let whole = sim.messages(&body).await.json();
        assert_valid(&plain, &whole);
        let streamed = sim.messages(&with(body, json!({"stream": true}))).await;
        let events: Vec<Value> =
            streamed.events().iter().map(|event| serde_json::from_str(event).expect("JSON")).collect();
        for found in events.iter().filter(|event| event["type"] != "ping") {
            assert_valid(&event, found);
        }
        assert_eq!(events[0]["type"], "message_start");
        assert_eq!(events[events.len() - 1], json!({"type": "message_stop"}));
        let end = &events[events.len() - 2];
        assert_eq!(end["usage"]["output_tokens"], whole["usage"]["output_tokens"]);
        assert_eq!(end["delta"]["stop_reason"], whole["stop_reason"]);
        let words: String = events.iter().filter_map(|event| event["delta"]["text"].as_str()).collect();
        // What is thought comes first.
        let answer = whole["content"].as_array().and_then(|blocks| blocks.last()).unwrap_or(&Value::Null);
        assert_eq!(words, answer["text"].as_str().unwrap_or_default());
        let arguments: String = events.iter().filter_map(|event| event["delta"]["partial_json"].as_str()).collect();
        let input = answer.get("input").map(Value::to_string).unwrap_or_default();
        assert_eq!(arguments, input);
    }
}

#[tokio::test]
async fn caches_are_counted_and_billed() {
    let sim = start().await;
    let block = json!({"type": "text", "text": "x".repeat(8000), "cache_control": {"type": "ephemeral", "ttl": "1h"}});
    let body = with(messages("Hi"), json!({"system": [block]}));
    let first = sim.messages(&body).await.json();
    assert_eq!(first["usage"]["cache_creation"]["ephemeral_1h_input_tokens"], 2000);
    let second = sim.messages(&body).await.json();
    assert_eq!(second["usage"]["cache_read_input_tokens"], 2000);
    assert_eq!(second["usage"]["cache_creation_input_tokens"], 0);
    // 1 fresh at 1, 2000 read at 0.10, the output at 5 USD a million.
    let output = second["usage"]["output_tokens"].as_u64().expect("tokens");
    let micro_tenths = 10 + 2000 + 50 * output;
    let entry = sim.last_entry().await;
    assert_eq!(entry["usage"], second["usage"]);
    let expected = format!("{:.7}", f64::from(u32::try_from(micro_tenths).expect("small")) / 1e7);
    assert_eq!(entry["cost_usd"], expected.trim_end_matches('0'));
    let long = chat(&"y".repeat(8192));
    assert_eq!(sim.chat(&long).await.json()["usage"]["prompt_tokens_details"]["cached_tokens"], 0);
    let cached = sim.chat(&long).await.json()["usage"]["prompt_tokens_details"]["cached_tokens"].as_u64();
    assert_eq!(cached, Some(2048));
}

#[tokio::test]
async fn models_have_the_published_shape() {
    let sim = start().await;
    let get =
        async |provider, key, path: &str| -> Answer { whole(sim.ask(provider, key, path, &Value::Null).await).await };
    let list = get(Provider::OpenAi, OPENAI, "/v1/models").await.json();
    assert_valid(&closed("openai", "ListModelsResponse"), &list);
    let one = get(Provider::OpenAi, OPENAI, "/v1/models/gpt-4o").await.json();
    assert_valid(&closed("openai", "Model"), &one);
    let page = get(Provider::Anthropic, ANTHROPIC, "/v1/models?limit=3").await.json();
    assert_valid(&closed("anthropic", "ListResponse_ModelInfo_"), &page);
    let mut seen: Vec<String> = Vec::new();
    let mut path = "/v1/models?limit=3".to_owned();
    loop {
        let page = get(Provider::Anthropic, ANTHROPIC, &path).await.json();
        seen.extend(page["data"].as_array().expect("data").iter().map(|model| model["id"].to_string()));
        if page["has_more"] == false {
            break;
        }
        path = format!("/v1/models?limit=3&after_id={}", page["last_id"].as_str().expect("an id"));
    }
    let all = get(Provider::Anthropic, ANTHROPIC, "/v1/models?limit=1000").await.json();
    assert_eq!(seen.len(), all["data"].as_array().expect("data").len());
    let one = get(Provider::Anthropic, ANTHROPIC, "/v1/models/claude-opus-5").await.json();
    assert_valid(&closed("anthropic", "ModelInfo"), &one);
    let none = get(Provider::Anthropic, ANTHROPIC, "/v1/models/none").await;
    assert_eq!(none.status, 404);
    assert_valid(&closed("anthropic", "ErrorResponse"), &none.json());
}

#[tokio::test]
async fn a_tool_result_is_quoted() {
    let sim = start().await;
    let call = json!({"id": "call_1", "type": "function", "function": {"name": "get", "arguments": "{}"}});
    let turns = json!([{"role": "user", "content": "weather?"}, {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "föhn"}]);
    let answer = sim.chat(&with(chat("x"), json!({"messages": turns}))).await.json();
    assert!(answer["choices"][0]["message"]["content"].as_str().expect("text").contains("föhn"));
}

#[tokio::test]
async fn a_tool_is_called_as_a_directive_says_once() {
    let sim = start().await;
    let text = r#"[[sim:tool name=run input={"cmd":"touch\u0020a"}]] please"#;
    let named = |name: &str| json!({"name": name, "input_schema": {"type": "object"}});
    let turns =
        |more: Vec<Value>| with(messages(text), json!({"tools": [named("look"), named("run")], "messages": more}));
    let asked = json!({"role": "user", "content": text});
    let call = sim.messages(&turns(vec![asked.clone()])).await.json()["content"][0].clone();
    assert_eq!((&call["name"], &call["input"]), (&json!("run"), &json!({"cmd": "touch a"})));
    let result = json!([{"type": "tool_result", "tool_use_id": call["id"], "content": "done"}]);
    let said =
        json!({"role": "assistant", "content": [{"type": "tool_use", "id": call["id"], "name": "run", "input": {}}]});
    let last = sim.messages(&turns(vec![asked, said, json!({"role": "user", "content": result})])).await.json();
    assert!(last["content"][0]["text"].as_str().expect("text").contains("done"));
    let function = json!({"type": "function", "function": {"name": "run"}});
    let completion = sim.chat(&with(chat(text), json!({"tools": [function]}))).await.json();
    let called = &completion["choices"][0]["message"]["tool_calls"][0]["function"];
    assert_eq!(called["arguments"], json!(r#"{"cmd":"touch a"}"#));
    let without = sim.chat(&chat(text)).await.json();
    assert!(without["choices"][0]["message"]["content"].as_str().expect("text").contains("please"));
}

#[tokio::test]
async fn what_is_thought_is_output_that_nobody_sees() {
    let sim = start().await;
    let body = with(chat("[[sim:think tokens=50]] Hello"), json!({"model": "gpt-5", "max_completion_tokens": 60}));
    let whole = sim.chat(&body).await.json();
    assert_eq!(whole["usage"]["completion_tokens"], 60);
    assert_eq!(whole["usage"]["completion_tokens_details"]["reasoning_tokens"], 50);
    assert_eq!(whole["choices"][0]["message"]["content"].as_str().map(|text| text.chars().count()), Some(40));
    let less = sim.chat(&with(body.clone(), json!({"max_completion_tokens": 30}))).await.json();
    assert_eq!(less["usage"]["completion_tokens_details"]["reasoning_tokens"], 30);
    assert_eq!(
        (&less["choices"][0]["message"]["content"], &less["choices"][0]["finish_reason"]),
        (&json!(""), &json!("length"))
    );
    let spared = sim.chat(&with(body, json!({"reasoning_effort": "none"}))).await.json();
    assert_eq!(spared["usage"]["completion_tokens_details"]["reasoning_tokens"], 0);
    let thinking = json!({"thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": 2000});
    let thought = sim.messages(&with(messages("[[sim:think tokens=500]] Hello"), thinking)).await.json();
    assert_eq!(thought["usage"]["output_tokens_details"]["thinking_tokens"], 500);
    assert_eq!((&thought["content"][0]["type"], &thought["content"][1]["type"]), (&json!("thinking"), &json!("text")));
}

#[tokio::test]
async fn what_is_spoken_and_heard_is_told_apart() {
    let sim = start().await;
    let sound = json!({"type": "input_audio", "input_audio": {"data": "QUJD".repeat(2_000), "format": "wav"}});
    let content = json!([{"type": "text", "text": "Hello"}, sound]);
    let spoken = json!({
        "model": "gpt-audio", "messages": [{"role": "user", "content": content}], "modalities": ["text", "audio"],
        "audio": {"voice": "alloy", "format": "wav"},
    });
    let whole = sim.chat(&spoken).await.json();
    assert_valid(&closed("openai", "CreateChatCompletionResponse"), &whole);
    assert_eq!(whole["usage"]["prompt_tokens_details"]["audio_tokens"], 4);
    let (output, details) = (&whole["usage"]["completion_tokens"], &whole["usage"]["completion_tokens_details"]);
    assert_eq!(output.as_u64(), details["audio_tokens"].as_u64().map(|sound| sound / 4 * 5));
    assert!(whole["choices"][0]["message"]["audio"]["transcript"].as_str().is_some_and(|text| text.len() > 9));
}
