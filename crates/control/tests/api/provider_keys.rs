use std::sync::Arc;

use ownkey_domain::scope::Scope;
use ownkey_store::ChangeKind;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::app::{ANTHROPIC_KEY, App, KEK, OPENAI_KEY, OPERATOR, OTHER_KEK, OTHER_KEY};
use crate::fake::{Script, anthropic, refused};

const LIST: &str = "/api/v1/workspaces/current/provider-keys";
const ANTHROPIC: &str = "/api/v1/workspaces/current/provider-keys/anthropic";

#[tokio::test]
async fn stored_rotated_removed() {
    let app = App::new().await;
    let tenant = app.tenant().await;
    assert_eq!(app.shown(&tenant, "anthropic").await["state"], "none");

    let first = app.put_key(&tenant, "anthropic", &format!(" \"{ANTHROPIC_KEY}\"\n")).await.is(201).body;
    assert_eq!(first, app.shown(&tenant, "anthropic").await);
    assert_eq!((&first["state"], &first["verdict"]["verdict"]), (&json!("active"), &json!("valid")));
    assert_eq!(first["hint"], "sk-ant-api03-…aaAA");
    assert_eq!(first["created_by"], tenant.key_id);
    let asked = app.anthropic.take_asked();
    assert_eq!(asked[0].path, "/v1/models?limit=1000");
    assert!(
        asked.iter().all(|a| a.headers["x-api-key"] == ANTHROPIC_KEY && a.headers["accept-encoding"] == "identity")
    );
    assert_eq!((asked.len(), &asked[1].body["model"]), (2, &json!("claude-haiku-4-5")));

    let second = app.put_key(&tenant, "anthropic", OTHER_KEY).await.is(200).body;
    assert_ne!(second["credential"], first["credential"]);
    app.call("DELETE", ANTHROPIC, &tenant.key, Value::Null).await.is(204);
    app.call("DELETE", ANTHROPIC, &tenant.key, Value::Null).await.problem(404, "not_found");
    assert_eq!(app.shown(&tenant, "anthropic").await["state"], "none");

    let audit = app.get("/api/v1/workspaces/current/audit", &tenant.key).await.is(200);
    assert!(!audit.text.contains("CANARY"));
    assert!(audit.body["data"].as_array().unwrap().len() >= 3);
}

#[tokio::test]
async fn a_key_that_was_changed_meanwhile_is_not_removed_for_the_one_before() {
    let app = App::new().await;
    let (tenant, other) = (app.tenant().await, app.tenant().await);
    let first = app.put_key(&tenant, "anthropic", ANTHROPIC_KEY).await.is(201).body;
    let second = app.put_key(&tenant, "anthropic", OTHER_KEY).await.is(200).body;
    let theirs = app.put_key(&other, "anthropic", ANTHROPIC_KEY).await.is(201).body;
    let remove = async |id: &Value| {
        let path = format!("{ANTHROPIC}?credential={}", id.as_str().unwrap());
        app.call("DELETE", &path, &tenant.key, Value::Null).await
    };
    for (id, status, code) in [
        (&first["credential"], 409, "conflict"),
        (&theirs["credential"], 409, "conflict"),
        (&json!("cred_x"), 400, "bad_request"),
    ] {
        remove(id).await.problem(status, code);
    }
    assert_eq!(app.shown(&tenant, "anthropic").await, second);
    remove(&second["credential"]).await.is(204);
    remove(&second["credential"]).await.problem(404, "not_found");
    assert_eq!(app.shown(&other, "anthropic").await["credential"], theirs["credential"]);
}

#[tokio::test]
async fn a_refused_key_leaves_the_old_one_in_force() {
    let app = App::new().await;
    let tenant = app.tenant().await;
    let before = app.put_key(&tenant, "anthropic", ANTHROPIC_KEY).await.is(201).body;
    app.anthropic.take_asked();

    app.anthropic.next([refused(), refused()]);
    let reply = app.put_key(&tenant, "anthropic", OTHER_KEY).await.problem(422, "invalid");
    assert_eq!(reply.body["verdict"]["verdict"], "invalid");
    assert!(reply.body["verdict"]["action"]["url"].is_string() && !reply.text.contains("CANARY"));
    assert_eq!(app.anthropic.take_asked().len(), 2);
    for (key, verdict) in [
        ("short", "malformed"),
        (OPENAI_KEY, "wrong_provider"),
        (&ANTHROPIC_KEY.replace("api03", "admin01"), "wrong_kind"),
    ] {
        let reply = app.put_key(&tenant, "anthropic", key).await.problem(422, verdict);
        assert!(!reply.text.contains("CANARY"), "{}", reply.text);
    }
    app.put_key(&tenant, "anthropic", &tenant.key).await.problem(422, "wrong_kind");
    assert!(app.anthropic.take_asked().is_empty(), "what can't be a key is not sent");
    assert_eq!(app.shown(&tenant, "anthropic").await, before);

    // And the old one still opens: its test goes out with its text.
    app.call("POST", &format!("{ANTHROPIC}/test"), &tenant.key, Value::Null).await.is(200);
    assert!(app.anthropic.take_asked().iter().all(|a| a.headers["x-api-key"] == ANTHROPIC_KEY));
}

