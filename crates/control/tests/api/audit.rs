//! The audit log as people search and check it.

use ownkey_domain::scope::Scope;
use serde_json::{Value, json};

use crate::app::{App, OPERATOR};

const AUDIT: &str = "/api/v1/workspaces/current/audit";

#[tokio::test]
async fn events_are_found_by_who_what_to_what_and_when() {
    let app = App::new().await;
    let tenant = app.tenant().await;
    app.key(&tenant.id, &[Scope::Inference]).await;
    let (key, _) = app.key(&tenant.id, &[Scope::Inference]).await;
    let revoke = format!("/api/v1/workspaces/{}/api-keys/{key}", tenant.id);
    app.call("DELETE", &revoke, OPERATOR, Value::Null).await.is(204);
    let all = app.get(AUDIT, &tenant.key).await.is(200).body["data"].as_array().unwrap().clone();
    let (first, later) = (&all[all.len() - 1]["at"], "2030-01-01T00:00:00Z");
    for (query, expected) in [
        (format!("object={key}"), 2),
        (format!("object={key}&action=api_key.revoke"), 1),
        ("action=workspace".to_owned(), 1),
        ("action=api".to_owned(), 0),
        ("action=workspace.create&actor=operator".to_owned(), 1),
        ("actor=system".to_owned(), 0),
        (format!("from={}", first.as_str().unwrap()), all.len()),
        (format!("from={later}"), 0),
        (format!("to={later}"), all.len()),
    ] {
        let found = app.get(&format!("{AUDIT}?{query}"), &tenant.key).await.is(200).body;
        assert_eq!(found["data"].as_array().unwrap().len(), expected, "{query}");
    }
    let page = app.get(&format!("{AUDIT}?action=api_key&limit=1"), &tenant.key).await.is(200).body;
    let next = format!("{AUDIT}?action=api_key&limit=200&cursor={}", page["next_cursor"].as_str().unwrap());
    let rest = app.get(&next, &tenant.key).await.is(200).body;
    let of_keys = all.iter().filter(|event| event["action"].as_str().unwrap().starts_with("api_key.")).count();
    assert_eq!(rest["data"].as_array().unwrap().len() + 1, of_keys);
    app.get(&format!("{AUDIT}?from=yesterday"), &tenant.key).await.problem(400, "bad_request");
}

#[tokio::test]
async fn a_whole_log_is_checked() {
    let app = App::new().await;
    let tenant = app.tenant().await;
    let all = app.get(AUDIT, &tenant.key).await.is(200).body["data"].as_array().unwrap().clone();
    let check = app.get(&format!("{AUDIT}/verify"), &tenant.key).await.is(200).body;
    let since = &all[all.len() - 1]["at"];
    let count = all.len();
    let whole = |checked: usize, next: Value| json!({"intact": true, "checked": checked, "events": count, "next_after": next, "broken_at": null, "since": since});
    assert_eq!(check, whole(count, Value::Null));
    let part = app.get(&format!("{AUDIT}/verify?limit=1"), &tenant.key).await.is(200).body;
    assert_eq!(part, whole(1, json!(1)));
    let rest = app.get(&format!("{AUDIT}/verify?limit=20000&after=1"), &tenant.key).await.is(200).body;
    assert_eq!(rest, whole(count - 1, Value::Null));
    for wrong in ["limit=0", "after=-1", "from=1"] {
        app.get(&format!("{AUDIT}/verify?{wrong}"), &tenant.key).await.problem(400, "bad_request");
    }
    let other = app.tenant().await;
    app.get(&format!("/api/v1/workspaces/{}/audit/verify", tenant.id), &other.key).await.problem(404, "not_found");
}
