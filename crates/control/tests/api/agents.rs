use serde_json::json;

use crate::app::{App, OPERATOR};

const PATH: &str = "/api/v1/workspaces/current/agents";

#[tokio::test]
async fn the_lead_is_always_there_and_others_are_added() {
    let app = App::new().await;
    let tenant = app.tenant().await;
    let all = app.get(PATH, &tenant.key).await.is(200).body;
    assert_eq!(all["data"].as_array().unwrap().len(), 1);
    assert_eq!((&all["data"][0]["name"], &all["data"][0]["is_default"]), (&json!("lead"), &json!(true)));
    // Only Anthropic has managed access here, so the cheapest usable model is one of its.
    assert!(all["data"][0]["model"].as_str().unwrap().starts_with("claude-"));

    let lead = format!("{PATH}/lead");
    let chosen = json!({"name": "lead", "model": "claude-opus-4-6", "is_default": false});
    let put = app.call("PUT", &lead, &tenant.key, json!({"model": "claude-opus-4-6"})).await.is(201).body;
    assert_eq!(put, chosen);
    app.call("PUT", &lead, &tenant.key, json!({"model": "claude-opus-4-6"})).await.is(200);
    assert_eq!(app.get(&lead, &tenant.key).await.is(200).body, chosen);

    let scout = format!("{PATH}/scout");
    app.get(&scout, &tenant.key).await.problem(404, "not_found");
    app.call("PUT", &scout, &tenant.key, json!({"model": "openai/gpt-4o"})).await.is(201);
    let all = app.get(PATH, OPERATOR).await;
    assert_eq!(all.status, 404, "`current` is nobody's for the operator");
    let all = app.get(&format!("/api/v1/workspaces/{}/agents", tenant.id), OPERATOR).await.is(200).body;
    let names: Vec<_> = all["data"].as_array().unwrap().iter().map(|agent| agent["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["lead", "scout"]);

    for (path, twice) in [(scout, 404), (lead.clone(), 204)] {
        app.call("DELETE", &path, &tenant.key, json!(null)).await.is(204);
        app.call("DELETE", &path, &tenant.key, json!(null)).await.is(twice);
    }
    assert_eq!(app.get(&lead, &tenant.key).await.is(200).body["is_default"], true);
}

#[tokio::test]
async fn what_is_no_model_or_no_name_is_refused() {
    let app = App::new().await;
    let tenant = app.tenant().await;
    let lead = format!("{PATH}/lead");
    for body in
        [json!({}), json!({"model": ""}), json!({"model": "agent/lead"}), json!({"model": "a b"}), json!({"model": 1})]
    {
        app.call("PUT", &lead, &tenant.key, body).await.problem(400, "bad_request");
    }
    app.call("PUT", &format!("{PATH}/Lead"), &tenant.key, json!({"model": "o1"})).await.problem(400, "bad_request");
    app.get(&format!("{PATH}/Lead"), &tenant.key).await.problem(404, "not_found");
}
