use ownkey_domain::catalogue::Catalogue;
use ownkey_domain::id::{ApiKeyId, RequestId, WorkspaceId};
use ownkey_domain::money::{MicroCredits, NanoUsd, PicoUsd};
use ownkey_domain::payer::PayerKind;
use ownkey_domain::policy::FallbackClass;
use ownkey_domain::provider::Provider;
use ownkey_domain::receipt::{Attempt, Consent, Outcome, Receipt, Timing};
use ownkey_domain::scope::Scope;
use ownkey_domain::time::Timestamp;
use ownkey_domain::usage::{Measured, TokenClass, Usage};
use ownkey_store::JournalLimits;
use serde_json::json;
use uuid::Uuid;

use crate::app::{ANTHROPIC_KEY, App, NOW, Tenant};

pub fn receipt(tenant: &Tenant, api_key: &str, n: u8) -> Receipt {
    let id =
        uuid::Builder::from_unix_timestamp_millis(u64::try_from(NOW).unwrap() + u64::from(n), &[n; 10]).into_uuid();
    let workspace: WorkspaceId = tenant.id.parse().unwrap();
    let api_key: ApiKeyId = api_key.parse().unwrap();
    let credential = Some(ownkey_domain::id::CredentialId::from_uuid(Uuid::from_u128(9)));
    let cost_usd = Some(PicoUsd::parse_usd("0.0031").unwrap());
    let attempt = Attempt {
        status: Some(200),
        outcome: Outcome::Complete,
        cost_usd,
        provider_request_id: Some("req_011".to_owned()),
        ..Attempt::begun(PayerKind::Byok, credential)
    };
    Receipt {
        id: RequestId::from_uuid(id),
        at: Timestamp::from_millis(NOW + i64::from(n)),
        workspace,
        api_key: Some(api_key),
        agent: None,
        user: Some("ada".to_owned()),
        client_request_id: None,
        route: "/v1/messages".to_owned(),
        service: None,
        provider: Some(Provider::Anthropic),
        model: Some("claude-opus-4-6".to_owned()),
        model_served: Some("claude-opus-4-6".to_owned()),
        stream: false,
        payer: Some(PayerKind::Byok),
        credential,
        status: 200,
        error: None,
        outcome: Outcome::Complete,
        credits: MicroCredits::ZERO,
        overrun: MicroCredits::ZERO,
        credits_at_rate: None,
        included: false,
        cost_usd,
        price_version: Some("2026-11-22".to_owned()),
        credit_rate: None,
        usage: Usage::default().with(TokenClass::Input, 212).with(TokenClass::Output, 96),
        measured: Measured::Measured,
        attempts: vec![attempt],
        timing: Timing { own_us: 140, upstream_first_ms: Some(420), total_ms: 2300 },
        settlement: None,
        response: None,
    }
}

/// An app with one call by each of two keys.
async fn two_calls() -> (App, Tenant, (String, String), [Receipt; 2]) {
    let app = App::new().await;
    let tenant = app.tenant().await;
    let own = app.key(&tenant.id, &[Scope::Inference]).await;
    let receipts = [receipt(&tenant, &tenant.key_id, 1), receipt(&tenant, &own.0, 2)];
    let (journal, takeover) =
        app.store.open_journal(&app.dir.path().join("journal"), JournalLimits::default()).await.unwrap();
    for receipt in &receipts {
        journal.append(receipt).unwrap();
    }
    tokio::spawn(takeover.run(app.clock(), std::future::pending()));
    (app, tenant, own, receipts)
}

const LIST: &str = "/api/v1/workspaces/current/requests";

#[tokio::test]
async fn receipts_read_as_the_contract_says() {
    let (app, tenant, _, [first, _]) = two_calls().await;
    let shown = app.get(&format!("{LIST}/{}", first.id), &tenant.key).await.is(200).body;
    for (member, value) in [
        ("payer", json!("byok")),
        ("agent", json!(null)),
        ("user", json!("ada")),
        ("credits", json!("0")),
        ("overrun_credits", json!("0")),
        ("cost_usd", json!("0.0031")),
        ("cost_basis", json!("list")),
        ("usage", json!({"input": 212, "output": 96})),
        ("timing_ms", json!({"own": 0.14, "upstream_first": 420, "total": 2300})),
        ("measured", json!("measured")),
    ] {
        assert_eq!(shown[member], value, "{member}");
    }
    assert_eq!(shown["attempts"][0]["status"], 200);
    let list = app.get(&format!("{LIST}?payer=byok&status=2xx&limit=1"), &tenant.key).await.is(200).body;
    let cursor = list["next_cursor"].as_str().unwrap();
    let next = app.get(&format!("{LIST}?limit=1&cursor={cursor}"), &tenant.key).await.is(200).body;
    assert_eq!(next["data"][0]["id"], first.id.to_string());
    assert!(next["next_cursor"].is_null());
    assert!(
        app.get(&format!("{LIST}?status=5xx"), &tenant.key).await.is(200).body["data"].as_array().unwrap().is_empty()
    );
}

