use serde_json::{Value, json};

use crate::app::App;

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

/// Of each case at Anthropic: who pays, and the code if nobody does.
fn told(policy: &Value) -> Vec<(String, Value)> {
    let all = policy["outcomes"].as_array().unwrap();
    let here = all.iter().filter(|outcome| outcome["provider"] == "anthropic");
    here.map(|outcome| {
        let paid_by = &outcome["paid_by"];
        let said = if paid_by["payer"].is_null() { &paid_by["reason"]["code"] } else { &paid_by["payer"] };
        (outcome["case"].as_str().unwrap().to_owned(), said.clone())
    })
    .collect()
}

#[tokio::test]
async fn what_a_policy_comes_to_is_told_before_it_is_set() {
    let app = App::new().await;
    let tenant = app.tenant().await;
    let preview = async |payer: &str| {
        app.call("PUT", &format!("{PATH}?preview=true"), &tenant.key, json!({"payer": payer})).await.is(200).body
    };
    let expected = |said: [&str; 8]| {
        let cases =
            ["key_works", "no_key", "refused", "rate_limited", "quota_exhausted", "unavailable", "sealed", "dormant"];
        cases.into_iter().zip(said).map(|(case, said)| (case.to_owned(), json!(said))).collect::<Vec<_>>()
    };
    let failing = ["provider_key_invalid", "provider_rate_limited", "provider_quota_exhausted", "provider_unavailable"];
    let [refused, limited, poor, silent] = failing;
    let own = ["byok", "byok_required", refused, limited, poor, silent, "key_sealed", "plan_required"];
    assert_eq!(told(&preview("byok_only").await), expected(own));
    assert!(told(&preview("managed_only").await).iter().all(|(_, said)| said == "managed"));
    let policy = app.get(PATH, &tenant.key).await.is(200).body;
    assert_eq!(policy["payer"], "byok_preferred");
    assert_eq!(told(&policy)[0..3], expected(["byok", "managed", refused, "", "", "", "", ""])[0..3]);
    app.call("PUT", &format!("{PATH}?preview=maybe"), &tenant.key, json!({})).await.problem(400, "bad_request");
}
