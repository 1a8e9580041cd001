//! The ladder: each verdict, by what the provider answers.

use std::time::Duration;

use ownkey_control::LadderLimits;
use serde_json::{Value, json};

use crate::app::{ANTHROPIC_KEY, App, OPENAI_KEY, Tenant};
use crate::fake::{Script, anthropic, models, openai, refused};

async fn test(app: &App, tenant: &Tenant, provider: &str, key: &str) -> Value {
    let path = format!("/api/v1/workspaces/current/provider-keys/{provider}/test");
    let reply = app.call("POST", &path, &tenant.key, json!({"key": key})).await.is(200);
    assert!(!reply.text.contains("CANARY"), "{}", reply.text);
    reply.body
}

/// The verdict on these answers, and how many calls it took.
async fn verdict(provider: &str, script: Vec<Script>) -> (String, usize, Value) {
    let app = App::new().await;
    let tenant = app.tenant().await;
    let (fake, key) = match provider {
        "openai" => (&app.openai, OPENAI_KEY),
        _ => (&app.anthropic, ANTHROPIC_KEY),
    };
    fake.next(script);
    let body = test(&app, &tenant, provider, key).await;
    (body["verdict"]["verdict"].as_str().unwrap().to_owned(), fake.take_asked().len(), body)
}

fn list() -> Script {
    Script::Json(200, models(&["gpt-4o", "gpt-4o-mini", "o1", "claude-haiku-4-5", "claude-opus-4-6"]))
}

fn no_scope(scope: &str) -> Script {
    let text = format!("You have insufficient permissions for this operation. Missing scopes: {scope}.");
    Script::Json(401, json!({"error": {"message": text, "type": "invalid_request_error", "param": null, "code": null}}))
}

#[tokio::test]
async fn a_good_key_is_valid() {
    let (verdict, calls, body) = verdict("openai", vec![list()]).await;
    assert_eq!((verdict.as_str(), calls), ("valid", 2));
    assert_eq!(body["models"].as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn what_a_key_may_not_do_is_named() {
    let (word, calls, body) = verdict("openai", vec![no_scope("api.model.read")]).await;
    assert_eq!((word.as_str(), calls), ("valid_limited", 2), "{body}");
    assert!(body["verdict"]["detail"].as_str().unwrap().contains("the list of models"));

    let no_model = || openai(404, "invalid_request_error", "model_not_found", "The model does not exist");
    let (word, calls, body) = verdict("openai", vec![list(), no_model()]).await;
    assert_eq!((word.as_str(), calls), ("valid_limited", 3), "{body}");
    assert!(body["verdict"]["detail"].as_str().unwrap().contains("gpt-4o-mini"), "{body}");

    let script = vec![list(), no_scope("model.request"), no_scope("model.request"), no_scope("model.request")];
    let (word, calls, _) = verdict("openai", script).await;
    assert_eq!((word.as_str(), calls), ("valid_limited", 4));
}

#[tokio::test]
async fn limits_and_money_are_told_apart() {
    let quota = || openai(429, "insufficient_quota", "insufficient_quota", "You exceeded your current quota");
    assert_eq!(verdict("openai", vec![list(), quota()]).await.0, "quota_exhausted");
    let limit = || openai(429, "requests", "rate_limit_exceeded", "Rate limit reached for gpt-4o-mini");
    let (word, _, body) = verdict("openai", vec![list(), limit()]).await;
    assert_eq!(word, "rate_limited");
    assert!(body["verdict"]["detail"].as_str().unwrap().contains("7 s"));
    let balance =
        anthropic(400, "invalid_request_error", "Your credit balance is too low to access the Anthropic API.");
    assert_eq!(verdict("anthropic", vec![list(), balance]).await.0, "quota_exhausted");
}

#[tokio::test]
async fn a_key_is_invalid_after_two_refusals_only() {
    let (word, calls, _) = verdict("anthropic", vec![refused(), refused()]).await;
    assert_eq!((word.as_str(), calls), ("invalid", 2));
    // A hiccup.
    let (word, calls, _) = verdict("anthropic", vec![refused(), list()]).await;
    assert_eq!((word.as_str(), calls), ("valid", 3));
    // Refused at the prompt.
    let (word, calls, _) = verdict("anthropic", vec![list(), refused(), refused()]).await;
    assert_eq!((word.as_str(), calls), ("invalid", 3));
    // A 401 that does not say that the key is wrong.
    let (word, ..) = verdict("anthropic", vec![Script::Text(401, "<html>login</html>")]).await;
    assert_eq!(word, "provider_incident");
}

#[tokio::test]
async fn five_calls_are_the_most() {
    let wrong = || openai(401, "invalid_request_error", "invalid_api_key", "Incorrect API key provided: sk-CANARY.");
    let script = vec![wrong(), list(), wrong(), no_scope("model.request"), no_scope("model.request")];
    let (word, calls, body) = verdict("openai", script).await;
    assert_eq!((word.as_str(), calls), ("valid_limited", 5), "{body}");
}

#[tokio::test]
async fn trouble_of_the_provider_says_nothing_of_the_key() {
    for script in [
        vec![anthropic(500, "api_error", "Internal server error")],
        vec![anthropic(529, "overloaded_error", "Overloaded")],
        vec![Script::Text(502, "<html>bad gateway</html>")],
        vec![Script::Text(200, "<html>welcome to the hotel</html>")],
        vec![list(), anthropic(500, "api_error", "Internal server error")],
    ] {
        assert_eq!(verdict("anthropic", script).await.0, "provider_incident");
    }
}

#[tokio::test]
async fn silence_is_unreachable() {
    let limits = LadderLimits { total: Duration::from_millis(150), pause: Duration::ZERO, ..LadderLimits::default() };
    let app = App::with(limits).await;
    let tenant = app.tenant().await;
    app.anthropic.next([Script::Silence]);
    let body = test(&app, &tenant, "anthropic", ANTHROPIC_KEY).await;
    assert_eq!(body["verdict"]["verdict"], "unreachable");
    assert!(body["verdict"]["cause"].as_str().unwrap().contains("(timed out)"), "{body}");
}

#[tokio::test]
async fn ten_tests_a_minute_per_workspace() {
    let app = App::new().await;
    let (tenant, other) = (app.tenant().await, app.tenant().await);
    for _ in 0..10 {
        test(&app, &tenant, "anthropic", ANTHROPIC_KEY).await;
    }
    let reply = app.put_key(&tenant, "anthropic", ANTHROPIC_KEY).await.problem(429, "rate_limited");
    let wait: u64 = reply.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait));
    test(&app, &other, "anthropic", ANTHROPIC_KEY).await;
    app.pass(Duration::from_secs(wait));
    app.put_key(&tenant, "anthropic", ANTHROPIC_KEY).await.is(201);
}
