//! A simulated identity provider: OAuth 2.0 with PKCE, refresh tokens that rotate, and revocation; as strict as RFC 6749,
//! 7636 and 7009 let it be. A refresh token that is used twice takes its whole family with it. It also plays the account
//! that tokens open, and keeps a log of every use, also of tokens that have expired.

mod authorize;
mod client;
mod form;
mod grants;
mod history;
mod shape;
mod token;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use serde_json::{Value, json};

use crate::body::Broken;
use crate::clock::now_ms;

pub use client::Client;
use grants::Grants;
pub use history::Kind;
use history::{Entry, History};
pub use shape::Shape;

/// Longest body that is read.
const LONGEST_BODY: usize = 64 * 1024;

/// What goes wrong at the token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// 503 to everyone; nothing happens.
    Down,
    /// The connection is closed, and nothing happens.
    HangUp,
    /// It is done, and the answer never comes.
    Lost,
    /// It is done, and the answer comes after so long.
    Slow(Duration),
    /// After so long it is done, and the answer comes.
    Late(Duration),
    /// It is done, and the answer is none.
    Garbage,
    /// 400 with that word; nothing happens.
    Error(&'static str),
}

#[derive(Default)]
struct State {
    grants: Grants,
    history: History,
    /// What goes wrong, with how many requests; with all if absent.
    fault: Option<(Fault, Option<u64>)>,
    /// Whether somebody refuses to agree.
    denies: bool,
    /// Whether nothing is revoked that somebody asks to have revoked.
    keeps: bool,
}

/// The identity provider.
#[derive(Default)]
pub struct Identity(Mutex<State>);

/// A request with its whole body.
struct Asked {
    method: Method,
    path: String,
    query: String,
    headers: HeaderMap,
    body: Bytes,
    /// What it calls itself: where it is asked.
    issuer: String,
}

type Answer = Response<Full<Bytes>>;

impl Identity {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answer to a request.
    pub async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Result<Answer, Broken> {
        let asked = Asked::read(request).await?;
        match (asked.method.as_str(), asked.path.as_str()) {
            ("GET", "/.well-known/openid-configuration") => Ok(described(&asked)),
            ("GET", "/authorize") => Ok(authorize::answer(&mut self.state(), &asked)),
            ("POST", "/token") => self.token(&asked).await,
            ("POST", "/revoke") => Ok(token::revoke(&mut self.state(), &asked)),
            (_, "/authorize" | "/token" | "/revoke") => Ok(error(405, "invalid_request")),
            (_, path) if path.starts_with("/api/") => Ok(account(&mut self.state(), &asked)),
            _ => Ok(error(404, "not_found")),
        }
    }

    async fn token(&self, asked: &Asked) -> Result<Answer, Broken> {
        let fault = self.state().next_fault();
        match fault {
            None => return Ok(token::answer(&mut self.state(), asked)),
            Some(Fault::Down) => return Ok(error(503, "temporarily_unavailable")),
            Some(Fault::HangUp) => return Err(Broken),
            Some(Fault::Error(word)) => return Ok(error(400, word)),
            Some(Fault::Late(pause)) => tokio::time::sleep(pause).await,
            Some(Fault::Lost | Fault::Slow(_) | Fault::Garbage) => {}
        }
        let answer = token::answer(&mut self.state(), asked);
        match fault {
            Some(Fault::Lost) => Err(Broken),
            Some(Fault::Garbage) => Ok(text(200, "text/html", "<html><body>It works!</body></html>")),
            Some(Fault::Slow(pause)) => {
                tokio::time::sleep(pause).await;
                Ok(answer)
            }
            _ => Ok(answer),
        }
    }

    /// A request to the control port, below `/identity`.
    pub fn control(&self, method: &Method, path: &str, query: &str, body: &[u8]) -> (u16, Value) {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let mut state = self.state();
        match (method.as_str(), path) {
            ("GET", "/log") => (200, json!({"entries": state.history.since(form::number(query, "since"))})),
            ("GET", "/stats") => (200, state.history.stats()),
            ("PUT", "/clients") => match Client::read(&body) {
                Some(client) => {
                    state.grants.register(client);
                    (200, json!({}))
                }
                None => (400, json!({"error": "client_id, redirect_uri and lives_s are needed"})),
            },
            ("PUT", "/fault") => match fault(&body) {
                Some(fault) => {
                    state.fault = fault.map(|fault| (fault, body["count"].as_u64()));
                    (200, json!({}))
                }
                None => (400, json!({"error": "no such fault"})),
            },
            ("PUT", "/denies") => {
                state.denies = body["denies"].as_bool().unwrap_or_default();
                (200, json!({}))
            }
            ("PUT", "/keeps") => {
                state.keeps = body["keeps"].as_bool().unwrap_or_default();
                (200, json!({}))
            }
            ("DELETE", "/grants") => {
                state.grants.revoke_all();
                (200, json!({}))
            }
            _ => (404, json!({"error": "no such control; see the simulator's documentation"})),
        }
    }
}

