//! What a workspace has, what the operator gives, and what is given back.

use std::time::Duration;

use ownkey_domain::id::GrantId;
use ownkey_domain::ledger::{Amount, Charge, Funds, Grant, Order, Settlement};
use ownkey_domain::money::{MicroCredits, NanoUsd};
use ownkey_domain::receipt::Receipt;
use ownkey_store::{Actor, By, Journal, JournalLimits};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::app::{App, OPERATOR, Tenant};
use crate::receipts::receipt;

const CREDITS: &str = "/api/v1/workspaces/current/credits";

/// A call that is charged so much.
pub fn charged(tenant: &Tenant, n: u8, credits: &str) -> Receipt {
    let charge = Charge { credits: MicroCredits::parse(credits).unwrap(), usd: NanoUsd::new(1_000) };
    let settlement = Some(Settlement { charge, funds: Funds::All, ..Settlement::NOTHING });
    Receipt { settlement, credits: charge.credits, ..receipt(tenant, &tenant.key_id, n) }
}

pub async fn journal(app: &App) -> std::sync::Arc<Journal> {
    let (journal, takeover) =
        app.store.open_journal(&app.dir.path().join("journal"), JournalLimits::default()).await.unwrap();
    tokio::spawn(takeover.run(app.clock(), std::future::pending()));
    journal
}

fn grants(tenant: &Tenant) -> String {
    format!("/api/v1/workspaces/{}/credits/grants", tenant.id)
}

fn refunds(tenant: &Tenant) -> String {
    format!("/api/v1/workspaces/{}/credits/refunds", tenant.id)
}

async fn balance(app: &App, tenant: &Tenant) -> Value {
    app.get(CREDITS, &tenant.key).await.is(200).body["balance"].clone()
}

#[tokio::test]
async fn what_the_operator_gives_is_there_at_once() {
    let app = App::new().await;
    let tenant = app.tenant().await;
    let nothing = app.get(CREDITS, &tenant.key).await.is(200).body;
    assert_eq!((&nothing["balance"], &nothing["grants"]), (&json!("0"), &json!([])));
    assert_eq!(nothing["resets_at"], "2026-12-01T00:00:00.000Z");
    let later = json!({"credits": "100.50", "reason": "Welcome"});
    let made = app.call("POST", &grants(&tenant), OPERATOR, later).await.is(201).body;
    assert!(made["id"].as_str().unwrap().starts_with("grant_"));
    assert_eq!((&made["credits"], &made["expires_at"]), (&json!("100.5"), &json!(null)));
    let soon = json!({"credits": "0.000001", "reason": "Sorry", "expires_at": "2026-11-23T00:00:00Z"});
    app.call("POST", &grants(&tenant), OPERATOR, soon).await.is(201);
    let has = app.get(CREDITS, &tenant.key).await.is(200).body;
    assert_eq!(
        (&has["balance"], &has["held"], &has["available"]),
        (&json!("100.500001"), &json!("0"), &json!("100.500001"))
    );
    let listed = has["grants"].as_array().unwrap();
    let reasons: Vec<_> = listed.iter().map(|grant| grant["reason"].as_str().unwrap()).collect();
    assert_eq!(reasons, ["Sorry", "Welcome"], "what expires soonest is spent first");
    assert_eq!((&listed[1]["id"], &listed[1]["kind"]), (&made["id"], &json!("grant")));
    app.pass(Duration::from_secs(86_400));
    assert_eq!(balance(&app, &tenant).await, "100.5");
    // Nobody else has any of it.
    let other = app.tenant().await;
    assert_eq!(balance(&app, &other).await, "0");
}

#[tokio::test]
async fn amounts_that_cannot_be_are_named() {
    let app = App::new().await;
    let tenant = app.tenant().await;
    for credits in
        ["0", "-1", "0.0000001", "1000000000.1", "99999999999999999999999999999999999999999", "", "1e3", "NaN"]
    {
        let body = json!({"credits": credits, "reason": "r"});
        let refused = app.call("POST", &grants(&tenant), OPERATOR, body).await.problem(422, "invalid_value");
        assert_eq!(refused.body["member"], "credits", "{credits}");
    }
    let past = json!({"credits": "1", "reason": "r", "expires_at": "2026-11-22T17:00:00Z"});
    let refused = app.call("POST", &grants(&tenant), OPERATOR, past).await.problem(422, "invalid_value");
    assert_eq!(refused.body["member"], "expires_at");
    for body in [
        json!({"credits": 1, "reason": "r"}),
        json!({"credits": "1"}),
        json!({"credits": "1", "reason": ""}),
        json!({"credits": "1", "reason": "r", "to": "me"}),
        json!({"credits": "1", "reason": "r", "expires_at": "soon"}),
        json!({"credits": "1", "reason": "r", "expires_at": "9999-12-31T23:59:59-01:00"}),
    ] {
        app.call("POST", &grants(&tenant), OPERATOR, body).await.problem(400, "bad_request");
    }
    app.call("POST", &grants(&tenant), &tenant.key, json!({"credits": "1", "reason": "r"}))
        .await
        .problem(403, "forbidden");
    assert_eq!(balance(&app, &tenant).await, "0");
}

