//! The identity provider, held to RFC 6749, 7636 and 7009.

use serde_json::{Value, json};

use crate::support::{Answer, Running, start, whole};

/// The pair of RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const BACK: &str = "https://keys.example.com/back";

async fn registered(client: Value) -> Running {
    let sim = start().await;
    sim.control("PUT", "/identity/clients", client).await;
    sim
}

fn client() -> Value {
    json!({"client_id": "app", "client_secret": "s", "redirect_uri": BACK, "lives_s": 600})
}

async fn authorize(sim: &Running, changes: &[(&str, &str)]) -> Answer {
    let mut parameters = vec![
        ("response_type", "code"),
        ("client_id", "app"),
        ("redirect_uri", "https%3A%2F%2Fkeys.example.com%2Fback"),
        ("scope", "mail%20files"),
        ("state", "a%20b"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    for (name, value) in changes {
        parameters.retain(|(known, _)| known != name);
        parameters.push((name, value));
    }
    let query: Vec<String> = parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
    whole(sim.send("GET", format!("{}/authorize?{}", sim.identity, query.join("&")), &[], String::new()).await).await
}

fn location(answer: &Answer) -> &str {
    answer.headers["location"].to_str().expect("text")
}

async fn code(sim: &Running) -> String {
    let answer = authorize(sim, &[]).await;
    assert_eq!(answer.status, 302);
    let to = location(&answer);
    assert!(to.starts_with(BACK) && to.contains("&state=a%20b&iss=http%3A%2F%2F127"), "{to}");
    let code = to.split_once("code=").and_then(|(_, rest)| rest.split('&').next());
    code.expect("a code").to_owned()
}

async fn post(sim: &Running, path: &str, form: &str) -> Answer {
    let form = format!("{form}&client_id=app&client_secret=s");
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    whole(sim.send("POST", format!("{}{path}", sim.identity), &headers, form).await).await
}

async fn by_code(sim: &Running, code: &str, verifier: &str) -> Answer {
    let form = format!(
        "grant_type=authorization_code&code={code}&code_verifier={verifier}&redirect_uri=https%3A%2F%2Fkeys.example.com%2Fback"
    );
    post(sim, "/token", &form).await
}

async fn by_refresh(sim: &Running, token: &str) -> Answer {
    post(sim, "/token", &format!("grant_type=refresh_token&refresh_token={token}")).await
}

async fn used(sim: &Running, token: &str) -> u16 {
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str())];
    whole(sim.send("GET", format!("{}/api/x", sim.identity), &headers, String::new()).await).await.status
}

fn member(answer: &Answer, name: &str) -> String {
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    answer.json()[name].as_str().expect("text").to_owned()
}

#[track_caller]
fn refused(answer: &Answer, status: u16, error: &str) {
    assert_eq!((answer.status, answer.json()["error"].as_str()), (status, Some(error)));
    assert_eq!(answer.headers["cache-control"], "no-store");
}

#[tokio::test]
async fn a_code_becomes_tokens_once_and_for_whoever_can_prove_it() {
    let sim = registered(client()).await;
    let first = code(&sim).await;
    refused(&by_code(&sim, &first, "too-short").await, 400, "invalid_grant");
    let tokens = by_code(&sim, &first, VERIFIER).await;
    assert_eq!((&tokens.json()["token_type"], &tokens.json()["expires_in"]), (&json!("Bearer"), &json!(600)));
    assert_eq!(tokens.json()["scope"], "mail files");
    let access = member(&tokens, "access_token");
    assert_eq!(used(&sim, &access).await, 200);
    // Used twice: what came of it is taken back.
    refused(&by_code(&sim, &first, VERIFIER).await, 400, "invalid_grant");
    assert_eq!(used(&sim, &access).await, 401);
}

#[tokio::test]
async fn nobody_is_sent_anywhere_before_client_and_address_are_known() {
    let sim = registered(client()).await;
    for change in [("client_id", "other"), ("redirect_uri", "https%3A%2F%2Fevil.example%2Fback")] {
        let answer = authorize(&sim, &[change]).await;
        assert!(answer.status == 400 && !answer.headers.contains_key("location"), "{change:?}");
    }
    for (change, error) in [
        (("response_type", "token"), "unsupported_response_type"),
        (("code_challenge", "short"), "invalid_request"),
        (("code_challenge_method", "plain"), "invalid_request"),
    ] {
        let answer = authorize(&sim, &[change]).await;
        assert!(location(&answer).starts_with(&format!("{BACK}?error={error}&state=a%20b")), "{change:?}");
    }
    sim.control("PUT", "/identity/denies", json!({"denies": true})).await;
    assert!(location(&authorize(&sim, &[]).await).contains("error=access_denied"));
}

