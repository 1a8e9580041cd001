//! Budgets: set, shown with what is used, changed, removed.

use std::sync::Arc;

use ownkey_domain::budget::Budget;
use ownkey_domain::id::{NodeId, WorkspaceId};
use ownkey_domain::ledger::{Charge, Funds, HoldCall, Settlement};
use ownkey_domain::money::{MicroCredits, NanoUsd};
use ownkey_domain::receipt::Receipt;
use ownkey_domain::scope::Scope;
use ownkey_domain::time::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::app::{App, NOW, OPERATOR, Tenant};
use crate::credits::journal;
use crate::receipts::receipt;

const BUDGETS: &str = "/api/v1/workspaces/current/budgets";

async fn stored(app: &App, tenant: &Tenant) -> Vec<Budget> {
    app.store.routing(tenant.id.parse().unwrap()).await.unwrap().unwrap().budgets
}

fn month(limit: &str) -> Value {
    json!({"period": "month", "limit_usd": limit})
}

#[tokio::test]
async fn set_shown_changed_and_removed() {
    let app = App::new().await;
    let tenant = app.tenant().await;
    let path = format!("{BUDGETS}/monthly-cap");
    app.get(&path, &tenant.key).await.problem(404, "not_found");
    let added = app.call("PUT", &path, &tenant.key, month("50.00")).await.is(201).body;
    let expected = json!({
        "id": "monthly-cap", "scope": "workspace", "payer": "any", "period": "month", "limit_usd": "50",
        "action": "block", "unpriced": "refuse", "used_usd": "0", "held_usd": "0", "threshold": null,
        "resets_at": "2026-12-01T00:00:00.000Z",
    });
    assert_eq!(added, expected);
    assert_eq!(app.get(&path, &tenant.key).await.is(200).body, expected);
    let all_told = json!({
        "scope": tenant.key_id, "payer": "managed", "period": "total", "limit_usd": "0.000000001",
        "action": "notify", "unpriced": "allow",
    });
    let changed = app.call("PUT", &path, &tenant.key, all_told).await.is(200).body;
    assert_eq!((&changed["scope"], &changed["resets_at"]), (&json!(tenant.key_id), &json!(null)));
    let made =
        app.call("POST", BUDGETS, &tenant.key, json!({"period": "day", "limit_usd": "1", "scope": "agent/lead"}));
    let made = made.await.is(201).body;
    assert!(made["id"].as_str().unwrap().starts_with("bud_"));
    assert_eq!(made["resets_at"], "2026-11-23T00:00:00.000Z");
    let list = app.get(BUDGETS, &tenant.key).await.is(200).body;
    assert_eq!(list["data"], json!([made, changed]), "by name");
    assert_eq!(stored(&app, &tenant).await.len(), 2);
    app.call("DELETE", &path, &tenant.key, json!(null)).await.is(204);
    app.call("DELETE", &path, &tenant.key, json!(null)).await.problem(404, "not_found");
    assert_eq!(stored(&app, &tenant).await.len(), 1);
    let events = app.get(&format!("/api/v1/workspaces/{}/audit", tenant.id), OPERATOR).await.is(200).body;
    let actions: Vec<_> = events["data"].as_array().unwrap().iter().map(|e| e["action"].as_str().unwrap()).collect();
    let of_budgets: Vec<_> = actions.into_iter().filter(|action| action.starts_with("budget.")).collect();
    assert_eq!(of_budgets, ["budget.remove", "budget.set", "budget.set", "budget.set"]);
}

#[tokio::test]
async fn what_cannot_be_is_named() {
    let app = App::new().await;
    let tenant = app.tenant().await;
    let other = app.tenant().await;
    let path = format!("{BUDGETS}/b");
    for limit in ["-1", "0.0000000001", "1000000001", "", "much"] {
        let refused = app.call("PUT", &path, &tenant.key, month(limit)).await.problem(422, "invalid_value");
        assert_eq!(refused.body["member"], "limit_usd", "{limit}");
    }
    for (member, value) in [
        ("scope", json!("all")),
        ("payer", json!("me")),
        ("period", json!("week")),
        ("action", json!("shout")),
        ("unpriced", json!(true)),
        ("limit_usd", json!(50)),
    ] {
        let mut body = month("1");
        body[member] = value;
        let refused = app.call("PUT", &path, &tenant.key, body).await.problem(400, "bad_request");
        assert_eq!(refused.body["member"], member);
    }
    let mut body = month("1");
    body["scope"] = json!(other.key_id);
    let refused = app.call("PUT", &path, &tenant.key, body).await.problem(422, "invalid_value");
    assert_eq!(refused.body["member"], "scope");
    for name in ["Upper", "a.b", &"x".repeat(65)] {
        app.call("PUT", &format!("{BUDGETS}/{name}"), &tenant.key, month("1")).await.problem(400, "bad_request");
        app.get(&format!("{BUDGETS}/{name}"), &tenant.key).await.problem(404, "not_found");
    }
    assert!(stored(&app, &tenant).await.is_empty());
    // With `billing:read` alone budgets are only looked at.
    let (_, reader) = app.key(&tenant.id, &[Scope::BillingRead]).await;
    app.get(BUDGETS, &reader).await.is(200);
    app.call("PUT", &path, &reader, month("1")).await.problem(403, "forbidden");
    app.get(&BUDGETS.replace("current", &tenant.id), &other.key).await.problem(404, "not_found");
}

