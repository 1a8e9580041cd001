//! The ledger and the statements of months.

use serde_json::{Value, json};

use crate::app::{App, OPERATOR, Tenant};
use crate::credits::{charged, journal};

const LEDGER: &str = "/api/v1/workspaces/current/ledger";
const STATEMENT: &str = "/api/v1/workspaces/current/statements";

/// A workspace that was given ten credits and spent three, one and a half.
async fn spent() -> (App, Tenant) {
    let app = App::new().await;
    let tenant = app.tenant().await;
    let path = format!("/api/v1/workspaces/{}/credits/grants", tenant.id);
    app.call("POST", &path, OPERATOR, json!({"credits": "10", "reason": "=Welcome, \"you\""})).await.is(201);
    let journal = journal(&app).await;
    for (n, credits) in [(1, "3"), (2, "1"), (3, "0.5")] {
        journal.append(charged(&tenant, n, credits)).unwrap();
        // One transaction each.
        app.get(LEDGER, &tenant.key).await.is(200);
    }
    (app, tenant)
}

fn of(entries: &Value, member: &str) -> Vec<String> {
    entries.as_array().unwrap().iter().map(|entry| entry[member].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn entries_come_newest_first_with_a_running_balance() {
    let (app, tenant) = spent().await;
    let all = app.get(LEDGER, &tenant.key).await.is(200).body;
    assert_eq!(of(&all["data"], "change"), ["-0.5", "-1", "-3", "10"]);
    assert_eq!(of(&all["data"], "balance"), ["5.5", "6", "7", "10"]);
    assert_eq!(of(&all["data"], "kind"), ["charge", "charge", "charge", "grant"]);
    assert_eq!(all["data"][0]["request"], charged(&tenant, 3, "1").id.to_string());
    assert_eq!(all["data"][3]["reason"], "=Welcome, \"you\"");
    assert!(all["data"][0]["grant"].as_str().unwrap().starts_with("grant_"));

    let (mut cursor, mut paged) = (String::new(), Vec::new());
    loop {
        let page = app.get(&format!("{LEDGER}?limit=3{cursor}"), &tenant.key).await.is(200).body;
        paged.extend(of(&page["data"], "change"));
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(paged, of(&all["data"], "change"));
    let none = app.get(&format!("{LEDGER}?to=2026-11-22T17:00:00Z"), &tenant.key).await.is(200).body;
    assert_eq!(none["data"], json!([]));
    let first = all["data"][3]["at"].as_str().unwrap();
    let only = app.get(&format!("{LEDGER}?from={first}&to=2026-11-23T00:00:00Z"), &tenant.key).await.is(200).body;
    assert!(of(&only["data"], "kind").contains(&"grant".to_owned()));
    for query in ["from=yesterday", "limit=0", "cursor=AAAA", "kind=charge"] {
        app.get(&format!("{LEDGER}?{query}"), &tenant.key).await.problem(400, "bad_request");
    }
    let other = app.tenant().await;
    assert_eq!(app.get(LEDGER, &other.key).await.is(200).body["data"], json!([]));
    app.get(&LEDGER.replace("current", &tenant.id), &other.key).await.problem(404, "not_found");
}

#[tokio::test]
async fn a_statement_adds_up() {
    let (app, tenant) = spent().await;
    let month = app.get(&format!("{STATEMENT}/2026-11"), &tenant.key).await.is(200);
    assert_eq!(month.headers["content-type"], "application/json");
    let month = month.body;
    assert_eq!((&month["month"], &month["to"]), (&json!("2026-11"), &json!("2026-12-01T00:00:00.000Z")));
    assert_eq!((&month["opening_balance"], &month["closing_balance"]), (&json!("0"), &json!("5.5")));
    assert_eq!(of(&month["entries"], "balance"), ["10", "7", "6", "5.5"]);
    assert_eq!(month["totals"], json!({"grant": "10", "charge": "-4.5"}));
    // Three calls on an own key, at list price 0.0031 USD each; a credit is a cent, and the markup one half.
    let usage = json!([{
        "payer": "byok", "calls": 3, "cost_usd": "0.0093", "unpriced": 0, "credits": "4.5", "credits_paid": "4.5",
        "overrun_credits": "0",
        "credits_at_rate": "1.395",
    }]);
    assert_eq!(month["usage"], usage);
    let shown = app.get("/api/v1/workspaces/current/usage?group_by=payer", &tenant.key).await.is(200).body;
    assert_eq!(shown["data"][0]["credits_at_rate"], "1.395");

    let before = app.get(&format!("{STATEMENT}/2026-10"), &tenant.key).await.is(200).body;
    assert_eq!((&before["entries"], &before["closing_balance"]), (&json!([]), &json!("0")));
    let after = app.get(&format!("{STATEMENT}/2026-12"), &tenant.key).await.is(200).body;
    assert_eq!((&after["opening_balance"], &after["closing_balance"]), (&json!("5.5"), &json!("5.5")));
    assert_eq!((&after["entries"], &after["totals"]), (&json!([]), &json!({})));
    for month in ["2026", "2026-13", "november", "2026-11-22"] {
        app.get(&format!("{STATEMENT}/{month}"), &tenant.key).await.problem(404, "not_found");
    }
    let other = app.tenant().await;
    app.get(&format!("/api/v1/workspaces/{}/statements/2026-11", tenant.id), &other.key)
        .await
        .problem(404, "not_found");
}

#[tokio::test]
async fn a_statement_for_spreadsheets() {
    let (app, tenant) = spent().await;
    let path = format!("{STATEMENT}/2026-11");
    let reply = app.get(&format!("{path}?format=csv"), &tenant.key).await.is(200);
    assert_eq!(reply.headers["content-type"], "text/csv; charset=utf-8");
    assert_eq!(reply.headers["content-disposition"], "attachment; filename=\"statement-2026-11.csv\"");
    let lines: Vec<_> = reply.text.split("\r\n").collect();
    assert_eq!(lines[0], "seq,at,kind,change,balance,grant,request,request_at,reason");
    assert_eq!(lines[1], ",2026-11-01T00:00:00.000Z,opening,,0,,,,");
    assert!(lines[2].ends_with(",\"'=Welcome, \"\"you\"\"\""), "{}", lines[2]);
    let charge: Vec<_> = lines[3].split(',').collect();
    assert_eq!((charge[2], charge[3], charge[4]), ("charge", "-3", "7"));
    assert_eq!(lines[6], ",2026-12-01T00:00:00.000Z,closing,,5.5,,,,");
    assert_eq!((lines[7], lines.len()), ("", 8));
    let accepted = http::Request::get(&path)
        .header("authorization", format!("Bearer {}", tenant.key))
        .header("accept", "text/csv, */*;q=0.1");
    assert_eq!(app.send(accepted.body(axum::body::Body::empty()).unwrap()).await.is(200).text, reply.text);
    app.get(&format!("{path}?format=pdf"), &tenant.key).await.problem(400, "bad_request");
}

#[tokio::test]
async fn a_statement_for_programs() {
    let (app, tenant) = spent().await;
    let path = format!("{STATEMENT}/2026-11");
    let reply = app.get(&format!("{path}?format=jsonl"), &tenant.key).await.is(200);
    assert_eq!(reply.headers["content-type"], "application/jsonl");
    assert_eq!(reply.headers["content-disposition"], "attachment; filename=\"statement-2026-11.jsonl\"");
    let mut lines: Vec<Value> = reply.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let closing = json!({"at": "2026-12-01T00:00:00.000Z", "kind": "closing", "balance": "5.5"});
    assert_eq!(lines.pop(), Some(closing));
    assert_eq!(lines.remove(0), json!({"at": "2026-11-01T00:00:00.000Z", "kind": "opening", "balance": "0"}));
    assert_eq!(json!(lines), app.get(&path, &tenant.key).await.is(200).body["entries"]);
}

#[tokio::test]
async fn credits_last_as_long_as_the_last_week_says() {
    let (app, tenant) = spent().await;
    let credits = "/api/v1/workspaces/current/credits";
    assert_eq!(app.get(credits, &tenant.key).await.is(200).body["runway_days"], json!(null), "they were just spent");
    app.pass(std::time::Duration::from_secs(4 * 86_400));
    // 5.5 are left, and 4.5 went within four days.
    assert_eq!(app.get(credits, &tenant.key).await.is(200).body["runway_days"], 4);
    app.pass(std::time::Duration::from_secs(4 * 86_400));
    assert_eq!(app.get(credits, &tenant.key).await.is(200).body["runway_days"], json!(null));
}

#[tokio::test]
async fn a_long_statement_is_whole() {
    let app = App::new().await;
    let tenant = app.tenant().await;
    let path = format!("/api/v1/workspaces/{}/credits/grants", tenant.id);
    for _ in 0..11 {
        app.call("POST", &path, OPERATOR, json!({"credits": "100", "reason": "r"})).await.is(201);
    }
    let journal = journal(&app).await;
    // More than are read at a time.
    for n in 0..1_050_u32 {
        let mut call = charged(&tenant, 1, "1");
        call.id = ownkey_domain::id::RequestId::from_uuid(uuid::Uuid::from_u128(u128::from(n) + 1));
        journal.append(call).unwrap();
    }
    let month = app.get(&format!("{STATEMENT}/2026-11"), &tenant.key).await.is(200).body;
    assert_eq!(month["entries"].as_array().unwrap().len(), 1_061);
    assert_eq!((&month["totals"]["charge"], &month["closing_balance"]), (&json!("-1050"), &json!("50")));
    let csv = app.get(&format!("{STATEMENT}/2026-11?format=csv"), &tenant.key).await.is(200).text;
    assert_eq!(csv.lines().count(), 1_064);
}

#[tokio::test]
async fn the_whole_book_can_be_looked_through() {
    let (app, _) = spent().await;
    let path = "/api/v1/operator/ledger/check";
    let sound = app.call("POST", path, OPERATOR, json!({})).await.is(200).body;
    assert_eq!((&sound["transfers"], &sound["wrong"], &sound["problems"]), (&json!(4), &json!(0), &json!([])));
}
