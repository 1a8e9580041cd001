use ownkey_domain::person::Role;
use ownkey_domain::webhook::{Event, WEBHOOKS_MAX};
use serde_json::{Value, json};

use crate::app::{App, OPERATOR, Reply, Tenant};

fn path(tenant: &Tenant, rest: &str) -> String {
    format!("/api/v1/workspaces/{}/webhooks{rest}", tenant.id)
}

async fn made(app: &App, tenant: &Tenant, body: Value) -> Reply {
    app.call("POST", &path(tenant, ""), OPERATOR, body).await
}

#[tokio::test]
async fn a_webhook_is_made_shown_changed_and_removed() {
    let app = App::new().await;
    let tenant = app.tenant().await;
    let new = made(&app, &tenant, json!({"url": "https://example.com/hooks?token=abc"})).await.is(201).body;
    let secret = new["secret"].as_str().unwrap();
    assert!(secret.starts_with("whsec_") && secret.len() == 50, "32 bytes in base64");
    assert_eq!((new["enabled"].clone(), new["disabled_reason"].clone()), (json!(true), Value::Null));
    let all: Vec<_> = Event::ALL.iter().filter(|event| event.can_be_chosen()).map(|event| event.as_str()).collect();
    assert_eq!(new["events"], json!(all));
    let one = path(&tenant, &format!("/{}", new["id"].as_str().unwrap()));

    let shown = app.get(&one, OPERATOR).await.is(200);
    assert!(shown.body.get("secret").is_none() && !shown.text.contains("whsec_"));
    let patch = json!({"events": ["credits.low"], "enabled": false});
    let changed = app.call("PATCH", &one, OPERATOR, patch).await.is(200).body;
    assert_eq!((&changed["events"], &changed["disabled_reason"]), (&json!(["credits.low"]), &json!("by_hand")));
    for (rest, body) in [("/test", Value::Null), ("/secret", Value::Null)] {
        let expected = if rest == "/test" { 409 } else { 200 };
        app.call("POST", &format!("{one}{rest}"), OPERATOR, body).await.is(expected);
    }
    assert_eq!(app.call("PATCH", &one, OPERATOR, json!({"enabled": true})).await.is(200).body["enabled"], true);
    let again = app.call("POST", &format!("{one}/secret"), OPERATOR, Value::Null).await.is(200).body;
    assert_ne!(again["secret"], new["secret"]);

    let list = app.get(&path(&tenant, ""), OPERATOR).await.is(200);
    assert!(list.body["data"].as_array().unwrap().len() == 1 && !list.text.contains("whsec_"));
    let audit = app.get(&format!("/api/v1/workspaces/{}/audit?limit=5", tenant.id), OPERATOR).await.is(200);
    assert!(!audit.text.contains("whsec_") && !audit.text.contains("token=abc"), "an address may hold a secret");
    let actions: Vec<_> = audit.body["data"].as_array().unwrap().iter().map(|event| event["action"].clone()).collect();
    let update = "webhook.update";
    assert_eq!(actions, ["webhook.rotate_secret", update, "webhook.rotate_secret", update, "webhook.create"]);
    // To who can't change it an address is where it goes, and not the token in it.
    for (role, name, url) in [
        (Role::Admin, "ada@example.com", "https://example.com/hooks?token=abc"),
        (Role::Member, "mel@example.com", "https://example.com:443"),
        (Role::Viewer, "vic@example.com", "https://example.com:443"),
    ] {
        let mut person = app.member(&tenant.id, name, role).await;
        assert_eq!(person.send(&app, "GET", &one, Value::Null).await.is(200).body["url"], url);
        let all = person.send(&app, "GET", &path(&tenant, ""), Value::Null).await.is(200);
        assert_eq!(all.body["data"][0]["url"], url);
    }
    app.call("DELETE", &one, OPERATOR, Value::Null).await.is(204);
    app.get(&one, OPERATOR).await.problem(404, "not_found");
}

#[tokio::test]
async fn what_can_be_no_webhook_is_refused() {
    let app = App::new().await;
    let tenant = app.tenant().await;
    for url in
        ["http://example.com/", "https://127.0.0.1/", "https://[::1]/", "https://2130706433/", "https://u:p@a.b/"]
    {
        made(&app, &tenant, json!({"url": url})).await.problem(422, "invalid_value");
    }
    let url = "https://example.com/";
    for events in
        [json!([]), json!(["credits.low", "credits.low"]), json!(["webhook.test"]), json!(["x"]), json!("all")]
    {
        made(&app, &tenant, json!({"url": url, "events": events})).await.problem(400, "bad_request");
    }
    made(&app, &tenant, json!({"url": format!("https://example.com/{}", tenant.key)}))
        .await
        .problem(400, "bad_request");
    for _ in 0..WEBHOOKS_MAX {
        made(&app, &tenant, json!({"url": url})).await.is(201);
    }
    made(&app, &tenant, json!({"url": url})).await.problem(409, "conflict");
}

#[tokio::test]
async fn messages_are_asked_for_shown_and_sent_again_within_bounds() {
    let app = App::new().await;
    let (tenant, other) = (app.tenant().await, app.tenant().await);
    let new = made(&app, &tenant, json!({"url": "https://example.com/"})).await.is(201).body;
    let id = new["id"].as_str().unwrap();
    let one = path(&tenant, &format!("/{id}"));
    let told = app.call("POST", &format!("{one}/test"), OPERATOR, Value::Null).await.is(202).body;
    assert_eq!((&told["event"], &told["state"]), (&json!("webhook.test"), &json!("pending")));
    assert_eq!(told["payload"]["data"]["webhook"], id);
    let message = format!("/deliveries/{}", told["id"].as_str().unwrap());
    assert_eq!(app.get(&format!("{one}{message}"), OPERATOR).await.is(200).body, told);
    assert_eq!(app.get(&format!("{one}/deliveries"), OPERATOR).await.is(200).body["data"], json!([told]));
    // Another workspace's, and another webhook's, are nobody's.
    let second = made(&app, &tenant, json!({"url": "https://example.com/"})).await.is(201).body;
    let strange = [path(&other, &format!("/{id}")), path(&tenant, &format!("/{}", second["id"].as_str().unwrap()))];
    for place in strange {
        app.get(&format!("{place}{message}"), OPERATOR).await.problem(404, "not_found");
        app.call("POST", &format!("{place}{message}/replay"), OPERATOR, Value::Null).await.problem(404, "not_found");
    }
    for rest in ["", "/deliveries"] {
        app.get(&path(&other, &format!("/{id}{rest}")), OPERATOR).await.problem(404, "not_found");
    }
    for rest in ["/secret", "/test"] {
        let reply = app.call("POST", &path(&other, &format!("/{id}{rest}")), OPERATOR, Value::Null).await;
        reply.problem(404, "not_found");
    }
    app.call("PATCH", &path(&other, &format!("/{id}")), OPERATOR, json!({})).await.problem(404, "not_found");
    app.call("DELETE", &path(&other, &format!("/{id}")), OPERATOR, Value::Null).await.problem(404, "not_found");
    for _ in 0..2 {
        app.call("POST", &format!("{one}{message}/replay"), OPERATOR, Value::Null).await.is(202);
    }
    app.call("POST", &format!("{one}/test"), OPERATOR, Value::Null).await.problem(429, "rate_limited");
}