impl State {
    fn next_fault(&mut self) -> Option<Fault> {
        let (fault, left) = self.fault.as_mut()?;
        let fault = *fault;
        if let Some(left) = left {
            *left = left.saturating_sub(1);
            if *left == 0 {
                self.fault = None;
            }
        }
        Some(fault)
    }
}

fn fault(body: &Value) -> Option<Option<Fault>> {
    let pause = Duration::from_millis(body["ms"].as_u64().unwrap_or(1_000));
    Some(Some(match body["kind"].as_str()? {
        "none" => return Some(None),
        "down" => Fault::Down,
        "hang_up" => Fault::HangUp,
        "lost" => Fault::Lost,
        "slow" => Fault::Slow(pause),
        "late" => Fault::Late(pause),
        "garbage" => Fault::Garbage,
        "invalid_client" => Fault::Error("invalid_client"),
        "invalid_grant" => Fault::Error("invalid_grant"),
        _ => return None,
    }))
}

impl Asked {
    async fn read(request: Request<Incoming>) -> Result<Self, Broken> {
        let (head, mut incoming) = request.into_parts();
        let mut body = Vec::new();
        while let Some(frame) = incoming.frame().await {
            let Ok(data) = frame.map_err(|_| Broken)?.into_data() else { continue };
            body.extend_from_slice(&data);
            if body.len() > LONGEST_BODY {
                return Err(Broken);
            }
        }
        let host = head.headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or_default();
        Ok(Self {
            issuer: format!("http://{host}"),
            method: head.method,
            path: head.uri.path().to_owned(),
            query: head.uri.query().unwrap_or_default().to_owned(),
            headers: head.headers,
            body: body.into(),
        })
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

fn described(asked: &Asked) -> Answer {
    let at = |path: &str| format!("{}{path}", asked.issuer);
    of_json(
        200,
        &json!({
            "issuer": asked.issuer,
            "authorization_endpoint": at("/authorize"),
            "token_endpoint": at("/token"),
            "revocation_endpoint": at("/revoke"),
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
            "authorization_response_iss_parameter_supported": true,
        }),
    )
}

/// The account that tokens open.
fn account(state: &mut State, asked: &Asked) -> Answer {
    let now = now_ms();
    let token = asked.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
    let used = state.grants.access(token.unwrap_or_default());
    let (result, is_expired) = match &used {
        None => ("unknown", false),
        Some(used) if used.is_revoked => ("revoked", false),
        Some(used) if used.expires_ms <= now => ("expired", true),
        Some(_) => ("ok", false),
    };
    let mut entry = Entry::new(Kind::Use, result);
    if let Some(used) = &used {
        entry = entry.of(&used.client, used.family, used.generation);
    }
    state.history.add(entry.expired(is_expired));
    let client = used.as_ref().and_then(|used| state.grants.client(&used.client));
    let shape = client.map_or(Shape::Standard, |client| client.shape);
    let Some(used) = used.filter(|_| result == "ok") else {
        if shape == Shape::Slack {
            let word = if is_expired { "token_expired" } else { "token_revoked" };
            return of_json(200, &json!({"ok": false, "error": word}));
        }
        let mut refused = error(401, "invalid_token");
        let value = HeaderValue::from_static("Bearer error=\"invalid_token\"");
        refused.headers_mut().insert("www-authenticate", value);
        return refused;
    };
    let mut answer = of_json(
        200,
        &json!({
            "family": used.family, "generation": used.generation, "method": asked.method.as_str(), "path": asked.path,
            "query": asked.query, "received": String::from_utf8_lossy(&asked.body),
            "ok": true,
            "headers": asked.headers.keys().map(http::HeaderName::as_str).collect::<Vec<_>>(),
            "echo": asked.header("x-echo-token").and(token),
        }),
    );
    // As hosts say to browsers that sign out there.
    answer.headers_mut().insert("clear-site-data", HeaderValue::from_static("\"*\""));
    answer
}

fn error(status: u16, word: &str) -> Answer {
    of_json(status, &json!({"error": word, "error_description": "See the simulator's log."}))
}

fn of_json(status: u16, body: &Value) -> Answer {
    text(status, "application/json", &body.to_string())
}

fn text(status: u16, kind: &'static str, body: &str) -> Answer {
    let mut answer = Response::new(Full::from(body.to_owned()));
    *answer.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = answer.headers_mut();
    headers.insert("content-type", HeaderValue::from_static(kind));
    headers.insert("cache-control", HeaderValue::from_static("no-store"));
    headers.insert("pragma", HeaderValue::from_static("no-cache"));
    answer
}