#[tokio::test]
async fn what_could_not_be_tested_is_stored_on_demand_only() {
    let app = App::new().await;
    let tenant = app.tenant().await;
    let down = || app.anthropic.next([anthropic(529, "overloaded_error", "Overloaded")]);
    down();
    app.put_key(&tenant, "anthropic", ANTHROPIC_KEY).await.problem(502, "provider_incident");
    assert_eq!(app.shown(&tenant, "anthropic").await["state"], "none");
    down();
    let body = json!({"key": ANTHROPIC_KEY, "save_unverified": true});
    let stored = app.call("PUT", ANTHROPIC, &tenant.key, body).await.is(201).body;
    let untested = [&stored["state"], &stored["verdict"]["verdict"], &stored["last_tested_at"]];
    assert_eq!(untested, [&json!("needs_test"), &json!("provider_incident"), &Value::Null]);
    // A test that says nothing changes nothing; one that says something does.
    let test = format!("{ANTHROPIC}/test");
    down();
    assert_eq!(
        app.call("POST", &test, &tenant.key, json!({})).await.is(200).body["verdict"]["verdict"],
        "provider_incident"
    );
    assert_eq!(app.shown(&tenant, "anthropic").await["state"], "needs_test");
    app.call("POST", &test, &tenant.key, json!({})).await.is(200);
    let shown = app.shown(&tenant, "anthropic").await;
    assert!(shown["state"] == "active" && shown["last_tested_at"].is_string(), "{shown}");
    app.anthropic.next([refused(), refused()]);
    assert_eq!(app.call("POST", &test, &tenant.key, json!({})).await.is(200).body["verdict"]["verdict"], "invalid");
    assert_eq!(app.shown(&tenant, "anthropic").await["state"], "invalid");
    // `save_unverified` is no way round a refusal.
    app.anthropic.next([refused(), refused()]);
    let body = json!({"key": OTHER_KEY, "save_unverified": true});
    app.call("PUT", ANTHROPIC, &tenant.key, body).await.problem(422, "invalid");
}

#[tokio::test]
async fn a_key_goes_where_the_operator_says_only() {
    let app = App::new().await;
    let tenant = app.tenant().await;
    for origin in ["https://evil.example.com", "https://eu.example.com:8443", "eu.example.com", ""] {
        let body = json!({"key": ANTHROPIC_KEY, "origin": origin});
        app.call("PUT", ANTHROPIC, &tenant.key, body).await.problem(400, "bad_request");
    }
    let body = json!({"key": ANTHROPIC_KEY, "origin": app.anthropic.url});
    let stored = app.call("PUT", ANTHROPIC, &tenant.key, body).await.is(201).body;
    assert_eq!(stored["origin"], app.anthropic.url);
    app.call("PUT", &format!("{LIST}/gemini"), &tenant.key, json!({"key": ANTHROPIC_KEY}))
        .await
        .problem(404, "not_found");
}

#[tokio::test]
async fn a_test_of_another_key_stores_nothing() {
    let app = App::new().await;
    let tenant = app.tenant().await;
    let test = format!("{ANTHROPIC}/test");
    app.call("POST", &test, &tenant.key, json!({})).await.problem(404, "not_found");
    let reply = app.call("POST", &test, &tenant.key, json!({"key": ANTHROPIC_KEY})).await.is(200);
    assert_eq!((&reply.body["verdict"]["verdict"], &reply.body["credential"]), (&json!("valid"), &Value::Null));
    assert!(!reply.text.contains("CANARY"));
    assert_eq!(
        app.call("POST", &test, &tenant.key, json!({"key": "x"})).await.is(200).body["verdict"]["verdict"],
        "malformed"
    );
    assert_eq!(app.shown(&tenant, "anthropic").await["state"], "none");
}

