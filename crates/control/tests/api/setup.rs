use std::time::Duration;

use ownkey_domain::person::Role;
use serde_json::{Value, json};

use crate::app::{App, OPERATOR};
use crate::people::{Browser, PASSWORD, token_of};

fn founder(token: &str, workspace: Option<&str>) -> Value {
    json!({"token": token, "mail": "dana@example.com", "name": "Dana", "password": PASSWORD, "workspace": workspace})
}

#[tokio::test]
async fn the_first_link_makes_the_operator_once() {
    let app = App::new().await;
    let (token, second) = (app.setup_token().await.unwrap(), app.setup_token().await.unwrap());
    let mut dana = Browser::default();
    let seen = dana.send(&app, "POST", "/api/v1/links/look", json!({"token": token})).await.is(200).body;
    assert_eq!((&seen["kind"], &seen["product"]), (&json!("setup"), &json!("Celune")));
    let made = dana.send(&app, "POST", "/api/v1/setup", founder(&token, Some("Acme"))).await.is(201).body;
    assert_eq!((&made["user"]["is_operator"], &made["workspaces"][0]["role"]), (&json!(true), &json!("owner")));
    for token in [&token, &second] {
        let reply = Browser::default().send(&app, "POST", "/api/v1/setup", founder(token, None)).await;
        assert!(reply.problem(410, "link_used").text.contains("This link has been used."));
        dana.send(&app, "POST", "/api/v1/links/look", json!({"token": token})).await.problem(410, "link_used");
    }
    assert_eq!(app.setup_token().await, None);
    let all = dana.get(&app, "/api/v1/workspaces").await.is(200).body;
    assert_eq!(all["data"][0]["name"], "Acme");
    dana.get(&app, "/metrics").await.is(200);
}

#[tokio::test]
async fn links_that_do_not_work() {
    let app = App::new().await;
    let token = app.setup_token().await.unwrap();
    for made_up in ["", "x", &token[1..], &"A".repeat(64)] {
        Browser::default().send(&app, "POST", "/api/v1/setup", founder(made_up, None)).await.problem(404, "not_found");
    }
    let mut short = founder(&token, None);
    short["password"] = json!("too short");
    let reply = Browser::default().send(&app, "POST", "/api/v1/setup", short).await.problem(400, "bad_request");
    assert_eq!(reply.body["member"], "password");
    // A link is for one thing.
    for path in ["/api/v1/invites/accept", "/api/v1/resets/accept"] {
        let body = json!({"token": token, "password": PASSWORD});
        Browser::default().send(&app, "POST", path, body).await.problem(404, "not_found");
    }
    app.pass(Duration::from_secs(24 * 3600));
    Browser::default().send(&app, "POST", "/api/v1/setup", founder(&token, None)).await.problem(410, "link_expired");
}

#[tokio::test]
async fn a_lost_password_is_replaced_by_link() {
    let app = App::new().await;
    let tenant = app.tenant().await;
    let mut eli = app.member(&tenant.id, "eli@example.com", Role::Admin).await;
    let ask = async |mail: &str| app.call("POST", "/api/v1/operator/reset-link", OPERATOR, json!({"mail": mail})).await;
    ask("nobody@example.com").await.problem(404, "not_found");
    let made = ask("Eli@example.com").await.is(200).body;
    assert!(made["link"].as_str().unwrap().starts_with("https://keys.example.com/reset#"));
    let body = json!({"token": token_of(&made["link"]), "password": "a newer password"});
    let mut phone = Browser::default();
    phone.send(&app, "POST", "/api/v1/resets/accept", body.clone()).await.is(200);
    phone.get(&app, "/api/v1/session").await.is(200);
    eli.get(&app, "/api/v1/session").await.problem(401, "unauthorized");
    phone.send(&app, "POST", "/api/v1/resets/accept", body).await.problem(410, "link_used");
    Browser::login(&app, "eli@example.com", PASSWORD).await.1.problem(401, "wrong_login");
    Browser::login(&app, "eli@example.com", "a newer password").await.1.is(200);
}