#[tokio::test]
async fn a_preview_tells_what_it_would_have_stopped_and_makes_nothing() {
    let app = App::new().await;
    let tenant = app.tenant().await;
    let journal = journal(&app).await;
    // What was refused has no cost on its receipt and has cost nobody anything: no budget would have stopped it for that.
    let refused = Receipt { status: 429, cost_usd: None, ..receipt(&tenant, &tenant.key_id, 0) };
    journal.append(refused).unwrap();
    for n in 1..=3 {
        journal.append(receipt(&tenant, &tenant.key_id, n)).unwrap();
    }
    let preview = format!("{BUDGETS}?preview=true");
    let told = async |body| {
        let told = app.call("POST", &preview, &tenant.key, body).await.is(200).body;
        ["calls_today", "stopped_today"].map(|member| told[member].as_u64().unwrap())
    };
    // Each other call cost 0.0031 USD and was paid for by the own key.
    assert_eq!(told(json!({"period": "day", "limit_usd": "0.004"})).await, [4, 1]);
    assert_eq!(told(json!({"period": "total", "limit_usd": "0"})).await, [4, 4]);
    assert_eq!(told(json!({"period": "day", "limit_usd": "0", "action": "notify"})).await, [4, 0]);
    assert_eq!(told(json!({"period": "month", "limit_usd": "0", "payer": "managed"})).await, [0, 0]);
    assert_eq!(told(json!({"period": "day", "limit_usd": "0", "scope": "agent/lead"})).await, [0, 0]);
    assert_eq!(told(json!({"period": "day", "limit_usd": "0", "scope": tenant.key_id})).await, [4, 4]);
    app.call("POST", &preview, &tenant.key, month("-1")).await.problem(422, "invalid_value");
    app.call("POST", &format!("{BUDGETS}?preview=yes"), &tenant.key, month("1")).await.problem(400, "bad_request");
    assert!(stored(&app, &tenant).await.is_empty());
}

#[tokio::test]
async fn a_workspace_has_fifty_at_most() {
    let app = App::new().await;
    let tenant = app.tenant().await;
    for n in 0..50 {
        app.call("PUT", &format!("{BUDGETS}/b{n}"), &tenant.key, month("1")).await.is(201);
    }
    app.call("PUT", &format!("{BUDGETS}/more"), &tenant.key, month("1")).await.problem(409, "conflict");
    app.call("POST", BUDGETS, &tenant.key, month("1")).await.problem(409, "conflict");
    app.call("PUT", &format!("{BUDGETS}/b7"), &tenant.key, month("2")).await.is(200);
}

#[tokio::test]
async fn what_is_used_and_held_is_shown_until_the_budget_counts_other_calls() {
    let app = App::new().await;
    let tenant = app.tenant().await;
    let path = format!("{BUDGETS}/cap");
    app.call("PUT", &path, &tenant.key, month("10")).await.is(201);
    let workspace: WorkspaceId = tenant.id.parse().unwrap();
    let now = Timestamp::from_millis(NOW);
    let (holds, task) = app.store.holds(NodeId::from_uuid(Uuid::from_u128(1)), Arc::new(move || now));
    tokio::spawn(task.run());
    let usd = |usd: &str| Charge { credits: MicroCredits::ZERO, usd: NanoUsd::parse_usd(usd).unwrap() };
    let line = stored(&app, &tenant).await[0].line(workspace, now);
    let hold = |request, amount: &str| HoldCall {
        request,
        workspace,
        amount: usd(amount),
        funds: Funds::None,
        allowance: None,
        budgets: vec![line],
        draft: None,
    };
    let (first, second) = (receipt(&tenant, &tenant.key_id, 1), receipt(&tenant, &tenant.key_id, 2));
    holds.hold(hold(first.id, "6")).await.unwrap();
    holds.hold(hold(second.id, "1.5")).await.unwrap();
    let settlement = Some(Settlement { charge: usd("5.25"), funds: Funds::None, ..Settlement::NOTHING });
    journal(&app).await.append(Receipt { settlement, ..first }).unwrap();
    let stands = async || {
        let shown = app.get(&path, &tenant.key).await.is(200).body;
        ["used_usd", "held_usd", "threshold"].map(|member| shown[member].clone())
    };
    assert_eq!(stands().await, [json!("5.25"), json!("1.5"), json!(50)]);
    // Another limit counts the same calls.
    let body = json!({"period": "month", "limit_usd": "5", "action": "notify"});
    assert_eq!(app.call("PUT", &path, &tenant.key, body).await.is(200).body["threshold"], 100);
    assert_eq!(stands().await, [json!("5.25"), json!("1.5"), json!(100)]);
    // A day's budget counts others, and so does the next one of that name.
    app.call("PUT", &path, &tenant.key, json!({"period": "day", "limit_usd": "5"})).await.is(200);
    assert_eq!(stands().await, [json!("0"), json!("0"), json!(null)]);
    app.call("DELETE", &path, &tenant.key, json!(null)).await.is(204);
    app.call("PUT", &path, &tenant.key, month("10")).await.is(201);
    assert_eq!(stands().await, [json!("0"), json!("0"), json!(null)]);
}