#[tokio::test]
async fn no_more_is_given_than_can_be_counted() {
    let app = App::new().await;
    let tenant = app.tenant().await;
    let (workspace, order) = (tenant.id.parse().unwrap(), Order { reason: "all".to_owned(), idempotency_key: None });
    let (id, credits) = (GrantId::from_uuid(Uuid::from_u128(1)), Amount::new(i64::MAX).unwrap());
    let all = Grant { id, workspace, credits, expires_at: None, order };
    let by = By { actor: Actor::Operator, at: app.clock()() };
    app.store.grant(&all, (&json!(1), &json!(1)), by).await.unwrap();
    let more = json!({"credits": "0.000001", "reason": "r"});
    let refused = app.call("POST", &grants(&tenant), OPERATOR, more).await.problem(422, "invalid_value");
    assert_eq!(refused.body["member"], "credits");
    assert!(refused.body["detail"].as_str().unwrap().contains("9223372036854.775807"), "{}", refused.body);
    assert_eq!(balance(&app, &tenant).await, "9223372036854.775807");
}

#[tokio::test]
async fn an_order_that_is_repeated_takes_place_once() {
    let app = App::new().await;
    let tenant = app.tenant().await;
    let body = json!({"credits": "7", "reason": "Welcome"});
    let first = app.order(&grants(&tenant), "order-1", body.clone()).await.is(201).body;
    let same = json!({"reason": "Welcome", "credits": "7.0", "expires_at": null});
    assert_eq!(app.order(&grants(&tenant), "order-1", same).await.is(201).body, first);
    let other = json!({"credits": "8", "reason": "Welcome"});
    app.order(&grants(&tenant), "order-1", other.clone()).await.problem(422, "idempotency_key_reused");
    let refund = json!({"charge": "req_00000000000070008000000000000001", "credits": "7", "reason": "Welcome"});
    app.order(&refunds(&tenant), "order-1", refund).await.problem(422, "idempotency_key_reused");
    assert_eq!(balance(&app, &tenant).await, "7");
    app.order(&grants(&tenant), "order-2", body.clone()).await.is(201);
    assert_eq!(balance(&app, &tenant).await, "14");
    // A key is of one workspace.
    let neighbour = app.tenant().await;
    app.order(&grants(&neighbour), "order-1", other).await.is(201);
    assert_eq!(balance(&app, &neighbour).await, "8");
    for key in ["", "\u{e4}", &"x".repeat(201)] {
        app.order(&grants(&tenant), key, body.clone()).await.problem(400, "bad_request");
    }
    assert_eq!(balance(&app, &tenant).await, "14");
}

#[tokio::test]
async fn orders_at_the_same_time_under_one_key_are_one() {
    let app = std::sync::Arc::new(App::new().await);
    let tenant = app.tenant().await;
    let path = grants(&tenant);
    let orders = (0..8).map(|_| app.order(&path, "at-once", json!({"credits": "3", "reason": "r"})));
    let replies = futures_util::future::join_all(orders).await;
    let first = replies[0].body.clone();
    assert!(replies.into_iter().all(|reply| reply.is(201).body == first));
    assert_eq!(balance(&app, &tenant).await, "3");
}

