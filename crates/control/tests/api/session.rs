use std::time::Duration;

use axum::body::Body;
use http::Request;
use ownkey_domain::person::Role;
use serde_json::{Value, json};

use crate::app::{App, OPERATOR};
use crate::people::{Browser, PASSWORD};

const MAIL: &str = "eli@example.com";

async fn with_eli() -> (App, String, Browser) {
    let app = App::new().await;
    let workspace = app.tenant().await.id;
    let eli = app.member(&workspace, MAIL, Role::Member).await;
    (app, workspace, eli)
}

#[tokio::test]
async fn signing_in_tells_who_one_is_and_what_one_may() {
    let (app, workspace, _) = with_eli().await;
    let (mut eli, reply) = Browser::login(&app, " Eli@Example.com", PASSWORD).await;
    let session = reply.is(200).body;
    assert_eq!(session["user"]["mail"], MAIL);
    assert_eq!((&session["user"]["is_operator"], &session["product"]["name"]), (&json!(false), &json!("Celune")));
    let [own] = session["workspaces"].as_array().unwrap().as_slice() else { panic!("{session}") };
    assert_eq!((&own["id"], &own["role"], &own["plan"]), (&json!(workspace), &json!("member"), &json!("default")));
    let may = |route: &str| own["permissions"].as_array().unwrap().iter().any(|one| one == route);
    assert!(may("GET /api/v1/workspaces/{ws}/policy") && may("POST /api/v1/workspaces/{ws}/playground-token"));
    assert!(!may("PUT /api/v1/workspaces/{ws}/policy") && !may("GET /api/v1/workspaces/{ws}/audit"));
    let general = session["permissions"].as_array().unwrap();
    assert!(general.contains(&json!("GET /api/v1/plans")) && !general.contains(&json!("GET /api/v1/workspaces")));
    assert_eq!(eli.get(&app, "/api/v1/session").await.is(200).body, session);

    eli.get(&app, "/api/v1/workspaces/current/policy").await.is(200);
    eli.send(&app, "DELETE", "/api/v1/session", Value::Null).await.is(204);
    assert_eq!(eli.cookie, None);
    eli.get(&app, "/api/v1/session").await.problem(401, "unauthorized");
}

#[tokio::test]
async fn a_token_is_of_no_use_when_it_is_over() {
    let (app, _, mut eli) = with_eli().await;
    let old = eli.clone();
    let (mut other, _) = Browser::login(&app, MAIL, PASSWORD).await;
    assert_ne!(old.cookie, other.cookie);
    eli.send(&app, "DELETE", "/api/v1/session", Value::Null).await.is(204);
    old.clone().get(&app, "/api/v1/session").await.problem(401, "unauthorized");
    other.get(&app, "/api/v1/session").await.is(200);
    app.pass(Duration::from_secs(8 * 24 * 3600));
    other.get(&app, "/api/v1/session").await.problem(401, "unauthorized");
    for made_up in ["", "x", &"A".repeat(64)] {
        let mut stranger = Browser { cookie: Some(made_up.to_owned()), ..Browser::default() };
        stranger.get(&app, "/api/v1/session").await.problem(401, "unauthorized");
    }
}

#[tokio::test]
async fn sessions_are_listed_and_ended() {
    let (app, workspace, mut eli) = with_eli().await;
    let (mut phone, _) = Browser::login(&app, MAIL, PASSWORD).await;
    let (mut tablet, _) = Browser::login(&app, MAIL, PASSWORD).await;
    let mut gus = app.member(&workspace, "gus@example.com", Role::Owner).await;
    let list = eli.get(&app, "/api/v1/sessions").await.is(200).body;
    let list = list["data"].as_array().unwrap();
    assert_eq!(list.iter().map(|one| one["current"].as_bool().unwrap()).collect::<Vec<_>>(), [false, false, true]);
    assert!(list.iter().all(|one| one["user_agent"] == "Firefox"));
    let phones = format!("/api/v1/sessions/{}", list[1]["id"].as_str().unwrap());
    // Nobody ends another one's.
    gus.send(&app, "DELETE", &phones, Value::Null).await.problem(404, "not_found");
    phone.get(&app, "/api/v1/session").await.is(200);
    eli.send(&app, "DELETE", &phones, Value::Null).await.is(204);
    eli.send(&app, "DELETE", &phones, Value::Null).await.problem(404, "not_found");
    phone.get(&app, "/api/v1/session").await.problem(401, "unauthorized");
    tablet.get(&app, "/api/v1/session").await.is(200);
    eli.send(&app, "DELETE", "/api/v1/sessions", Value::Null).await.is(204);
    tablet.get(&app, "/api/v1/session").await.problem(401, "unauthorized");
    eli.get(&app, "/api/v1/session").await.is(200);
    gus.get(&app, "/api/v1/session").await.is(200);
}

