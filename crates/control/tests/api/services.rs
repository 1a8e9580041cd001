//! Metered services: the list, and use of them that happened elsewhere.

use ownkey_domain::id::WorkspaceId;
use ownkey_domain::money::MicroCredits;
use ownkey_domain::scope::Scope;
use ownkey_domain::time::Timestamp;
use serde_json::{Value, json};

use crate::app::{App, NOW, OPERATOR, Reply, Tenant};

async fn book(app: &App, tenant: &Tenant, body: Value) -> Reply {
    app.call("POST", "/api/v1/workspaces/current/service-usage", &tenant.key, body).await
}

/// What a workspace has, in credits.
async fn balance(app: &App, tenant: &Tenant) -> String {
    let workspace: WorkspaceId = tenant.id.parse().unwrap();
    let credits = app.store.credits(workspace, Timestamp::from_millis(NOW)).await.unwrap();
    credits.balance().to_string()
}

fn call(id: &str, seconds: u64) -> Value {
    json!({"id": id, "service": "phone", "quantity": seconds})
}

#[tokio::test]
async fn services_are_listed_as_they_are_configured() {
    let app = App::new().await;
    let tenant = app.tenant_on("prepaid").await;
    let list = app.get("/api/v1/workspaces/current/services", &tenant.key).await.is(200);
    let phone = json!({
        "name": "phone", "unit": "second", "credits": "0.01", "max_items": null, "path": null, "included": false,
    });
    let tool = json!({
        "name": "tool", "unit": "call", "credits": "0.05", "max_items": null, "path": "/services/tool", "included": false,
    });
    assert_eq!(list.body, json!({"data": [phone, tool], "next_cursor": null}));
    let included = app.tenant().await;
    let list = app.get("/api/v1/workspaces/current/services", &included.key).await.is(200);
    assert_eq!(list.body["data"][0]["included"], true);
}

#[tokio::test]
async fn usage_is_booked_once_and_answered_alike() {
    let app = App::new().await;
    let tenant = app.tenant_on("prepaid").await;
    let first = book(&app, &tenant, call("CA1", 90)).await.is(201);
    assert_eq!((&first.body["credits"], &first.body["unit"]), (&json!("0.9"), &json!("second")));
    assert_eq!(balance(&app, &tenant).await, "4.1");
    assert_eq!(book(&app, &tenant, call("CA1", 90)).await.is(201).body, first.body);
    book(&app, &tenant, call("CA1", 91)).await.problem(422, "id_reused");
    assert_eq!(balance(&app, &tenant).await, "4.1", "neither charged again");
    // Another workspace's ids are its own.
    let other = app.tenant_on("prepaid").await;
    book(&app, &other, call("CA1", 91)).await.is(201);
    let path = format!("/api/v1/workspaces/current/requests/{}", first.body["request"].as_str().unwrap());
    let receipt = app.get(&path, &tenant.key).await.is(200).body;
    let used = json!({"name": "phone", "unit": "second", "quantity": 90, "credits_each": "0.01"});
    assert_eq!(
        (&receipt["service"], &receipt["credits"], &receipt["payer"]),
        (&used, &json!("0.9"), &json!("managed"))
    );
    app.get(&path, &other.key).await.problem(404, "not_found");
    let usage = app.get("/api/v1/workspaces/current/usage?group_by=service", &tenant.key).await.is(200).body;
    let row = &usage["data"][0];
    assert_eq!((&row["key"], &row["calls"], &row["credits"]), (&json!("phone"), &json!(1), &json!("0.9")));
    assert_eq!((&row["unpriced"], &row["unmeasured"]), (&json!(0), &json!(0)));
}

#[tokio::test]
async fn what_was_used_already_is_booked_beyond_what_there_is_and_nobody_goes_below_zero() {
    let app = App::new().await;
    let tenant = app.tenant_on("prepaid").await;
    let booked = book(&app, &tenant, call("long", 600)).await.is(201);
    assert_eq!(booked.body["credits"], "6");
    assert_eq!(balance(&app, &tenant).await, "0");
    assert!(
        app.store.overrun().any(|(reason, credits)| reason.as_str() == "service_usage" && credits.to_string() == "1")
    );
    let check = app.store.check_ledger().await.unwrap();
    assert_eq!(check.problems, []);
}

