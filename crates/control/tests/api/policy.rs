use serde_json::{Value, json};

use crate::app::{ANTHROPIC_KEY, App, OPERATOR, Tenant};

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
    assert_eq!(of("anthropic", "refused"), (json!("byok"), Value::Null, json!("provider_key_invalid")));
    assert_eq!(of("anthropic", "unavailable"), (json!("byok"), Value::Null, json!("provider_unavailable")));
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