#[tokio::test]
async fn errors_never_say_which_of_the_two_was_wrong() {
    let (app, ..) = with_eli().await;
    let (_, wrong) = Browser::login(&app, MAIL, "another password").await;
    let (_, nobody) = Browser::login(&app, "nobody@example.com", PASSWORD).await;
    let (wrong, nobody) = (wrong.problem(401, "wrong_login"), nobody.problem(401, "wrong_login"));
    assert_eq!(wrong.text, nobody.text);
    let names = |headers: &http::HeaderMap| headers.keys().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(names(&wrong.headers), names(&nobody.headers));
    for body in
        [json!({"mail": "eli", "password": PASSWORD}), json!({"mail": MAIL}), json!({"mail": MAIL, "password": ""})]
    {
        Browser::default().send(&app, "POST", "/api/v1/session", body).await.problem(400, "bad_request");
    }
}

#[tokio::test]
async fn waits_grow_for_known_and_unknown_alike() {
    let (app, ..) = with_eli().await;
    for mail in [MAIL, "nobody@example.com"] {
        for _ in 0..5 {
            let (_, reply) = Browser::login(&app, mail, "another password").await;
            reply.problem(401, "wrong_login");
        }
        let (_, reply) = Browser::login(&app, mail, PASSWORD).await;
        let reply = reply.problem(429, "rate_limited");
        assert_eq!((&reply.body["retry_after_s"], &reply.headers["retry-after"]), (&json!(4), &"4".parse().unwrap()));
    }
    app.pass(Duration::from_secs(4));
    let (_, reply) = Browser::login(&app, MAIL, "another password").await;
    reply.problem(401, "wrong_login");
    let (_, reply) = Browser::login(&app, MAIL, PASSWORD).await;
    assert_eq!(reply.problem(429, "rate_limited").body["retry_after_s"], 8);
    app.pass(Duration::from_secs(8));
    let (_, reply) = Browser::login(&app, MAIL, PASSWORD).await;
    reply.is(200);
    let (_, reply) = Browser::login(&app, MAIL, "another password").await;
    reply.problem(401, "wrong_login");
}

#[tokio::test]
async fn one_address_does_not_try_everybody() {
    let app = App::new().await;
    for n in 0..20 {
        let (_, reply) = Browser::login(&app, &format!("{n}@example.com"), PASSWORD).await;
        reply.problem(401, "wrong_login");
    }
    let (_, reply) = Browser::login(&app, "another@example.com", PASSWORD).await;
    reply.problem(429, "rate_limited");
}

#[tokio::test]
async fn a_new_password_ends_every_other_session() {
    let (app, _, mut eli) = with_eli().await;
    let (mut phone, before) = (Browser::login(&app, MAIL, PASSWORD).await.0, eli.clone());
    let change = |current: &str, new: &str| json!({"current": current, "password": new});
    eli.send(&app, "PUT", "/api/v1/password", change("wrong", "a newer password")).await.problem(401, "wrong_login");
    eli.send(&app, "PUT", "/api/v1/password", change(PASSWORD, "too short")).await.problem(400, "bad_request");
    eli.send(&app, "PUT", "/api/v1/password", change(PASSWORD, &"x".repeat(201))).await.problem(400, "bad_request");
    phone.get(&app, "/api/v1/session").await.is(200);
    eli.send(&app, "PUT", "/api/v1/password", change(PASSWORD, "a newer password")).await.is(200);
    eli.get(&app, "/api/v1/session").await.is(200);
    for mut over in [phone, before] {
        over.get(&app, "/api/v1/session").await.problem(401, "unauthorized");
    }
    Browser::login(&app, MAIL, PASSWORD).await.1.problem(401, "wrong_login");
    Browser::login(&app, MAIL, "a newer password").await.1.is(200);
}