#[tokio::test]
async fn a_refresh_token_works_once_and_reuse_ends_its_family() {
    let sim = registered(client()).await;
    let tokens = by_code(&sim, &code(&sim).await, VERIFIER).await;
    let (first, other) = (member(&tokens, "refresh_token"), by_code(&sim, &code(&sim).await, VERIFIER).await);
    let second = by_refresh(&sim, &first).await;
    let (access, next) = (member(&second, "access_token"), member(&second, "refresh_token"));
    assert_ne!(first, next);
    assert_eq!(used(&sim, &access).await, 200);
    refused(&by_refresh(&sim, &first).await, 400, "invalid_grant");
    refused(&by_refresh(&sim, &next).await, 400, "invalid_grant");
    assert_eq!(used(&sim, &access).await, 401);
    assert_eq!(used(&sim, &member(&other, "access_token")).await, 200, "another family");
    let stats = sim.control("GET", "/identity/stats", Value::Null).await;
    assert_eq!((&stats["refreshed"], &stats["reused"]), (&json!(1), &json!(1)));
}

#[tokio::test]
async fn a_client_proves_itself_in_one_way() {
    let sim = registered(client()).await;
    let send = async |authorization: &str, form: &str| {
        let mut headers = vec![("content-type", "application/x-www-form-urlencoded")];
        if !authorization.is_empty() {
            headers.push(("authorization", authorization));
        }
        whole(sim.send("POST", format!("{}/token", sim.identity), &headers, form.to_owned()).await).await
    };
    let grant = "grant_type=refresh_token&refresh_token=x";
    refused(&send("Basic YXBwOnM=", grant).await, 400, "invalid_grant");
    refused(&send("Basic YXBwOng=", grant).await, 401, "invalid_client");
    refused(&send("", grant).await, 401, "invalid_client");
    refused(&send("", &format!("{grant}&client_id=app")).await, 401, "invalid_client");
    refused(&send("Basic YXBwOnM=", &format!("{grant}&client_id=app&client_secret=s")).await, 400, "invalid_request");
    refused(&send("Basic YXBwOnM=", &format!("{grant}&grant_type=x")).await, 400, "invalid_request");
    refused(&send("Basic YXBwOnM=", "grant_type=password").await, 400, "unsupported_grant_type");
}

#[tokio::test]
async fn revoking_ends_the_family_and_is_never_refused_for_the_token() {
    let sim = registered(client()).await;
    let tokens = by_code(&sim, &code(&sim).await, VERIFIER).await;
    let (access, refresh) = (member(&tokens, "access_token"), member(&tokens, "refresh_token"));
    assert_eq!(post(&sim, "/revoke", "token=unknown").await.status, 200);
    assert_eq!(used(&sim, &access).await, 200);
    assert_eq!(post(&sim, "/revoke", &format!("token={refresh}&token_type_hint=refresh_token")).await.status, 200);
    assert_eq!(used(&sim, &access).await, 401);
    refused(&by_refresh(&sim, &refresh).await, 400, "invalid_grant");
    refused(&post(&sim, "/revoke", "x=y").await, 400, "invalid_request");
}

#[tokio::test]
async fn faults_come_as_often_as_asked_and_say_what_was_done() {
    let sim = registered(client()).await;
    let refresh = member(&by_code(&sim, &code(&sim).await, VERIFIER).await, "refresh_token");
    let fault = async |fault: Value| sim.control("PUT", "/identity/fault", fault).await;
    fault(json!({"kind": "down", "count": 1})).await;
    assert_eq!(by_refresh(&sim, &refresh).await.status, 503);
    fault(json!({"kind": "garbage", "count": 1})).await;
    let answer = by_refresh(&sim, &refresh).await;
    assert!(answer.status == 200 && answer.body.starts_with(b"<html>"));
    // It was done all the same.
    refused(&by_refresh(&sim, &refresh).await, 400, "invalid_grant");
}

#[tokio::test]
async fn the_use_of_an_expired_token_is_seen() {
    let sim = registered(json!({"client_id": "app", "client_secret": "s", "redirect_uri": BACK, "lives_s": 0})).await;
    let access = member(&by_code(&sim, &code(&sim).await, VERIFIER).await, "access_token");
    assert_eq!(used(&sim, &access).await, 401);
    assert_eq!(used(&sim, "nobody's").await, 401);
    let stats = sim.control("GET", "/identity/stats", Value::Null).await;
    assert_eq!((&stats["used"], &stats["used_expired"]), (&json!(2), &json!(1)));
    let described =
        whole(sim.send("GET", format!("{}/.well-known/openid-configuration", sim.identity), &[], String::new()).await);
    assert_eq!(described.await.json()["issuer"], json!(sim.identity));
}