#[tokio::test]
async fn a_refund_never_exceeds_its_charge() {
    let app = App::new().await;
    let tenant = app.tenant().await;
    let other = app.tenant().await;
    app.call("POST", &grants(&tenant), OPERATOR, json!({"credits": "10", "reason": "r"})).await.is(201);
    let call = charged(&tenant, 1, "4");
    journal(&app).await.append(&call).unwrap();
    assert_eq!(balance(&app, &tenant).await, "6");
    let refund = |credits: &str| json!({"charge": call.id, "credits": credits, "reason": "It was our fault"});
    // Another workspace was not charged for it.
    app.call("POST", &refunds(&other), OPERATOR, refund("1")).await.problem(404, "not_found");
    let unknown = json!({"charge": "req_00000000000070008000000000000001", "credits": "1", "reason": "r"});
    app.call("POST", &refunds(&tenant), OPERATOR, unknown).await.problem(404, "not_found");
    let malformed = json!({"charge": "1", "credits": "1", "reason": "r"});
    app.call("POST", &refunds(&tenant), OPERATOR, malformed).await.problem(400, "bad_request");

    let first = app.order(&refunds(&tenant), "refund-1", refund("3")).await.is(201).body;
    assert_eq!((&first["charge"], &first["credits"]), (&json!(call.id), &json!("3")));
    assert_eq!(app.order(&refunds(&tenant), "refund-1", refund("3")).await.is(201).body, first);
    assert_eq!(balance(&app, &tenant).await, "9");
    let refused = app.order(&refunds(&tenant), "refund-2", refund("1.000001")).await.problem(422, "invalid_value");
    assert_eq!((&refused.body["member"], &refused.body["left"]), (&json!("credits"), &json!("1")));
    // What was refused did not use the key up.
    app.order(&refunds(&tenant), "refund-2", refund("1")).await.is(201);
    app.call("POST", &refunds(&tenant), OPERATOR, refund("0.000001")).await.problem(422, "invalid_value");
    assert_eq!((balance(&app, &tenant).await, balance(&app, &other).await), (json!("10"), json!("0")));
}

#[tokio::test]
async fn an_allowance_is_granted_once_a_period_and_upgrades_add_the_difference() {
    let app = App::new().await;
    let tenant = app.tenant_on("pro").await;
    for _ in 0..3 {
        assert_eq!(balance(&app, &tenant).await, "200");
    }
    let has = app.get(CREDITS, &tenant.key).await.is(200).body;
    assert_eq!((&has["grants"][0]["kind"], &has["grants"][0]["reason"]), (&json!("allowance"), &json!(null)));
    assert_eq!(has["grants"][0]["id"], "allowance/2026-11-01T00:00:00.000Z");
    assert_eq!(
        (&has["grants"][0]["expires_at"], &has["resets_at"]),
        (&has["resets_at"], &json!("2026-12-01T00:00:00.000Z"))
    );
    let path = format!("/api/v1/workspaces/{}", tenant.id);
    let on = async |plan: &str| {
        app.call("PATCH", &path, OPERATOR, json!({"plan": plan})).await.is(200);
        balance(&app, &tenant).await
    };
    assert_eq!(on("team").await, "500");
    // A downgrade takes nothing away, nor does coming back give more.
    assert_eq!(on("pro").await, "500");
    assert_eq!(on("team").await, "500");
    assert_eq!(on("pro").await, "500");
    app.pass(Duration::from_secs(10 * 86_400));
    assert_eq!(balance(&app, &tenant).await, "200", "the next period is the smaller plan's");
    let entries = app.get("/api/v1/workspaces/current/ledger", &tenant.key).await.is(200).body;
    let kinds: Vec<_> = entries["data"].as_array().unwrap().iter().map(|e| (&e["kind"], &e["change"])).collect();
    let expected = [("allowance", "200"), ("expiry", "-500"), ("allowance", "300"), ("allowance", "200")];
    let mut expected = expected.map(|(kind, change)| (json!(kind), json!(change))).to_vec();
    expected.sort_by_key(|(kind, change)| (kind.to_string(), change.to_string()));
    let mut kinds: Vec<_> = kinds.into_iter().map(|(kind, change)| (kind.clone(), change.clone())).collect();
    kinds.sort_by_key(|(kind, change)| (kind.to_string(), change.to_string()));
    assert_eq!(kinds, expected);
}

#[tokio::test]
async fn periods_begin_where_the_workspace_says() {
    let app = App::new().await;
    let tenant = app.tenant_on("pro").await;
    let path = format!("/api/v1/workspaces/{}", tenant.id);
    let anchored = json!({"period_anchor": "2026-01-22T17:30:00Z"});
    app.call("PATCH", &path, OPERATOR, anchored).await.is(200);
    let has = app.get(CREDITS, &tenant.key).await.is(200).body;
    assert_eq!(
        (&has["period_start"], &has["resets_at"]),
        (&json!("2026-10-22T17:30:00.000Z"), &json!("2026-11-22T17:30:00.000Z"))
    );
    app.pass(Duration::from_secs(1_800));
    let has = app.get(CREDITS, &tenant.key).await.is(200).body;
    assert_eq!((&has["balance"], &has["period_start"]), (&json!("200"), &json!("2026-11-22T17:30:00.000Z")));
    // Moving it again gives no second allowance.
    for day in 20..23 {
        let anchored = json!({"period_anchor": format!("2026-01-{day}T00:00:00Z")});
        app.call("PATCH", &path, OPERATOR, anchored).await.is(200);
        assert_eq!(balance(&app, &tenant).await, "200");
    }
}
