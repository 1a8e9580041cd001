use serde_json::json;

use crate::app::App;

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
async fn fallback_is_not_promised_before_it_is_built() {
    let app = App::new().await;
    let tenant = app.tenant().await;
    let body = json!({"payer": "byok_only", "fallback": {"on": ["rate_limited"], "daily_cap_usd": "5"}});
    app.call("PUT", PATH, &tenant.key, body).await.problem(422, "not_available_yet");
    assert_eq!(app.get(PATH, &tenant.key).await.is(200).body["payer"], "byok_preferred");
    for body in
        [json!({"payer": "me"}), json!({"fallback": {"on": ["boredom"]}}), json!({"payer": "byok_only", "x": 1})]
    {
        app.call("PUT", PATH, &tenant.key, body).await.problem(400, "bad_request");
    }
}
