//! The paths beside chat and messages: answers of the published shape, and requests that are refused.

use crate::schema::{assert_valid, closed};
use crate::support::{ANTHROPIC, Answer, OPENAI, Running, start, whole};
use ownkey_sim::provider::Provider;
use serde_json::{Value, json};

async fn ask(sim: &Running, path: &str, body: Value) -> Answer {
    let (provider, key) =
        if path.contains("messages") { (Provider::Anthropic, ANTHROPIC) } else { (Provider::OpenAi, OPENAI) };
    whole(sim.ask(provider, key, path, &body).await).await
}

#[tokio::test]
async fn answers_have_the_published_shape() {
    let sim = start().await;
    let instruct = json!({"model": "gpt-3.5-turbo-instruct", "prompt": ["a", "b"], "n": 2, "best_of": 3, "echo": true});
    for (path, provider, schema, body) in [
        (
            "/v1/embeddings",
            "openai",
            "CreateEmbeddingResponse",
            json!({"model": "text-embedding-3-small", "input": "a"}),
        ),
        (
            "/v1/embeddings",
            "openai",
            "CreateEmbeddingResponse",
            json!({"model": "text-embedding-ada-002", "input": [1, 2]}),
        ),
        ("/v1/moderations", "openai", "CreateModerationResponse", json!({"input": ["a", "kill"]})),
        ("/v1/completions", "openai", "CreateCompletionResponse", instruct),
        (
            "/v1/messages/count_tokens",
            "anthropic",
            "CountMessageTokensResponse",
            json!({"model": "claude-haiku-4-5", "messages": [{"role": "user", "content": "Hello"}]}),
        ),
    ] {
        let answer = ask(&sim, path, body).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_valid(&closed(provider, schema), &answer.json());
    }
}

#[tokio::test]
async fn what_the_services_refuse_is_refused() {
    let sim = start().await;
    let hello = json!([{"role": "user", "content": "Hello"}]);
    for (path, body, status, said) in [
        ("/v1/embeddings", json!({"model": "text-embedding-3-small"}), 400, "'input'"),
        ("/v1/embeddings", json!({"model": "text-embedding-3-small", "input": "a", "x": 1}), 400, "x"),
        ("/v1/embeddings", json!({"model": "text-embedding-3-small", "input": ""}), 400, "$.input"),
        (
            "/v1/embeddings",
            json!({"model": "text-embedding-ada-002", "input": "a", "dimensions": 8}),
            400,
            "dimensions",
        ),
        ("/v1/embeddings", json!({"model": "gpt-4o", "input": "a"}), 404, "not supported"),
        ("/v1/moderations", json!({}), 400, "'input'"),
        ("/v1/moderations", json!({"input": "a", "stream": true}), 400, "stream"),
        ("/v1/completions", json!({"model": "gpt-4o", "prompt": "a"}), 404, "not supported"),
        ("/v1/completions", json!({"model": "gpt-3.5-turbo-instruct", "prompt": "a", "messages": []}), 400, "messages"),
        (
            "/v1/completions",
            json!({"model": "gpt-3.5-turbo-instruct", "prompt": "a", "n": 2, "best_of": 1}),
            400,
            "choices",
        ),
        (
            "/v1/completions",
            json!({"model": "gpt-3.5-turbo-instruct", "prompt": "a", "stream_options": {}}),
            400,
            "stream",
        ),
        ("/v1/messages/count_tokens", json!({"model": "claude-haiku-4-5", "messages": []}), 400, "at least one"),
        ("/v1/messages/count_tokens", json!({"model": "m", "messages": hello, "max_tokens": 1}), 400, "max_tokens"),
    ] {
        let answer = ask(&sim, path, body.clone()).await;
        assert_eq!(answer.status, status, "{path} {body}: {}", answer.json());
        assert!(answer.json()["error"]["message"].as_str().is_some_and(|text| text.contains(said)), "{body}");
    }
    let wrong_method = ask(&sim, "/v1/embeddings", Value::Null).await;
    assert_eq!(wrong_method.status, 405);
}

#[tokio::test]
async fn embeddings_are_the_same_in_both_encodings() {
    use base64::Engine;
    let sim = start().await;
    let body = |format: &str| json!({"model": "text-embedding-3-large", "input": "Hello", "dimensions": 5, "encoding_format": format});
    let floats = ask(&sim, "/v1/embeddings", body("float")).await.json();
    let coded = ask(&sim, "/v1/embeddings", body("base64")).await.json();
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(coded["data"][0]["embedding"].as_str().expect("text"))
        .expect("base64");
    let decoded: Vec<f32> =
        bytes.chunks_exact(4).map(|four| f32::from_le_bytes(four.try_into().expect("four"))).collect();
    assert_eq!(floats["data"][0]["embedding"], json!(decoded));
    assert_eq!(coded["usage"], json!({"prompt_tokens": 2, "total_tokens": 2}));
}

#[tokio::test]
async fn a_legacy_stream_tells_its_usage_if_asked() {
    let sim = start().await;
    let body = json!({"model": "gpt-3.5-turbo-instruct", "prompt": "a", "stream": true,
        "stream_options": {"include_usage": true}});
    let events = ask(&sim, "/v1/completions", body.clone()).await.events();
    let usage: Value = serde_json::from_str(&events[events.len() - 2]).expect("JSON");
    assert_eq!(sim.last_entry().await["usage"], usage["usage"]);
    let mut silent = body;
    silent.as_object_mut().expect("an object").remove("stream_options");
    let events = ask(&sim, "/v1/completions", silent).await.events();
    assert!(events.iter().all(|event| !event.contains("usage")));
}
