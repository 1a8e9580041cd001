use serde_json::json;

use crate::app::{App, OPERATOR};

const PATH: &str = "/api/v1/workspaces/current/policy";

#[tokio::test]
async fn who_pays_is_the_workspaces_word() {
    let app = App::new().await;
    let tenant = app.tenant_on("free").await;
    let policy = app.get(PATH, &tenant.key).await.is(200).body;
    assert_eq!(policy, json!({"payer": "byok_preferred", "fallback": {"on": [], "daily_cap_usd": null}}));
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
    let shown = json!({
        "payer": "byok_preferred",
        "fallback": {"on": ["rate_limited", "unavailable"], "daily_cap_usd": "5.5"},
    });
    assert_eq!(app.call("PUT", PATH, &tenant.key, body.clone()).await.is(200).body, shown);
    app.call("PUT", PATH, &tenant.key, body).await.is(200);
    assert_eq!(app.get(PATH, &tenant.key).await.is(200).body, shown);
    let routing = app.store.routing(tenant.id.parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(routing.fallback.on.len(), 2);
    for cap in [json!(null), json!("0"), json!("-1"), json!("a lot"), json!("0.0000000001"), json!("1e3")] {
        let body = json!({"fallback": {"on": ["quota_exhausted"], "daily_cap_usd": cap}});
        let refused = app.call("PUT", PATH, &tenant.key, body).await.problem(422, "invalid_value");
        assert_eq!(refused.body["member"], "daily_cap_usd");
    }
    assert_eq!(app.get(PATH, &tenant.key).await.is(200).body, shown);
    // Who says nothing of it consents to nothing.
    let none = json!({"on": [], "daily_cap_usd": null});
    assert_eq!(app.call("PUT", PATH, &tenant.key, json!({})).await.is(200).body["fallback"], none);
    let path = format!("/api/v1/workspaces/{}/audit", tenant.id);
    let events = app.get(&path, OPERATOR).await.is(200).body;
    let told: Vec<_> =
        events["data"].as_array().unwrap().iter().filter(|e| e["action"] == "workspace.policy").collect();
    assert_eq!(told.len(), 2, "what changes nothing is no event");
    assert_eq!(told[1]["detail"]["fallback"]["daily_cap_usd"], "5.5");
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
