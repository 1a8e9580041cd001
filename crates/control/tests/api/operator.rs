//! The operator's pages: what he sees of all workspaces, of his own keys and of the installation.

use std::time::Duration;

use ownkey_domain::managed_key::ManagedSeen;
use ownkey_domain::payer::PayerKind;
use ownkey_domain::receipt::Receipt;
use ownkey_domain::time::Timestamp;
use serde_json::{Value, json};

use crate::app::{ANTHROPIC_KEY, App, KEK, NOW, OPENAI_KEY, OPERATOR, OTHER_KEK, Tenant};
use crate::credits::{charged, journal};
use crate::receipts::receipt;

const GRANTS: &str = "/api/v1/operator/grants";

fn names<'v>(list: &'v Value, member: &str) -> Vec<&'v str> {
    list["data"].as_array().unwrap().iter().map(|item| item[member].as_str().unwrap()).collect()
}

async fn granted(app: &App, tenant: &Tenant, reason: &str, expires_at: Option<&str>) {
    let path = format!("/api/v1/workspaces/{}/credits/grants", tenant.id);
    let body = json!({"credits": "12.5", "reason": reason, "expires_at": expires_at});
    app.order(&path, reason, body).await.is(201);
}

#[tokio::test]
async fn a_plan_is_looked_at_before_it_is_taken() {
    let app = App::new().await;
    let tenant = app.tenant_on("pro").await;
    for (provider, key) in [("anthropic", ANTHROPIC_KEY), ("openai", OPENAI_KEY)] {
        app.put_key(&tenant, provider, key).await.is(201);
    }
    let path = format!("/api/v1/workspaces/{}", tenant.id);
    let preview = |plan: &str| format!("{path}/plan-preview?plan={plan}");
    let down = app.get(&preview("free"), OPERATOR).await.is(200).body;
    assert_eq!((&down["keys_asleep"], &down["keys_waking"]), (&json!(2), &json!(0)));
    assert_eq!(down["dormant_keys"], "stop");
    let anthropic = &down["providers"][0];
    assert_eq!((&anthropic["before"]["payer"], &anthropic["after"]["payer"]), (&json!("byok"), &Value::Null));
    assert_eq!(anthropic["after"]["reason"]["code"], "plan_required");
    // Nothing has changed, and then what was said comes true.
    assert_eq!(app.get(&path, OPERATOR).await.is(200).body["plan"], "pro");
    assert_eq!(app.shown(&tenant, "openai").await["state"], "active");
    app.call("PATCH", &path, OPERATOR, json!({"plan": "free"})).await.is(200);
    assert_eq!(app.shown(&tenant, "openai").await["state"], "dormant");
    let up = app.get(&preview("team"), OPERATOR).await.is(200).body;
    assert_eq!((&up["keys_asleep"], &up["keys_waking"]), (&json!(0), &json!(2)));
    for query in ["", "?plan=", "?plan=gold", "?plan=pro&plan=team"] {
        app.get(&format!("{path}/plan-preview{query}"), OPERATOR).await.problem(400, "bad_request");
    }
}

#[tokio::test]
async fn grants_of_all_workspaces_are_listed_and_filtered() {
    let app = App::new().await;
    let (one, two) = (app.tenant_on("pro").await, app.tenant_on("pro").await);
    granted(&app, &one, "welcome", None).await;
    granted(&app, &two, "refund of a day", Some("2026-11-22T18:00:00Z")).await;
    granted(&app, &two, "top-up", None).await;
    let all = app.get(GRANTS, OPERATOR).await.is(200).body;
    assert_eq!(names(&all, "reason"), ["top-up", "refund of a day", "welcome"]);
    let newest = &all["data"][0];
    assert_eq!((&newest["workspace"], &newest["workspace_name"]), (&json!(two.id), &json!("Acme")));
    assert_eq!(
        (&newest["credits"], &newest["balance"], &newest["state"]),
        (&json!("12.5"), &json!("12.5"), &json!("active"))
    );

    let of_one = app.get(&format!("{GRANTS}?workspace={}", one.id), OPERATOR).await.is(200).body;
    assert_eq!(names(&of_one, "reason"), ["welcome"]);
    app.pass(Duration::from_secs(3600));
    let expired = app.get(&format!("{GRANTS}?state=expired"), OPERATOR).await.is(200).body;
    assert_eq!((names(&expired, "reason"), names(&expired, "state")), (vec!["refund of a day"], vec!["expired"]));
    let active = app.get(&format!("{GRANTS}?state=active"), OPERATOR).await.is(200).body;
    assert_eq!(names(&active, "reason"), ["top-up", "welcome"]);
    assert_eq!(names(&app.get(&format!("{GRANTS}?state=spent"), OPERATOR).await.is(200).body, "id"), [""; 0]);

    let page = app.get(&format!("{GRANTS}?limit=2"), OPERATOR).await.is(200).body;
    let rest = format!("{GRANTS}?limit=2&cursor={}", page["next_cursor"].as_str().unwrap());
    assert_eq!(names(&app.get(&rest, OPERATOR).await.is(200).body, "reason"), ["welcome"]);
    for query in ["state=gone", "workspace=x", "limit=0"] {
        app.get(&format!("{GRANTS}?{query}"), OPERATOR).await.problem(400, "bad_request");
    }
}

