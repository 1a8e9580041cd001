//! What costs what: the same table and rule as calls, in the words of people.

use serde_json::{Value, json};

use crate::app::{ANTHROPIC_KEY, App, Tenant};

const COSTS: &str = "/api/v1/workspaces/current/costs";

async fn route(app: &App, tenant: &Tenant, method: &str, path: &str) -> Value {
    let costs = app.get(COSTS, &tenant.key).await.is(200).body;
    let routes = costs["routes"].as_array().unwrap().iter();
    routes.clone().find(|route| route["method"] == method && route["path"] == path).unwrap().clone()
}

fn of_model<'v>(route: &'v Value, id: &str) -> &'v Value {
    route["models"].as_array().unwrap().iter().find(|model| model["id"] == id).unwrap()
}

#[tokio::test]
async fn managed_calls_cost_list_price_times_markup() {
    let app = App::new().await;
    let tenant = app.tenant_on("pro").await;
    let messages = route(&app, &tenant, "POST", "/v1/messages").await;
    let haiku = of_model(&messages, "claude-haiku-4-5");
    assert_eq!(
        (&haiku["payer"], &haiku["cost"], &haiku["reason"]),
        (&json!("managed"), &json!("credits"), &json!(null))
    );
    // One and five USD for a million tokens, times one and a half, a cent a credit.
    let prices = &haiku["credits_per_million_tokens"]["standard"];
    assert_eq!((&prices["input"], &prices["output"]), (&json!("150"), &json!("750")));
    assert_eq!(haiku["credits_per_unit"]["web_searches"], "1.5", "a cent each");
    assert_eq!(messages["terms"], json!(null));
    let counting = route(&app, &tenant, "POST", "/v1/messages/count_tokens").await;
    assert_eq!((&counting["terms"]["cost"], &counting["terms"]["payer"]), (&json!("free"), &json!("managed")));
    assert_eq!(counting["models"], json!([]));
    // The operator has no key at OpenAI here.
    let chat = route(&app, &tenant, "POST", "/v1/chat/completions").await;
    let refused = of_model(&chat, "gpt-4o");
    assert_eq!((&refused["payer"], &refused["cost"]), (&json!(null), &json!("refused")));
    assert_eq!(
        (&refused["reason"]["code"], &refused["credits_per_million_tokens"]),
        (&json!("byok_required"), &json!({}))
    );
}

#[tokio::test]
async fn own_keys_and_included_access_cost_no_credits() {
    let app = App::new().await;
    let tenant = app.tenant().await;
    let stands = async || {
        let messages = route(&app, &tenant, "POST", "/v1/messages").await;
        let haiku = of_model(&messages, "claude-haiku-4-5");
        let input = &haiku["credits_per_million_tokens"]["standard"]["input"];
        (haiku["payer"].clone(), haiku["cost"].clone(), input.clone())
    };
    assert_eq!(stands().await, (json!("managed"), json!("included"), json!("0")));
    app.put_key(&tenant, "anthropic", ANTHROPIC_KEY).await.is(201);
    assert_eq!(stands().await, (json!("byok"), json!("own_key"), json!("0")));
    let policy = "/api/v1/workspaces/current/policy";
    app.call("PUT", policy, &tenant.key, json!({"payer": "managed_only"})).await.is(200);
    assert_eq!(stands().await, (json!("managed"), json!("included"), json!("0")));
}

#[tokio::test]
async fn what_managed_access_does_not_serve_is_refused_with_its_reason() {
    let app = App::new().await;
    let tenant = app.tenant().await;
    let of_id = route(&app, &tenant, "GET", "/v1/responses/{id}").await;
    assert_eq!(of_id["terms"]["reason"]["code"], "byok_required");
    let other = app.tenant().await;
    app.get(&COSTS.replace("current", &tenant.id), &other.key).await.problem(404, "not_found");
}

#[tokio::test]
async fn services_cost_credits_unless_the_plan_includes_them() {
    let app = App::new().await;
    for (plan, cost) in [("prepaid", "credits"), ("default", "included")] {
        let tenant = app.tenant_on(plan).await;
        let costs = app.get("/api/v1/workspaces/current/costs", &tenant.key).await.is(200).body;
        let service = |name, unit, credits| json!({"name": name, "unit": unit, "payer": "managed", "cost": cost, "credits": credits});
        let expected = json!([service("phone", "second", "0.01"), service("tool", "call", "0.05")]);
        assert_eq!(costs["services"], expected, "{plan}");
    }
}
