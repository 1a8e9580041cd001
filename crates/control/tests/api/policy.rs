use std::time::Duration;

use serde_json::{Value, json};

use crate::app::{ANTHROPIC_KEY, App, OPERATOR, Tenant};
use crate::credits::{charged, journal};
use crate::fake::{Script, anthropic, models, refused};

const PATH: &str = "/api/v1/workspaces/current/policy";

#[tokio::test]
async fn who_pays_is_the_workspaces_word() {
    let app = App::new().await;
    let tenant = app.tenant_on("free").await;
    let policy = app.get(PATH, &tenant.key).await.is(200).body;
    assert_eq!(policy["payer"], "byok_preferred");
    assert_eq!(policy["fallback"], json!({"on": [], "daily_cap_usd": null}));
    for payer in ["managed_only", "byok_only", "byok_preferred"] {
        let body = json!({"payer": payer, "fallback": {"on": []}});
        assert_eq!(app.call("PUT", PATH, &tenant.key, body).await.is(200).body["payer"], payer);
        assert_eq!(app.get(PATH, &tenant.key).await.is(200).body["payer"], payer);
    }
}

#[tokio::test]
async fn consent_to_fallback_has_a_cap() {
    let app = App::new().await;
    let tenant = app.tenant().await;
    let body = json!({
        "payer": "byok_preferred",
        "fallback": {"on": ["unavailable", "rate_limited", "unavailable"], "daily_cap_usd": "5.50"},
    });
    let shown = json!({"on": ["rate_limited", "unavailable"], "daily_cap_usd": "5.5"});
    assert_eq!(app.call("PUT", PATH, &tenant.key, body.clone()).await.is(200).body["fallback"], shown);
    app.call("PUT", PATH, &tenant.key, body).await.is(200);
    assert_eq!(app.get(PATH, &tenant.key).await.is(200).body["fallback"], shown);
    let routing = app.store.routing(tenant.id.parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(routing.fallback.on.len(), 2);
    for cap in [json!(null), json!("0"), json!("-1"), json!("a lot"), json!("0.0000000001"), json!("1e3")] {
        let body = json!({"fallback": {"on": ["quota_exhausted"], "daily_cap_usd": cap}});
        let refused = app.call("PUT", PATH, &tenant.key, body).await.problem(422, "invalid_value");
        assert_eq!(refused.body["member"], "daily_cap_usd");
    }
    assert_eq!(app.get(PATH, &tenant.key).await.is(200).body["fallback"], shown);
    // Who says nothing of it consents to nothing.
    let none = json!({"on": [], "daily_cap_usd": null});
    assert_eq!(app.call("PUT", PATH, &tenant.key, json!({})).await.is(200).body["fallback"], none);
    let path = format!("/api/v1/workspaces/{}/audit", tenant.id);
    let events = app.get(&path, OPERATOR).await.is(200).body;
    let told: Vec<_> =
        events["data"].as_array().unwrap().iter().filter(|e| e["action"] == "workspace.policy").collect();
    assert_eq!(told.len(), 2, "what changes nothing is no event");
    assert_eq!(told[1]["detail"]["fallback"]["daily_cap_usd"], "5.5");
    // Each says what was before, as it said what came then.
    assert_eq!(told[0]["detail"]["before"]["fallback"], told[1]["detail"]["fallback"]);
    assert_eq!(told[1]["detail"]["before"]["payer"], "byok_preferred");
}

#[tokio::test]
async fn what_is_no_policy_is_refused() {
    let app = App::new().await;
    let tenant = app.tenant().await;
    for body in [
        json!({"payer": "me"}),
        json!({"fallback": {"on": ["boredom"]}}),
        json!({"fallback": {"on": [], "cap": "1"}}),
        json!({"payer": "byok_only", "x": 1}),
    ] {
        app.call("PUT", PATH, &tenant.key, body).await.problem(400, "bad_request");
    }
    assert_eq!(app.get(PATH, &tenant.key).await.is(200).body["payer"], "byok_preferred");
}

#[tokio::test]
async fn a_preview_saves_nothing_and_says_what_would_happen() {
    let app = App::new().await;
    let (own, keyless) = (app.tenant().await, app.tenant_on("free").await);
    let preview = async |tenant: &Tenant, payer: &str| {
        let body = json!({"payer": payer});
        let answer = app.call("PUT", &format!("{PATH}?preview=true"), &tenant.key, body).await.is(200).body;
        assert_eq!((&answer["payer"], answer["outcomes"].as_array().unwrap().len()), (&json!(payer), 16));
        answer["outcomes"].clone()
    };
    let find = |outcomes: &Value, provider: &str, situation: &str| {
        let is = |one: &&Value| one["provider"] == provider && one["situation"] == situation;
        let one = outcomes.as_array().unwrap().iter().find(is).unwrap();
        (one["payer"].clone(), one["managed"].clone(), one["reason"]["code"].clone())
    };
    let outcomes = preview(&own, "byok_preferred").await;
    let of = |provider, situation| find(&outcomes, provider, situation);
    assert_eq!(of("anthropic", "works"), (json!("byok"), Value::Null, Value::Null));
    assert_eq!(of("anthropic", "none"), (json!("managed"), json!("included"), Value::Null));
    // The operator has no key there.
    assert_eq!(of("openai", "none"), (Value::Null, Value::Null, json!("byok_required")));
    assert_eq!(of("anthropic", "refused"), (Value::Null, Value::Null, json!("provider_key_invalid")));
    assert_eq!(of("anthropic", "unavailable"), (Value::Null, Value::Null, json!("provider_unavailable")));
    assert_eq!(of("anthropic", "sealed"), (Value::Null, Value::Null, json!("key_sealed")));
    let outcomes = preview(&own, "managed_only").await;
    assert_eq!(find(&outcomes, "anthropic", "refused"), (json!("managed"), json!("included"), Value::Null));
    assert_eq!(find(&outcomes, "openai", "works"), (Value::Null, Value::Null, json!("managed_unavailable")));
    let outcomes = preview(&keyless, "byok_preferred").await;
    assert_eq!(find(&outcomes, "anthropic", "dormant"), (Value::Null, Value::Null, json!("plan_required")));
    assert_eq!(app.get(PATH, &own.key).await.is(200).body["payer"], "byok_preferred");
    app.call("PUT", &format!("{PATH}?preview=maybe"), &own.key, json!({})).await.problem(400, "bad_request");
}

#[tokio::test]
async fn what_is_said_of_the_payer_is_what_models_are_shown_with() {
    let app = App::new().await;
    let tenant = app.tenant().await;
    let now = async || {
        let shown = app.shown(&tenant, "anthropic").await;
        let models = app.get("/api/v1/models", &tenant.key).await.is(200).body;
        let model =
            models["data"].as_array().unwrap().iter().find(|one| one["id"] == "claude-haiku-4-5").unwrap().clone();
        assert_eq!((&shown["payer_now"]["payer"], &shown["payer_now"]["reason"]), (&model["payer"], &model["reason"]));
        (shown["payer_now"]["payer"].clone(), shown["payer_if_disconnected"]["payer"].clone())
    };
    assert_eq!(now().await, (json!("managed"), json!("managed")));
    app.put_key(&tenant, "anthropic", ANTHROPIC_KEY).await.is(201);
    assert_eq!(now().await, (json!("byok"), json!("managed")));
    app.call("PUT", PATH, &tenant.key, json!({"payer": "byok_only"})).await.is(200);
    assert_eq!(now().await, (json!("byok"), Value::Null));
    app.call("PUT", PATH, &tenant.key, json!({"payer": "managed_only"})).await.is(200);
    assert_eq!(now().await, (json!("managed"), json!("managed")));
}

/// What the next call does, by every list that says so: who pays, the failure that he steps in for, or why nobody does.
async fn next_call(app: &App, tenant: &Tenant) -> (Value, Value, Value) {
    let key = app.shown(tenant, "anthropic").await["payer_now"].clone();
    let list = |path: &'static str| app.get(path, &tenant.key);
    let find = |all: &Value, member: &str, is: &str| {
        all.as_array().unwrap().iter().find(|one| one[member] == is).unwrap()["payer_now"].clone()
    };
    let models = list("/api/v1/models").await.is(200).body;
    let costs = list("/api/v1/workspaces/current/costs").await.is(200).body;
    let messages = costs["routes"].as_array().unwrap().iter().find(|route| route["path"] == "/v1/messages").unwrap();
    let glance = app.get("/api/v1/operator/workspaces", OPERATOR).await.is(200).body;
    let here = glance["data"].as_array().unwrap().iter().find(|one| one["id"] == tenant.id).unwrap();
    for told in [
        find(&models["data"], "id", "claude-haiku-4-5"),
        find(&messages["models"], "id", "claude-haiku-4-5"),
        find(&here["providers"], "provider", "anthropic"),
    ] {
        assert_eq!(told, key);
    }
    (key["payer"].clone(), key["fallback"].clone(), key["reason"]["code"].clone())
}

#[tokio::test]
async fn every_list_says_what_the_next_call_does() {
    let app = App::new().await;
    let tenant = app.tenant_on("prepaid").await;
    let fails = |code: &str| (Value::Null, Value::Null, json!(code));
    // The plan's allowance is due, and counts before anybody has looked at it.
    assert_eq!(next_call(&app, &tenant).await, (json!("managed"), Value::Null, Value::Null));
    app.get("/api/v1/workspaces/current/credits", &tenant.key).await.is(200);
    journal(&app).await.append(charged(&tenant, 1, "5")).unwrap();
    assert_eq!(next_call(&app, &tenant).await, fails("insufficient_credits"));
    let policy = app.get(PATH, &tenant.key).await.is(200).body;
    let none = policy["outcomes"].as_array().unwrap().iter().find(|one| one["situation"] == "none").unwrap();
    assert_eq!((&none["payer"], &none["reason"]["code"]), (&Value::Null, &json!("insufficient_credits")));
    let limit = || anthropic(429, "rate_limit_error", "slow down");
    let models = || Script::Json(200, models(&["claude-haiku-4-5"]));
    app.anthropic.next([models(), limit()]);
    app.put_key(&tenant, "anthropic", ANTHROPIC_KEY).await.is(201);
    assert_eq!(next_call(&app, &tenant).await, fails("provider_rate_limited"));
    let consent = json!({"fallback": {"on": ["rate_limited"], "daily_cap_usd": "5"}});
    app.call("PUT", PATH, &tenant.key, consent).await.is(200);
    // There is nothing to step in with.
    assert_eq!(next_call(&app, &tenant).await, fails("provider_rate_limited"));
    let path = format!("/api/v1/workspaces/{}/credits/grants", tenant.id);
    app.call("POST", &path, OPERATOR, json!({"credits": "5", "reason": "r"})).await.is(201);
    assert_eq!(next_call(&app, &tenant).await, (json!("managed"), json!("rate_limited"), Value::Null));
    app.pass(Duration::from_secs(8));
    assert_eq!(next_call(&app, &tenant).await, (json!("byok"), Value::Null, Value::Null), "the wait is over");
    app.anthropic.next([refused(), refused()]);
    let test = "/api/v1/workspaces/current/provider-keys/anthropic/test";
    app.call("POST", test, &tenant.key, json!({})).await.is(200);
    assert_eq!(next_call(&app, &tenant).await, fails("provider_key_invalid"));
    app.call("PUT", PATH, &tenant.key, json!({"payer": "managed_only"})).await.is(200);
    assert_eq!(next_call(&app, &tenant).await, (json!("managed"), Value::Null, Value::Null));
    for (payer, scope, told) in [
        ("byok", "workspace", (json!("managed"), Value::Null, Value::Null)),
        ("any", "agent/lead", (json!("managed"), Value::Null, Value::Null)),
        ("any", "workspace", fails("budget_exceeded")),
    ] {
        let budget = json!({"payer": payer, "scope": scope, "period": "day", "limit_usd": "0"});
        app.call("PUT", "/api/v1/workspaces/current/budgets/cap", &tenant.key, budget).await;
        assert_eq!(next_call(&app, &tenant).await, told, "{payer} {scope}");
    }
    // A call is not sent for which nothing can be held.
    app.call("PUT", PATH, &tenant.key, json!({"payer": "byok_only"})).await.is(200);
    assert_eq!(next_call(&app, &tenant).await, fails("budget_exceeded"));
}

/// Of each situation at Anthropic: who pays, or the code that calls fail with.
fn told(policy: &Value) -> Vec<(String, Value)> {
    let all = policy["outcomes"].as_array().unwrap();
    let here = all.iter().filter(|outcome| outcome["provider"] == "anthropic");
    here.map(|outcome| {
        let said = if outcome["reason"].is_null() { &outcome["payer"] } else { &outcome["reason"]["code"] };
        (outcome["situation"].as_str().unwrap().to_owned(), said.clone())
    })
    .collect()
}

#[tokio::test]
async fn a_policy_tells_what_it_comes_to_however_it_is_asked() {
    let app = App::new().await;
    let tenant = app.tenant().await;
    let expected = |said: [&str; 8]| {
        let situations =
            ["works", "none", "refused", "rate_limited", "quota_exhausted", "unavailable", "sealed", "dormant"];
        situations.into_iter().zip(said).map(|(one, said)| (one.to_owned(), json!(said))).collect::<Vec<_>>()
    };
    let failing = ["provider_key_invalid", "provider_rate_limited", "provider_quota_exhausted", "provider_unavailable"];
    let [refused, limited, poor, silent] = failing;
    let own = ["byok", "byok_required", refused, limited, poor, silent, "key_sealed", "plan_required"];
    let consenting = ["byok", "managed", refused, "managed", poor, silent, "key_sealed", "plan_required"];
    let consent = json!({"on": ["rate_limited"], "daily_cap_usd": "5"});
    for (policy, said) in [
        (json!({"payer": "byok_only"}), own),
        (json!({"payer": "managed_only"}), ["managed"; 8]),
        (json!({"payer": "byok_preferred", "fallback": consent}), consenting),
    ] {
        let preview = app.call("PUT", &format!("{PATH}?preview=true"), &tenant.key, policy.clone()).await.is(200).body;
        let set = app.call("PUT", PATH, &tenant.key, policy).await.is(200).body;
        assert_eq!(told(&preview), expected(said));
        assert_eq!((&set, &app.get(PATH, &tenant.key).await.is(200).body), (&preview, &preview));
    }
}
