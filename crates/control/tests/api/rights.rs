//! The table of rights, walked: each route with each kind of caller.

use std::time::Duration;

use ownkey_control::rights::{Right, Scopes, TABLE};
use ownkey_domain::person::Role;
use ownkey_domain::scope::Scope;
use serde_json::{Value, json};

use crate::app::{App, OPERATOR, Reply, Tenant};
use crate::people::{Browser, PASSWORD};

fn path_of(right: &Right, tenant: &Tenant) -> String {
    right
        .path
        .replace("{ws}", &tenant.id)
        .replace("{provider}", "anthropic")
        .replace("by-external-id/{id}", "by-external-id/acme")
        .replace("{id}", &tenant.key_id)
        .replace("{req}", "req_00000000000070008000000000000001")
        .replace("{name}", "lead")
        .replace("{delivery}", "msg_00000000000070008000000000000001")
        .replace("{month}", "2026-11")
        .replace("{code}", "key_sealed")
}

async fn call(app: &App, right: &Right, tenant: &Tenant, credential: &str) -> Reply {
    let body = if right.verb.as_str() == "GET" { Value::Null } else { json!({}) };
    app.call(right.verb.as_str(), &path_of(right, tenant), credential, body).await
}

/// Let in: whatever the answer is, it is about the matter.
#[track_caller]
fn let_in(reply: &Reply, what: &str) {
    let turned_away = matches!(reply.status, 401 | 403) || reply.text.contains("no such workspace");
    assert!(!turned_away && reply.status != 500, "{what}: {} {}", reply.status, reply.text);
}

fn without(right: &Right) -> Vec<Scope> {
    let unwanted = match right.scopes {
        Scopes::OneOf(wanted) => wanted,
        Scopes::None | Scopes::Any => &[],
    };
    Scope::ALL.iter().copied().filter(|scope| !unwanted.contains(scope)).collect()
}

/// Turned away as nobody. Who comes back from a provider is a browser, and is told so on a page.
#[track_caller]
fn unknown(reply: Reply, right: &Right) {
    if right.path.starts_with("/api/v1/connections/callback/") {
        let to = reply.is(303).headers["location"].to_str().unwrap().to_owned();
        assert!(to.ends_with("?failed=unauthorized"), "{to}");
    } else {
        reply.problem(401, "unauthorized");
    }
}

#[tokio::test]
async fn every_route_lets_in_whom_the_table_names() {
    let app = App::new().await;
    let other = app.tenant().await;
    for right in TABLE {
        let tenant = app.tenant().await;
        let what = format!("{} {}", right.verb.as_str(), right.path);
        if right.public {
            let_in(&call(&app, right, &tenant, "").await, &what);
            continue;
        }
        unknown(call(&app, right, &tenant, "").await, right);
        if right.is_in_workspace() {
            call(&app, right, &tenant, &other.key).await.problem(404, "not_found");
        }
        let (_, lacking) = app.key(&tenant.id, &without(right)).await;
        let reply = call(&app, right, &tenant, &lacking).await;
        match right.scopes {
            Scopes::Any => let_in(&reply, &what),
            Scopes::None | Scopes::OneOf(_) => drop(reply.problem(403, "forbidden")),
        }
        if let Scopes::OneOf(wanted) = right.scopes {
            for scope in wanted {
                let (_, right_key) = app.key(&tenant.id, &[*scope]).await;
                let_in(
                    &call(&app, right, &app.tenant_of(&tenant).await, &right_key).await,
                    &format!("{what} by {scope}"),
                );
            }
        }
        let reply = call(&app, right, &tenant, OPERATOR).await;
        if !right.operator {
            reply.problem(403, "forbidden");
            continue;
        }
        let_in(&reply, &what);
    }
}

async fn call_as(app: &App, right: &Right, tenant: &Tenant, browser: &Browser) -> Reply {
    let body = if right.verb.as_str() == "GET" { Value::Null } else { json!({}) };
    browser.clone().send(app, right.verb.as_str(), &path_of(right, tenant), body).await
}

/// Somebody who has an account and is signed in once more.
async fn again(app: &App, mail: &str) -> Browser {
    let (browser, reply) = Browser::login(app, mail, PASSWORD).await;
    reply.is(200);
    browser
}

#[tokio::test]
async fn every_route_lets_in_the_roles_that_the_table_names() {
    let app = App::new().await;
    app.founder("operator@example.com").await;
    let other = app.tenant().await;
    app.member(&other.id, "stranger@example.com", Role::Owner).await;
    for (at, right) in TABLE.iter().enumerate().filter(|(_, right)| !right.public) {
        let tenant = app.tenant().await;
        let what = format!("{} {}", right.verb.as_str(), right.path);
        if right.is_in_workspace() {
            let stranger = again(&app, "stranger@example.com").await;
            call_as(&app, right, &tenant, &stranger).await.problem(404, "not_found");
        }
        for role in Role::ALL {
            let browser = app.member(&tenant.id, &format!("{}{at}@example.com", role.as_str()), role).await;
            let reply = call_as(&app, right, &tenant, &browser).await;
            // What makers of keys may do beyond their role is told apart by the handler.
            let own_only = right.path.ends_with("/api-keys/{id}") && right.verb.as_str() == "DELETE";
            match right.role {
                Some(Role::Member) if own_only && role == Role::Member => drop(reply.problem(403, "forbidden")),
                Some(least) if role >= least || !right.is_in_workspace() => {
                    let_in(&reply, &format!("{what} by {role:?}"))
                }
                _ => drop(reply.problem(403, "forbidden")),
            }
        }
        let operator = again(&app, "operator@example.com").await;
        let reply = call_as(&app, right, &app.tenant().await, &operator).await;
        if right.operator || (right.role.is_some() && !right.is_in_workspace()) {
            let_in(&reply, &format!("{what} by the operator"));
        } else {
            reply.problem(403, "forbidden");
        }
    }
}

impl App {
    /// The same workspace with something left to remove.
    async fn tenant_of(&self, tenant: &Tenant) -> Tenant {
        let (key_id, _) = self.key(&tenant.id, &[Scope::Inference]).await;
        Tenant { key_id, ..tenant.clone() }
    }
}

#[tokio::test]
async fn a_key_that_has_ended_opens_nothing() {
    let app = App::new().await;
    let tenant = app.tenant().await;
    let path = format!("/api/v1/workspaces/{}/api-keys", tenant.id);
    let body = json!({"name": "short", "scopes": Scope::ALL, "expires_at": "2026-11-22T18:00:00Z"});
    let short = app.call("POST", &path, OPERATOR, body).await.is(201);
    let short = short.body["secret"].as_str().unwrap();
    let (revoked_id, revoked) = app.key(&tenant.id, Scope::ALL).await;
    app.get("/api/v1/plans", short).await.is(200);
    app.get("/api/v1/plans", &revoked).await.is(200);
    app.call("DELETE", &format!("{path}/{revoked_id}"), OPERATOR, Value::Null).await.is(204);
    app.pass(Duration::from_secs(3600));
    for right in TABLE.iter().filter(|right| !right.public) {
        unknown(call(&app, right, &tenant, short).await, right);
        unknown(call(&app, right, &tenant, &revoked).await, right);
    }
}
