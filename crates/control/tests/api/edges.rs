//! What holds for every path: methods, sizes, headers, credentials, and that nothing is repeated back.

use std::sync::atomic::Ordering;

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

use crate::app::{App, OPERATOR};

#[tokio::test]
async fn unknown_paths_and_methods() {
    let app = App::new().await;
    app.get("/api/v1/nothing", OPERATOR).await.problem(404, "not_found");
    app.get("/api/v1/workspaces/", OPERATOR).await.problem(404, "not_found");
    let reply = app.call("DELETE", "/api/v1/plans", OPERATOR, Value::Null).await;
    assert_eq!(reply.headers["allow"], "GET,HEAD");
    reply.problem(405, "method_not_allowed");
    let reply = app.call("PUT", "/api/v1/workspaces/x/credits", OPERATOR, Value::Null).await;
    assert_eq!(reply.headers["allow"], "GET,HEAD");
    reply.problem(405, "method_not_allowed");
}

#[tokio::test]
async fn every_answer_is_kept_out_of_caches() {
    let app = App::new().await;
    for path in ["/healthz", "/readyz", "/metrics", "/api/v1/plans", "/api/v1/nothing", "/api/openapi.json"] {
        let reply = app.get(path, OPERATOR).await;
        assert_eq!(reply.headers["cache-control"], "no-store", "{path}");
        assert_eq!(reply.headers["x-content-type-options"], "nosniff", "{path}");
    }
    assert_eq!(app.get("/metrics", OPERATOR).await.is(200).text, "ownkey_up 1\n");
    assert_eq!(app.call("HEAD", "/healthz", "", Value::Null).await.is(200).text, "");
}

#[tokio::test]
async fn credentials_that_are_none() {
    let app = App::new().await;
    let tenant = app.tenant().await;
    let mut typo = tenant.key.clone();
    let last = typo.pop().unwrap();
    typo.push(if last == 'x' { 'y' } else { 'x' });
    for credential in [typo.as_str(), "ok_", "nonsense", "operator-token-of-thirty-two-characters-or-mor", " "] {
        let reply = app.get("/api/v1/plans", credential).await;
        assert_eq!(reply.headers["www-authenticate"], "Bearer");
        reply.problem(401, "unauthorized");
    }
    let reply = app.get("/api/v1/plans", "sk-ant-api03-CANARY").await.problem(401, "unauthorized");
    assert!(reply.text.contains("platform key") && !reply.text.contains("CANARY"));

    let plans = || Request::builder().uri("/api/v1/plans");
    let both = plans().header("x-api-key", &tenant.key).header("authorization", format!("Bearer {}", tenant.key));
    app.send(both.body(Body::empty()).unwrap()).await.is(200);
    let two = plans().header("x-api-key", &tenant.key).header("authorization", format!("Bearer {OPERATOR}"));
    app.send(two.body(Body::empty()).unwrap()).await.problem(400, "bad_request");
    let twice = plans().header("x-api-key", &tenant.key).header("x-api-key", &tenant.key);
    app.send(twice.body(Body::empty()).unwrap()).await.problem(400, "bad_request");
    // The operator's token is a bearer token and nothing else.
    let token = plans().header("x-api-key", OPERATOR);
    app.send(token.body(Body::empty()).unwrap()).await.problem(401, "unauthorized");
}

#[tokio::test]
async fn a_key_in_the_wrong_place_is_not_repeated() {
    let app = App::new().await;
    let tenant = app.tenant().await;
    let secret = "sk-ant-api03-CANARY";
    for (method, path, body) in [
        ("POST", "/api/v1/workspaces".to_owned(), json!({"name": {"a": secret}})),
        ("POST", "/api/v1/workspaces".to_owned(), json!({"name": "a", secret: 1})),
        ("POST", "/api/v1/workspaces".to_owned(), json!({"name": "a", "plan": secret})),
        ("POST", "/api/v1/workspaces".to_owned(), json!({"name": "a", "period_anchor": secret})),
        ("PUT", format!("/api/v1/workspaces/{}/policy", tenant.id), json!({"payer": secret})),
        ("PUT", format!("/api/v1/workspaces/{}/policy", tenant.id), json!({"fallback": {secret: 1}})),
        ("POST", format!("/api/v1/workspaces/{}/api-keys", tenant.id), json!({"name": "a", "scopes": [secret]})),
        ("PUT", format!("/api/v1/workspaces/{}/provider-keys/openai", tenant.id), json!({"key": [secret]})),
        (
            "PUT",
            format!("/api/v1/workspaces/{}/provider-keys/openai", tenant.id),
            json!({"key": "k", "origin": secret}),
        ),
        ("GET", format!("/api/v1/workspaces/{}/requests?cursor={secret}", tenant.id), Value::Null),
        ("GET", format!("/api/v1/workspaces/{}/requests?{secret}=1", tenant.id), Value::Null),
        ("GET", format!("/api/v1/workspaces/{}/usage?group_by={secret}", tenant.id), Value::Null),
    ] {
        let reply = app.call(method, &path, OPERATOR, body.clone()).await.problem(400, "bad_request");
        assert!(!reply.text.contains("CANARY"), "{method} {path} {body}: {}", reply.text);
    }
    for path in [format!("/api/v1/workspaces/{secret}/policy"), format!("/api/v1/{secret}")] {
        let reply = app.get(&path, OPERATOR).await.problem(404, "not_found");
        assert!(!reply.text.contains("CANARY"), "{}", reply.text);
    }
}

#[tokio::test]
async fn bodies_are_bounded_json() {
    let app = App::new().await;
    let post = |kind: &'static str, body: String| {
        let request = Request::builder().method("POST").uri("/api/v1/workspaces").header("content-type", kind);
        let request = request.header("authorization", format!("Bearer {OPERATOR}"));
        app.send(request.body(Body::from(body)).unwrap())
    };
    post("application/json", r#"{"name":"a"}"#.to_owned()).await.is(201);
    post("text/plain", r#"{"name":"a"}"#.to_owned()).await.problem(415, "unsupported_media_type");
    post("application/json", format!(r#"{{"name":"{}"}}"#, "a".repeat(70_000))).await.problem(413, "request_too_large");
    for body in [r#"{"name":"a","name":"b"}"#, r#"{"name":"a\u0000b"}"#, "[]", "{", r#"{"name":""}"#, ""] {
        post("application/json", body.to_owned()).await.problem(400, "bad_request");
    }
}

#[tokio::test]
async fn a_panic_costs_one_answer() {
    let app = App::new().await;
    app.get("/readyz", "").await.is(200);
    app.broken.store(true, Ordering::SeqCst);
    let reply = app.get("/readyz", "").await.problem(500, "internal");
    assert_eq!(reply.headers["cache-control"], "no-store");
    assert!(!reply.text.contains("secret"));
    app.get("/healthz", "").await.is(200);
}