#[tokio::test]
async fn use_that_is_told_when_its_month_is_over_changes_no_statement_of_that_month() {
    let app = App::new().await;
    let tenant = app.tenant_on("prepaid").await;
    let month = async |month| {
        let statement = app.get(&format!("/api/v1/workspaces/current/statements/{month}"), &tenant.key).await;
        statement.is(200).body
    };
    let told = |id, at| json!({"id": id, "service": "phone", "quantity": 100, "at": at});
    book(&app, &tenant, told("in time", "2026-11-20T10:00:00Z")).await.is(201);
    let november = month("2026-11").await;
    assert_eq!((&november["closing_balance"], &november["usage"][0]["credits"]), (&json!("4"), &json!("1")));
    // To the fifth of December.
    app.pass(std::time::Duration::from_secs(13 * 86_400));
    let november = month("2026-11").await;
    let late = book(&app, &tenant, told("late", "2026-11-21T10:00:00Z")).await.is(201).body;
    assert_eq!(month("2026-11").await, november, "it is closed");
    let december = month("2026-12").await;
    assert_eq!(december["opening_balance"], november["closing_balance"]);
    assert_eq!(december["usage"][0]["credits"], "1");
    let entries = december["entries"].as_array().unwrap();
    let charge = entries.iter().find(|entry| entry["request"] == late["request"]).unwrap();
    assert_eq!((&charge["change"], &charge["request_at"]), (&json!("-1"), &json!("2026-11-21T10:00:00.000Z")));
    assert!(charge["at"].as_str().unwrap().starts_with("2026-12-05T"));
    let sum = |member: &str| MicroCredits::parse(december[member].as_str().unwrap()).unwrap().get();
    let changes = entries.iter().map(|entry| {
        let change = entry["change"].as_str().unwrap();
        let size = MicroCredits::parse(change.trim_start_matches('-')).unwrap().get();
        if change.starts_with('-') { -size } else { size }
    });
    assert_eq!(sum("opening_balance") + changes.sum::<i64>(), sum("closing_balance"));
}

#[tokio::test]
async fn a_plan_that_includes_services_charges_nothing_and_says_so() {
    let app = App::new().await;
    let tenant = app.tenant().await;
    let booked = book(&app, &tenant, call("CA1", 90)).await.is(201);
    assert_eq!((&booked.body["credits"], &booked.body["included"]), (&json!("0"), &json!(true)));
    assert_eq!(app.store.check_ledger().await.unwrap().transfers, 0);
}

#[tokio::test]
async fn usage_that_makes_no_sense_is_refused() {
    let app = App::new().await;
    let tenant = app.tenant_on("prepaid").await;
    for (bad, member) in [
        (json!({"id": "a", "service": "phone", "quantity": 0}), "quantity"),
        (json!({"id": "a", "service": "phone", "quantity": -1}), "quantity"),
        (json!({"id": "a", "service": "phone", "quantity": 1.5}), "quantity"),
        (json!({"id": "a", "service": "phone", "quantity": 1_000_000_000_001_u64}), "quantity"),
        (json!({"id": "", "service": "phone", "quantity": 1}), "id"),
        (json!({"service": "phone", "quantity": 1}), "id"),
        (json!({"id": "a", "service": "phone", "quantity": 1, "at": "yesterday"}), "at"),
        (json!({"id": "a", "service": "phone", "quantity": 1, "at": "2026-10-01T00:00:00Z"}), "at"),
        (json!({"id": "a", "service": "phone", "quantity": 1, "at": "2027-01-01T00:00:00Z"}), "at"),
        (json!({"id": "a", "service": "phone", "quantity": 1, "user": tenant.key}), "user"),
    ] {
        let problem = book(&app, &tenant, bad.clone()).await.problem(400, "bad_request");
        assert_eq!(problem.body["member"], member, "{bad}");
    }
    let nowhere = json!({"id": "a", "service": "fax", "quantity": 1});
    book(&app, &tenant, nowhere).await.problem(404, "not_found");
    let (_, weak) = app.key(&tenant.id, &[Scope::Inference, Scope::BillingRead]).await;
    let path = format!("/api/v1/workspaces/{}/service-usage", tenant.id);
    app.call("POST", &path, &weak, call("a", 1)).await.problem(403, "forbidden");
    app.call("POST", &path, OPERATOR, call("a", 1)).await.is(201);
}

#[tokio::test]
async fn usage_that_costs_more_than_a_million_credits_is_refused_and_not_clipped() {
    let app = App::new().await;
    let tenant = app.tenant_on("prepaid").await;
    for beyond in [100_000_001, 1_000_000_000_000] {
        let problem = book(&app, &tenant, call("CA1", beyond)).await;
        let problem = problem.problem(422, "invalid_value");
        assert_eq!(problem.body["member"], "quantity");
        assert!(problem.text.contains("1000000 credits"), "{}", problem.text);
    }
    assert_eq!(app.store.check_ledger().await.unwrap().transfers, 0);
    let most = book(&app, &tenant, call("CA1", 100_000_000)).await.is(201);
    assert_eq!(most.body["credits"], "1000000");
    // Where the plan includes it, it costs nothing.
    let included = app.tenant().await;
    book(&app, &included, call("CA1", 1_000_000_000_000)).await.is(201);
}

#[tokio::test]
async fn usage_is_of_the_time_at_which_it_happened() {
    let app = App::new().await;
    let tenant = app.tenant_on("prepaid").await;
    let at = "2026-11-20T08:00:00.000Z";
    let body = json!({
        "id": "CA1", "service": "phone", "quantity": 1, "at": at, "agent": "dialler", "user": "ada",
    });
    let booked = book(&app, &tenant, body).await.is(201);
    assert_eq!(booked.body["at"], at);
    let path = "/api/v1/workspaces/current/requests?from=2026-11-20T07:00:00Z&to=2026-11-20T09:00:00Z";
    let receipts = app.get(path, &tenant.key).await.is(200).body;
    let receipt = &receipts["data"][0];
    assert_eq!((&receipt["agent"], &receipt["user"]), (&json!("dialler"), &json!("ada")));
    assert_eq!(receipt["id"], booked.body["request"]);
}
