use serde_json::{Value, json};

use crate::app::{App, OPERATOR};

#[tokio::test]
async fn made_changed_and_deleted() {
    let app = App::new().await;
    let body =
        json!({"name": "Acme", "external_id": "cust-1", "features": ["apex"], "period_anchor": "2026-11-03T00:00:00Z"});
    let made = app.call("POST", "/api/v1/workspaces", OPERATOR, body.clone()).await.is(201).body;
    assert!(made["id"].as_str().unwrap().starts_with("ws_"));
    assert_eq!(made["plan"], "default");
    assert_eq!(made["period_anchor"], "2026-11-03T00:00:00.000Z");
    app.call("POST", "/api/v1/workspaces", OPERATOR, body).await.problem(409, "conflict");

    let path = format!("/api/v1/workspaces/{}", made["id"].as_str().unwrap());
    assert_eq!(app.get(&path, OPERATOR).await.is(200).body, made);
    let change = json!({"name": "Acme Ltd", "plan": "free", "external_id": null});
    let changed = app.call("PATCH", &path, OPERATOR, change).await.is(200).body;
    assert_eq!(
        (&changed["name"], &changed["plan"], &changed["external_id"]),
        (&json!("Acme Ltd"), &json!("free"), &Value::Null)
    );
    assert_eq!(changed["features"], json!(["apex"]));
    app.call("PATCH", &path, OPERATOR, json!({"plan": "gold"})).await.problem(400, "bad_request");

    app.call("DELETE", &path, OPERATOR, Value::Null).await.is(204);
    app.get(&path, OPERATOR).await.problem(404, "not_found");
    app.call("DELETE", &path, OPERATOR, Value::Null).await.problem(404, "not_found");
}

#[tokio::test]
async fn deleting_ends_its_keys() {
    let app = App::new().await;
    let tenant = app.tenant().await;
    app.get("/api/v1/plans", &tenant.key).await.is(200);
    app.call("DELETE", &format!("/api/v1/workspaces/{}", tenant.id), OPERATOR, Value::Null).await.is(204);
    app.get("/api/v1/plans", &tenant.key).await.problem(401, "unauthorized");
}

#[tokio::test]
async fn put_by_external_id_is_the_same_each_time() {
    let app = App::new().await;
    let path = "/api/v1/workspaces/by-external-id/cust%2F1";
    let first = app.call("PUT", path, OPERATOR, json!({"name": "Acme"})).await.is(201).body;
    assert_eq!(first["external_id"], "cust/1");
    assert_eq!(app.call("PUT", path, OPERATOR, json!({"name": "Acme"})).await.is(200).body, first);
    let moved = app.call("PUT", path, OPERATOR, json!({"name": "Acme", "plan": "free"})).await.is(200).body;
    assert_eq!((&moved["id"], &moved["plan"]), (&first["id"], &json!("free")));
    let other = json!({"name": "Acme", "external_id": "cust/2"});
    app.call("PUT", path, OPERATOR, other).await.problem(400, "bad_request");
}

#[tokio::test]
async fn lists_go_by_pages() {
    let app = App::new().await;
    for n in 0..5 {
        app.call("POST", "/api/v1/workspaces", OPERATOR, json!({"name": format!("w{n}")})).await.is(201);
    }
    let (mut names, mut cursor) = (Vec::new(), String::new());
    for _ in 0..3 {
        let page = app.get(&format!("/api/v1/workspaces?limit=2{cursor}"), OPERATOR).await.is(200).body;
        names.extend(page["data"].as_array().unwrap().iter().map(|w| w["name"].as_str().unwrap().to_owned()));
        cursor = page["next_cursor"].as_str().map(|c| format!("&cursor={c}")).unwrap_or_default();
    }
    assert_eq!(names, ["w4", "w3", "w2", "w1", "w0"]);
    assert_eq!(cursor, "");
    for query in ["limit=0", "limit=x", "limit=1&limit=2", "cursor=", "cursor=AAAA", "other=1"] {
        app.get(&format!("/api/v1/workspaces?{query}"), OPERATOR).await.problem(400, "bad_request");
    }
}

#[tokio::test]
async fn plans_models_and_providers_as_the_caller_has_them() {
    let app = App::new().await;
    let (rich, poor) = (app.tenant().await, app.tenant_on("free").await);
    let plans = app.get("/api/v1/plans", &poor.key).await.is(200).body;
    let current: Vec<_> = plans["data"].as_array().unwrap().iter().filter(|p| p["current"] == true).collect();
    assert_eq!(current.len(), 1);
    assert_eq!(current[0]["id"], "free");

    // The operator has a key at Anthropic and none at OpenAI.
    let models = app.get("/api/v1/models", &rich.key).await.is(200).body;
    let all = models["data"].as_array().unwrap();
    for (filter, is_wanted) in [
        ("provider=openai", &(|m: &Value| m["provider"] == "openai") as &dyn Fn(&Value) -> bool),
        ("model=claude-opus-4-6", &|m: &Value| m["id"] == "claude-opus-4-6"),
        ("provider=openai&usable=true", &|m: &Value| m["provider"] == "openai" && m["usable"] == true),
        ("usable=false", &|m: &Value| m["usable"] == false),
    ] {
        let listed = app.get(&format!("/api/v1/models?{filter}"), &rich.key).await.is(200).body;
        let wanted: Vec<_> = all.iter().filter(|model| is_wanted(model)).cloned().collect();
        assert_eq!(listed["data"], json!(wanted), "{filter}");
    }
    for odd in ["provider=nobody", "usable=1", "mode=chat"] {
        app.get(&format!("/api/v1/models?{odd}"), &rich.key).await.problem(400, "bad_request");
    }
    let model =
        |models: &Value, id: &str| models["data"].as_array().unwrap().iter().find(|m| m["id"] == id).unwrap().clone();
    assert_eq!(model(&models, "claude-opus-4-6")["payer"], "managed");
    let none = model(&models, "gpt-4o");
    assert_eq!((&none["usable"], &none["reason"]["code"]), (&json!(false), &json!("byok_required")));
    let poor_models = app.get("/api/v1/models", &poor.key).await.is(200).body;
    assert_eq!(model(&poor_models, "gpt-4o")["reason"]["code"], "plan_required");

    app.put_key(&rich, "openai", crate::app::OPENAI_KEY).await.is(201);
    let models = app.get("/api/v1/models", &rich.key).await.is(200).body;
    assert_eq!(model(&models, "gpt-4o")["payer"], "byok");

    let providers = app.get("/api/v1/providers", &poor.key).await.is(200).body;
    let ids: Vec<_> = providers["data"].as_array().unwrap().iter().map(|p| p["id"].clone()).collect();
    assert_eq!(ids, ["anthropic", "openai"]);
    assert!(!providers["data"][0]["steps"].as_array().unwrap().is_empty());
    assert_eq!(providers["data"][0]["origins"].as_array().unwrap().len(), 2);
}