#[tokio::test]
async fn plans_without_own_keys_let_them_sleep() {
    let app = App::new().await;
    let tenant = app.tenant().await;
    app.put_key(&tenant, "anthropic", ANTHROPIC_KEY).await.is(201);
    let path = format!("/api/v1/workspaces/{}", tenant.id);
    app.call("PATCH", &path, OPERATOR, json!({"plan": "free"})).await.is(200);
    assert_eq!(app.shown(&tenant, "anthropic").await["state"], "dormant");
    app.put_key(&tenant, "anthropic", OTHER_KEY).await.problem(403, "plan_required");
    app.call("PATCH", &path, OPERATOR, json!({"plan": "default"})).await.is(200);
    assert_eq!(app.shown(&tenant, "anthropic").await["state"], "active");
    app.call("PATCH", &path, OPERATOR, json!({"plan": "free"})).await.is(200);
    app.call("DELETE", ANTHROPIC, &tenant.key, Value::Null).await.is(204);
}

#[tokio::test]
async fn what_can_not_be_opened_is_shown_as_that_and_can_be_removed() {
    let app = App::new().await;
    let tenant = app.tenant().await;
    app.put_key(&tenant, "anthropic", ANTHROPIC_KEY).await.is(201);
    app.anthropic.take_asked();
    let test = format!("{ANTHROPIC}/test");
    // Another KEK; then another destination, which would otherwise be sent a key that was not meant for it.
    for changed in [app.changed(OTHER_KEK, &app.anthropic.url), app.changed(KEK, &app.openai.url)] {
        assert_eq!(changed.shown(&tenant, "anthropic").await["state"], "sealed");
        changed.call("POST", &test, &tenant.key, json!({})).await.problem(503, "key_sealed");
        let models = changed.get("/api/v1/models", &tenant.key).await.is(200).body;
        let model = models["data"].as_array().unwrap().iter().find(|m| m["id"] == "claude-opus-4-6").unwrap();
        assert_eq!(model["reason"]["code"], "key_sealed");
    }
    assert!(app.anthropic.take_asked().is_empty() && app.openai.take_asked().is_empty());
    assert_eq!(app.shown(&tenant, "anthropic").await["state"], "active");
    let other = app.changed(OTHER_KEK, &app.anthropic.url);
    other.put_key(&tenant, "anthropic", OTHER_KEY).await.problem(503, "key_sealed");
    other.call("DELETE", ANTHROPIC, &tenant.key, Value::Null).await.is(204);
}

#[tokio::test]
async fn who_hangs_up_does_not_stop_it() {
    let app = App::new().await;
    let tenant = app.tenant().await;
    let (hold, stored) = (Arc::new((Notify::new(), Notify::new())), Arc::new(Notify::new()));
    app.anthropic.next([Script::Hold(Arc::clone(&hold))]);
    let tell = Arc::clone(&stored);
    app.store.on_change(Box::new(move |change| {
        if change.kind == ChangeKind::Credential {
            tell.notify_one();
        }
    }));
    tokio::select! {
        reply = app.put_key(&tenant, "anthropic", ANTHROPIC_KEY) => panic!("answered too early: {}", reply.text),
        () = hold.0.notified() => {}
    }
    hold.1.notify_one();
    stored.notified().await;
    assert_eq!(app.shown(&tenant, "anthropic").await["state"], "active");
}

#[tokio::test]
async fn keys_are_their_workspaces_alone() {
    let app = App::new().await;
    let (one, other) = (app.tenant().await, app.tenant().await);
    app.put_key(&one, "anthropic", ANTHROPIC_KEY).await.is(201);
    assert_eq!(app.shown(&other, "anthropic").await["state"], "none");
    let path = format!("/api/v1/workspaces/{}/provider-keys/anthropic", one.id);
    app.call("DELETE", &path, &other.key, Value::Null).await.problem(404, "not_found");
    app.call("PUT", &path, &other.key, json!({"key": OTHER_KEY})).await.problem(404, "not_found");
    assert_eq!(app.shown(&one, "anthropic").await["state"], "active");
    let (_, reader) = app.key(&one.id, &[Scope::ProvidersRead]).await;
    app.get(LIST, &reader).await.is(200);
    app.call("DELETE", ANTHROPIC, &reader, Value::Null).await.problem(403, "forbidden");
}

#[tokio::test]
async fn no_file_of_the_store_holds_a_key() {
    let app = App::new().await;
    let tenant = app.tenant().await;
    app.put_key(&tenant, "anthropic", ANTHROPIC_KEY).await.is(201);
    app.put_key(&tenant, "openai", OPENAI_KEY).await.is(201);
    app.anthropic.next([Script::Text(401, "sk-ant-api03-CANARY is wrong")]);
    app.put_key(&tenant, "anthropic", OTHER_KEY).await;
    for entry in std::fs::read_dir(app.dir.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap_or_default();
        for secret in [&b"CANARY"[..], tenant.key.as_bytes()] {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret));
        }
    }
}
