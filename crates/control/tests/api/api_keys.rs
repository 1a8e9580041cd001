use ownkey_domain::scope::Scope;
use serde_json::{Value, json};

use crate::app::{App, OPERATOR};

const PATH: &str = "/api/v1/workspaces/current/api-keys";

#[tokio::test]
async fn the_text_of_a_key_is_shown_once() {
    let app = App::new().await;
    let tenant = app.tenant().await;
    let body = json!({"name": "app", "scopes": ["inference", "usage:read"], "requests_per_minute": 60, "tokens_per_minute": 100_000});
    let made = app.call("POST", PATH, &tenant.key, body).await.is(201).body;
    let (id, secret) = (made["id"].as_str().unwrap(), made["secret"].as_str().unwrap());
    assert!(secret.starts_with("ok_") && secret.len() == 64);
    assert_eq!(made["created_by"], tenant.key_id);
    app.get("/api/v1/plans", secret).await.is(200);

    let shown = app.get(&format!("{PATH}/{id}"), &tenant.key).await.is(200);
    assert!(!shown.text.contains(secret));
    assert_eq!(shown.body["scopes"], json!(["inference", "usage:read"]));
    assert_eq!((&shown.body["requests_per_minute"], &shown.body["tokens_per_minute"]), (&json!(60), &json!(100_000)));
    let list = app.get(PATH, &tenant.key).await.is(200);
    assert!(!list.text.contains("secret") && !list.text.contains(secret));
    assert_eq!(list.body["data"].as_array().unwrap().len(), 2);

    app.call("DELETE", &format!("{PATH}/{id}"), &tenant.key, Value::Null).await.is(204);
    app.call("DELETE", &format!("{PATH}/{id}"), &tenant.key, Value::Null).await.problem(404, "not_found");
    app.get("/api/v1/plans", secret).await.problem(401, "unauthorized");
    assert!(app.get(&format!("{PATH}/{id}"), &tenant.key).await.is(200).body["revoked_at"].is_string());
}

#[tokio::test]
async fn nobody_gives_more_than_he_has() {
    let app = App::new().await;
    let tenant = app.tenant().await;
    let (_, maker) = app.key(&tenant.id, &[Scope::KeysWrite, Scope::Inference]).await;
    let body = |scopes: Value| json!({"name": "a", "scopes": scopes});
    app.call("POST", PATH, &maker, body(json!(["inference"]))).await.is(201);
    app.call("POST", PATH, &maker, body(json!(["inference", "providers:write"]))).await.problem(403, "forbidden");
    for scopes in [json!([]), json!(["inference", "inference"]), json!(["everything"]), json!("inference")] {
        app.call("POST", PATH, &maker, body(scopes)).await.problem(400, "bad_request");
    }
    for (name, value) in [
        ("expires_at", json!("2020-01-01T00:00:00Z")),
        ("requests_per_minute", json!(0)),
        ("tokens_per_minute", json!(-1)),
    ] {
        let mut input = body(json!(["inference"]));
        input[name] = value;
        let reply = app.call("POST", PATH, &maker, input).await.problem(400, "bad_request");
        assert_eq!(reply.body["member"], name);
    }
}

#[tokio::test]
async fn another_workspaces_keys_are_not_there() {
    let app = App::new().await;
    let (one, other) = (app.tenant().await, app.tenant().await);
    let path = format!("{PATH}/{}", other.key_id);
    app.get(&path, &one.key).await.problem(404, "not_found");
    app.call("DELETE", &path, &one.key, Value::Null).await.problem(404, "not_found");
    app.get(&format!("/api/v1/workspaces/{}/api-keys/{}", one.id, other.key_id), OPERATOR)
        .await
        .problem(404, "not_found");
    app.get("/api/v1/plans", &other.key).await.is(200);
}