#[tokio::test]
async fn a_call_is_found_by_its_callers_own_id() {
    let app = App::new().await;
    let tenant = app.tenant().await;
    let journal = crate::credits::journal(&app).await;
    let named = Receipt { client_request_id: Some("order 7&8".to_owned()), ..receipt(&tenant, &tenant.key_id, 1) };
    journal.append(&named).unwrap();
    journal.append(receipt(&tenant, &tenant.key_id, 2)).unwrap();
    let found = app.get(&format!("{LIST}?client_request_id=order+7%268"), &tenant.key).await.is(200).body;
    assert_eq!(found["data"].as_array().unwrap().len(), 1);
    assert_eq!(found["data"][0]["id"], named.id.to_string());
    for query in ["client_request_id=order", "agent=lead", "provider=openai"] {
        let found = app.get(&format!("{LIST}?{query}"), &tenant.key).await.is(200).body;
        assert_eq!(found["data"], json!([]), "{query}");
    }
    app.get(&format!("{LIST}?provider=acme"), &tenant.key).await.problem(400, "bad_request");
}

#[tokio::test]
async fn with_inference_alone_a_key_sees_its_own_calls() {
    let (app, tenant, (own_id, own), [first, second]) = two_calls().await;
    let list = app.get(LIST, &own).await.is(200).body;
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
    assert_eq!(list["data"][0]["id"], second.id.to_string());
    app.get(&format!("{LIST}/{}", second.id), &own).await.is(200);
    app.get(&format!("{LIST}/{}", first.id), &own).await.problem(404, "not_found");
    app.get(&format!("{LIST}?api_key={own_id}"), &own).await.is(200);
    app.get(&format!("{LIST}?api_key={}", tenant.key_id), &own).await.problem(403, "forbidden");
    let other = app.tenant().await;
    app.get(&format!("{LIST}/{}", second.id), &other.key).await.problem(404, "not_found");
    assert!(app.get(LIST, &other.key).await.is(200).body["data"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn a_receipt_tells_its_cost_part_by_part_and_the_other_payers_price() {
    let app = App::new().await;
    let tenant = app.tenant_on("prepaid").await;
    let journal = crate::credits::journal(&app).await;
    let version = Some(Catalogue::builtin().unwrap().version().to_owned());
    // A dollar for 200,000 tokens of input, five for as many of output: 5 and 25 for a million.
    let cost_usd = Some(PicoUsd::parse_usd("0.00346").unwrap());
    let own = Receipt { cost_usd, price_version: version.clone(), ..receipt(&tenant, &tenant.key_id, 1) };
    let managed = Receipt {
        payer: Some(PayerKind::Managed),
        credential: None,
        credits: MicroCredits::new(519_000),
        ..Receipt { cost_usd, price_version: version, ..receipt(&tenant, &tenant.key_id, 2) }
    };
    let odd = Receipt { cost_usd: Some(PicoUsd::new(1)), ..receipt(&tenant, &tenant.key_id, 3) };
    for receipt in [&own, &managed, &odd] {
        journal.append(receipt).unwrap();
    }
    let shown = |receipt: &Receipt| format!("{LIST}/{}", receipt.id);
    let first = app.get(&shown(&own), &tenant.key).await.is(200).body;
    let items = json!([
        {"counted": "input", "count": 212, "each_usd": "0.000005", "amount_usd": "0.00106"},
        {"counted": "output", "count": 96, "each_usd": "0.000025", "amount_usd": "0.0024"},
    ]);
    assert_eq!((&first["cost_items"], &first["cost_usd"]), (&items, &json!("0.00346")));
    // A credit is a cent, and the markup one half.
    assert_eq!((&first["with_managed_credits"], &first["with_own_key_usd"]), (&json!("0.519"), &json!(null)));
    let second = app.get(&shown(&managed), &tenant.key).await.is(200).body;
    assert_eq!((&second["with_managed_credits"], &second["with_own_key_usd"]), (&json!(null), &json!("0.00346")));
    // What does not add up to what was charged is not shown as its parts, nor at prices that are no longer in use.
    let third = app.get(&shown(&odd), &tenant.key).await.is(200).body;
    assert_eq!(third["cost_items"], json!(null));
}

#[tokio::test]
async fn attempts_say_what_they_met_and_by_whose_leave_another_stepped_in() {
    let app = App::new().await;
    let tenant = app.tenant().await;
    let journal = crate::credits::journal(&app).await;
    app.put_key(&tenant, "anthropic", ANTHROPIC_KEY).await.is(201);
    let key = app.shown(&tenant, "anthropic").await;
    let credential = Some(key["credential"].as_str().unwrap().parse().unwrap());
    let limited = Attempt { status: Some(429), duration_ms: Some(80), ..Attempt::begun(PayerKind::Byok, credential) };
    let consent = Some(Consent { after: FallbackClass::RateLimited, daily_cap_usd: NanoUsd::parse_usd("5").unwrap() });
    let served =
        Attempt { status: Some(200), outcome: Outcome::Complete, consent, ..Attempt::begun(PayerKind::Managed, None) };
    let call = Receipt { attempts: vec![limited, served], ..receipt(&tenant, &tenant.key_id, 1) };
    journal.append(&call).unwrap();
    let shown = app.get(&format!("{LIST}/{}", call.id), &tenant.key).await.is(200).body;
    let [first, second] = [&shown["attempts"][0], &shown["attempts"][1]];
    assert_eq!((&first["error"], &first["duration_ms"]), (&json!("provider_rate_limited"), &json!(80)));
    assert_eq!((&first["consent"], &second["error"]), (&json!(null), &json!(null)));
    assert_eq!(second["consent"], json!({"after": "rate_limited", "daily_cap_usd": "5"}));
    assert_eq!(shown["key_hints"], json!({key["credential"].as_str().unwrap(): key["hint"]}));
}

#[tokio::test]
async fn an_export_has_a_line_for_each_call_and_no_formula() {
    let app = App::new().await;
    let tenant = app.tenant().await;
    let journal = crate::credits::journal(&app).await;
    // More than are read at a time.
    const CALLS: u16 = 501;
    for n in 0..CALLS {
        let at = Timestamp::from_millis(NOW + i64::from(n));
        let id = uuid::Builder::from_unix_timestamp_millis(u64::try_from(at.millis()).unwrap(), &[0; 10]).into_uuid();
        let first = receipt(&tenant, &tenant.key_id, 0);
        let client_request_id = (n == 0).then(|| "=HYPERLINK(\"x\"), 1".to_owned());
        journal.append(Receipt { id: RequestId::from_uuid(id), at, client_request_id, ..first }).unwrap();
    }
    let path = "/api/v1/workspaces/current/usage/export";
    let csv = app.get(&format!("{path}?payer=byok"), &tenant.key).await.is(200);
    assert_eq!(csv.headers["content-type"], "text/csv; charset=utf-8");
    assert_eq!(csv.headers["content-disposition"], "attachment; filename=\"usage.csv\"");
    let lines: Vec<_> = csv.text.split_terminator("\r\n").collect();
    assert_eq!(lines.len(), usize::from(CALLS) + 1);
    assert!(lines[0].starts_with("id,at,payer,provider,model,"), "{}", lines[0]);
    let columns = |line: &str| line.split(',').count();
    assert_eq!(columns(lines[0]), columns(lines[1]), "{}", lines[1]);
    assert!(lines[1].contains(",byok,anthropic,\"claude-opus-4-6\","), "{}", lines[1]);
    assert!(lines[501].contains(",\"'=HYPERLINK(\"\"x\"\"), 1\","), "{}", lines[501]);

    let jsonl = app.get(&format!("{path}?format=jsonl&status=2xx"), &tenant.key).await.is(200);
    let read: Vec<serde_json::Value> = jsonl.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let listed = app.get(&format!("{LIST}?limit=1"), &tenant.key).await.is(200).body;
    assert_eq!((read.len(), &read[0]), (usize::from(CALLS), &listed["data"][0]));
    assert_eq!(app.get(&format!("{path}?payer=managed"), &tenant.key).await.is(200).text.lines().count(), 1);
    for query in ["format=pdf", "payer=me", "limit=1"] {
        app.get(&format!("{path}?{query}"), &tenant.key).await.problem(400, "bad_request");
    }
}

#[tokio::test]
async fn usage_adds_up() {
    let (app, tenant, ..) = two_calls().await;
    let path = "/api/v1/workspaces/current/usage";
    for (group, key) in [
        ("day", "2026-11-22T00:00:00.000Z"),
        ("model", "claude-opus-4-6"),
        ("payer", "byok"),
        ("provider", "anthropic"),
    ] {
        let usage = app.get(&format!("{path}?group_by={group}"), &tenant.key).await.is(200).body;
        let row = &usage["data"][0];
        assert_eq!(
            (&row["key"], &row["calls"], &row["cost_usd"]),
            (&json!(key), &json!(2), &json!("0.0062")),
            "{usage}"
        );
        assert_eq!(row["usage"], json!({"input": 424, "output": 192}));
    }
    let usage = app.get(&format!("{path}?group_by=service"), &tenant.key).await.is(200).body;
    assert_eq!((&usage["data"][0]["key"], &usage["data"][0]["calls"]), (&json!(null), &json!(2)), "calls of models");
    for (only, calls) in [
        ("payer=byok&provider=anthropic&model=claude-opus-4-6", 2),
        (&format!("api_key={}", tenant.key_id), 1),
        ("payer=managed", 0),
        ("agent=lead", 0),
    ] {
        let usage = app.get(&format!("{path}?group_by=payer&{only}"), &tenant.key).await.is(200).body;
        assert_eq!(usage["data"][0]["calls"].as_u64().unwrap_or(0), calls, "{only}");
    }
    for query in [
        "payer=me",
        "provider=acme",
        "api_key=x",
        "group_by=x",
        "from=yesterday",
        "from=2026-11-22T00:00:00Z&to=2026-11-21T00:00:00Z",
    ] {
        app.get(&format!("{path}?{query}"), &tenant.key).await.problem(400, "bad_request");
    }
}

#[tokio::test]
async fn an_overview_says_who_paid_when_and_what_failed() {
    let app = App::new().await;
    let tenant = app.tenant().await;
    let managed = Receipt {
        payer: Some(PayerKind::Managed),
        credits: MicroCredits::new(3_100_000),
        timing: Timing { own_us: 90, upstream_first_ms: Some(2_100), total_ms: 2_300 },
        ..receipt(&tenant, &tenant.key_id, 2)
    };
    let failed = Receipt {
        payer: None,
        cost_usd: None,
        status: 403,
        error: Some("byok_required".to_owned()),
        outcome: Outcome::Refused,
        timing: Timing { own_us: 9, upstream_first_ms: None, total_ms: 0 },
        ..receipt(&tenant, &tenant.key_id, 3)
    };
    let (journal, takeover) =
        app.store.open_journal(&app.dir.path().join("journal"), JournalLimits::default()).await.unwrap();
    for receipt in [&receipt(&tenant, &tenant.key_id, 1), &managed, &failed] {
        journal.append(receipt).unwrap();
    }
    tokio::spawn(takeover.run(app.clock(), std::future::pending()));
    let path = "/api/v1/workspaces/current/overview";
    let day = "from=2026-11-22T00:00:00Z&to=2026-11-23T00:00:00Z";
    let shown = app.get(&format!("{path}?{day}"), &tenant.key).await.is(200).body;
    let spend = json!([{"at": "2026-11-22T00:00:00.000Z", "own_usd": "0.0031", "managed_usd": "0.0031", "credits_paid": "3.1"}]);
    assert_eq!(shown["spend"], spend);
    let speed = json!({"calls": 2, "first_p50_ms": 420, "first_p95_ms": 2100, "own_p50_us": 90});
    assert_eq!(shown["speed"], speed);
    assert_eq!(shown["failures"], json!([{"code": "byok_required", "payer": null, "calls": 1}]));
    let by_hour = app.get(&format!("{path}?{day}&step=hour"), &tenant.key).await.is(200).body;
    assert_eq!(by_hour["spend"][0]["at"], "2026-11-22T17:00:00.000Z");
    let other = app.tenant().await;
    assert_eq!(app.get(&format!("{path}?{day}"), &other.key).await.is(200).body["spend"], json!([]));
    for query in ["", "from=2026-11-22T00:00:00Z", "from=2026-11-22T00:00:00Z&to=2028-11-22T00:00:00Z"] {
        app.get(&format!("{path}?{query}"), &tenant.key).await.problem(400, "bad_request");
    }
}