#[tokio::test]
async fn a_cookie_counts_from_our_own_pages_only() {
    let (app, workspace, eli) = with_eli().await;
    let cookie = format!("__Host-ownkey={}", eli.cookie.unwrap());
    let path = format!("/api/v1/workspaces/{workspace}/api-keys");
    let post = |headers: &[(&'static str, &'static str)]| {
        let mut request = Request::builder().method("POST").uri(&path).header("cookie", &cookie);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        app.send(request.body(Body::from(r#"{"name":"a","scopes":["inference"]}"#)).unwrap())
    };
    let (host, json) = (("host", "keys.example.com"), ("content-type", "application/json"));
    post(&[host, json]).await.problem(403, "cross_site");
    post(&[host, json, ("origin", "https://evil.example")]).await.problem(403, "cross_site");
    post(&[host, json, ("sec-fetch-site", "cross-site")]).await.problem(403, "cross_site");
    let evil = ("host", "evil.example");
    post(&[evil, json, ("origin", "https://evil.example")]).await.problem(403, "unknown_host");
    post(&[host, ("sec-fetch-site", "same-origin")]).await.problem(415, "unsupported_media_type");
    post(&[host, json, ("origin", "https://keys.example.com")]).await.is(201);
    // Another site's form can't sign anybody in, either.
    let login = |origin: &'static str| {
        let body = json!({"mail": MAIL, "password": PASSWORD}).to_string();
        let request = Request::builder().method("POST").uri("/api/v1/session").header("host", "keys.example.com");
        app.send(
            request.header("origin", origin).header("content-type", "application/json").body(Body::from(body)).unwrap(),
        )
    };
    login("https://evil.example").await.problem(403, "cross_site");
    login("https://keys.example.com").await.is(200);
}

#[tokio::test]
async fn a_credential_goes_before_a_cookie() {
    let (app, workspace, eli) = with_eli().await;
    let request = |credential: &str| {
        Request::builder()
            .uri(format!("/api/v1/workspaces/{workspace}/audit"))
            .header("host", "keys.example.com")
            .header("cookie", format!("__Host-ownkey={}", eli.cookie.as_ref().unwrap()))
            .header("authorization", format!("Bearer {credential}"))
            .body(Body::empty())
            .unwrap()
    };
    app.send(request(OPERATOR)).await.is(200);
    app.send(request("ok_nonsense")).await.problem(401, "unauthorized");
}

#[tokio::test]
async fn a_playground_has_a_key_of_its_own_for_minutes() {
    let (app, workspace, mut eli) = with_eli().await;
    let path = "/api/v1/workspaces/current/playground-token";
    let made = eli.send(&app, "POST", path, Value::Null).await.is(201).body;
    let token = made["token"].as_str().unwrap();
    assert!(token.starts_with("ok_"));
    app.get("/api/v1/workspaces/current/requests", token).await.is(200);
    app.get("/api/v1/workspaces/current/provider-keys", token).await.problem(403, "forbidden");
    let listed = eli.get(&app, "/api/v1/workspaces/current/api-keys").await;
    assert!(!listed.text.contains("Playground"), "{}", listed.text);
    app.pass(Duration::from_secs(600));
    app.get("/api/v1/workspaces/current/requests", token).await.problem(401, "unauthorized");
    let mut viewer = app.member(&workspace, "vic@example.com", Role::Viewer).await;
    viewer.send(&app, "POST", path, Value::Null).await.problem(403, "forbidden");
}
