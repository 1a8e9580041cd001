//! The service that is no model.

use ownkey_sim::provider::Provider;
use serde_json::{Value, json};

use crate::support::{OPENAI, Running, SERVICE, start, whole};

async fn ask(sim: &Running, body: Value) -> crate::support::Answer {
    whole(sim.ask(Provider::Service, SERVICE, "/api/tools/run?a=b", &body).await).await
}

#[tokio::test]
async fn it_echoes_and_bills_calls_and_items() {
    let sim = start().await;
    let answer = ask(&sim, json!({"query": "find [[sim:items n=3]]", "x": 1})).await;
    assert_eq!(answer.status, 200);
    let body = answer.json();
    assert_eq!(
        (&body["path"], &body["query"], &body["received"]["x"]),
        (&json!("/api/tools/run"), &json!("a=b"), &json!(1))
    );
    assert_eq!(body["results"].as_array().map(Vec::len), Some(3));
    let entry = sim.last_entry().await;
    assert_eq!((&entry["provider"], &entry["cost_usd"]), (&json!("service"), &json!("0.31")));
    assert_eq!(entry["usage"], json!({"items": 3}));
    let named = ask(&sim, json!({"query": "[[sim:items n=1 as=matches]]"})).await.json();
    assert_eq!(named["matches"].as_array().map(Vec::len), Some(1));
    let list = ask(&sim, json!({"query": "[[sim:list]]"})).await.json();
    assert_eq!(list.as_array().map(Vec::len), Some(2));
    assert_eq!(ask(&sim, json!({"query": "[[sim:no_items]]"})).await.json().get("results"), None);
    assert_eq!(ask(&sim, json!({"query": "[[sim:status code=422]]"})).await.status, 422);
}

#[tokio::test]
async fn it_wants_one_credential_of_its_own_and_json_that_is_some() {
    let sim = start().await;
    let send = async |headers: &[(&str, &str)], path: &str, body: &str| {
        let uri = format!("{}{path}", sim.service);
        whole(sim.send("POST", uri, headers, body.to_owned()).await).await.status
    };
    let json = ("content-type", "application/json");
    let bearer = format!("Bearer {SERVICE}");
    assert_eq!(send(&[("authorization", &bearer), json], "/api/x", "{}").await, 200);
    assert_eq!(send(&[("x-api-key", SERVICE), json], "/api/x", "{}").await, 200);
    assert_eq!(send(&[("x-api-key", SERVICE), ("authorization", &bearer), json], "/api/x", "{}").await, 401);
    for key in ["", OPENAI, "svc_sim-revoked-1"] {
        assert_eq!(send(&[("x-api-key", key), json], "/api/x", "{}").await, 401, "{key}");
    }
    assert_eq!(send(&[("authorization", SERVICE), json], "/api/x", "{}").await, 401);
    assert_eq!(send(&[json], "/api/x", "{}").await, 401);
    assert_eq!(send(&[("x-api-key", SERVICE), json], "/api/x", "{").await, 400);
    assert_eq!(send(&[("x-api-key", SERVICE), json], "/other", "{}").await, 404);
    assert_eq!(send(&[("x-api-key", SERVICE)], "/api/x", "any bytes").await, 200);
}