#[tokio::test]
async fn workspaces_at_a_glance_say_who_pays_and_what_there_is() {
    let app = App::new().await;
    let (own, managed) = (app.tenant_on("pro").await, app.tenant_on("free").await);
    app.put_key(&own, "openai", OPENAI_KEY).await.is(201);
    granted(&app, &own, "welcome", None).await;
    let journal = journal(&app).await;
    journal.append(receipt(&own, &own.key_id, 1)).unwrap();
    let by_us = Receipt { payer: Some(PayerKind::Managed), ..charged(&own, 2, "2.5") };
    journal.append(&by_us).unwrap();
    let list = app.get("/api/v1/operator/workspaces", OPERATOR).await.is(200).body;
    assert_eq!(names(&list, "id"), [managed.id.as_str(), &own.id]);
    let [second, first] = [&list["data"][0], &list["data"][1]];
    assert_eq!(
        (&first["balance"], &first["month_own_usd"], &first["month_credits_paid"]),
        (&json!("210"), &json!("0.0031"), &json!("2.5")),
        "12.5 granted and 200 that the plan allows and nobody has looked at, less what was charged"
    );
    let credits = app.get("/api/v1/workspaces/current/credits", &own.key).await.is(200).body;
    assert_eq!(credits["balance"], first["balance"]);
    assert_eq!(
        (&first["providers"][1]["key"], &first["providers"][1]["payer_now"]["payer"]),
        (&json!("active"), &json!("byok"))
    );
    assert_eq!((&second["balance"], &second["providers"][0]["payer_now"]["payer"]), (&json!("0"), &json!("managed")));
}

#[tokio::test]
async fn a_managed_key_that_fails_stands_first() {
    let app = App::new().await;
    let health = app.get("/api/v1/operator/health", OPERATOR).await.is(200).body;
    assert_eq!(names(&json!({"data": health["managed_keys"]}), "state"), ["unused", "none"]);
    let at = |seconds: i64| Timestamp::from_millis(NOW + seconds * 1_000);
    let see = |seen, when| app.managed_key.lock().unwrap().note(seen, when);
    see(ManagedSeen::Served, at(0));
    see(ManagedSeen::Refused, at(1));
    see(ManagedSeen::Refused, at(2));
    app.pass(Duration::from_secs(10));
    let health = app.get("/api/v1/operator/health", OPERATOR).await.is(200).body;
    let worst = &health["managed_keys"][0];
    assert_eq!((&worst["provider"], &worst["state"]), (&json!("anthropic"), &json!("refused")));
    assert_eq!((&worst["hour_calls"], &worst["hour_failed"]), (&json!(3), &json!(2)));
    assert!(worst["since"].as_str() > worst["last_success_at"].as_str(), "{worst}");
    assert_eq!(worst["hint"], "sk-ant-…wxyz");
    assert_eq!((&health["database"]["kind"], &health["database"]["answers"]), (&json!("sqlite"), &json!(true)));
    assert_eq!((&health["not_ready"], &health["version"]), (&Value::Null, &json!(env!("CARGO_PKG_VERSION"))));
}

#[tokio::test]
async fn how_far_a_rotation_has_come_is_told() {
    let app = App::new().await;
    app.tenant().await;
    let rotating = app.changed(&format!("{OTHER_KEK},{KEK}"), "http://127.0.0.1:9");
    let kek = |health: &Value| health["kek"].clone();
    let before = kek(&rotating.get("/api/v1/operator/health", OPERATOR).await.is(200).body);
    assert_eq!(before, json!({"active": "b", "others": ["a"], "data_keys": 1, "under_active": 0}));
    rotating.call("POST", "/api/v1/operator/vault/rotate", OPERATOR, json!({})).await.is(200);
    let after = kek(&rotating.get("/api/v1/operator/health", OPERATOR).await.is(200).body);
    assert_eq!(after["under_active"], after["data_keys"]);
}

#[tokio::test]
async fn services_are_shown_with_the_file_they_come_from() {
    let app = App::new().await;
    let shown = app.get("/api/v1/operator/configuration", OPERATOR).await.is(200).body;
    assert_eq!(shown["file"], "/etc/ownkey/ownkey.toml");
    let tool = json!({"name": "tool", "unit": "call", "credits": "0.05", "max_items": null, "path": "/services/tool"});
    assert_eq!(
        shown["services"],
        json!([
            {"name": "phone", "unit": "second", "credits": "0.01", "max_items": null, "path": null},
            tool,
        ])
    );
}

#[tokio::test]
async fn who_changed_a_key_is_told_to_those_who_find_it_changed() {
    let app = App::new().await;
    let tenant = app.tenant().await;
    let before = app.shown(&tenant, "anthropic").await;
    assert_eq!((&before["changed_by"], &before["changed_at"]), (&Value::Null, &Value::Null));
    app.put_key(&tenant, "anthropic", ANTHROPIC_KEY).await.is(201);
    assert_eq!(app.shown(&tenant, "anthropic").await["changed_by"], json!(tenant.key_id));
    let path = format!("/api/v1/workspaces/{}/provider-keys/anthropic", tenant.id);
    app.call("DELETE", &path, OPERATOR, Value::Null).await.is(204);
    let gone = app.shown(&tenant, "anthropic").await;
    assert_eq!((&gone["state"], &gone["changed_by"]), (&json!("none"), &json!("operator")));
}
