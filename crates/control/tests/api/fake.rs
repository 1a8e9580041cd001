//! A provider on loopback that answers what it is told, and remembers what it was asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Notify;

/// What to answer next.
#[derive(Clone)]
pub enum Script {
    Json(u16, Value),
    Text(u16, &'static str),
    /// Nothing, for as long as the caller waits.
    Silence,
    /// Tells that it was asked, and goes on when it is told to.
    Hold(Arc<(Notify, Notify)>),
}

/// A request that came in.
#[derive(Clone)]
pub struct Asked {
    pub path: String,
    pub headers: HeaderMap,
    pub body: Value,
}

#[derive(Clone, Default)]
pub struct Fake {
    script: Arc<Mutex<VecDeque<Script>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
    pub url: String,
}

impl Fake {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let fake = Self { url: format!("http://{}", listener.local_addr().unwrap()), ..Self::default() };
        let router = Router::new().fallback(answer).with_state(fake.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        fake
    }

    /// Answers these first; then everything is well.
    pub fn next(&self, script: impl IntoIterator<Item = Script>) {
        self.script.lock().unwrap().extend(script);
    }

    /// What was asked since the last time.
    pub fn take_asked(&self) -> Vec<Asked> {
        assert!(self.script.lock().unwrap().is_empty(), "an answer was not asked for");
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

async fn answer(State(fake): State<Fake>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    let is_list = parts.method == http::Method::GET;
    fake.asked.lock().unwrap().push(Asked {
        path: parts.uri.to_string(),
        headers: parts.headers,
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
    });
    let next = fake.script.lock().unwrap().pop_front();
    if let Some(Script::Hold(hold)) = &next {
        hold.0.notify_one();
        hold.1.notified().await;
    }
    match next {
        Some(Script::Silence) => std::future::pending().await,
        Some(Script::Json(status, body)) => json_of(status, &body),
        Some(Script::Text(status, text)) => (StatusCode::from_u16(status).unwrap(), text).into_response(),
        None | Some(Script::Hold(_)) if is_list => {
            json_of(200, &models(&["claude-haiku-4-5", "claude-opus-4-6", "gpt-4o-mini", "gpt-4o"]))
        }
        None | Some(Script::Hold(_)) => json_of(200, &json!({"id": "x"})),
    }
}

fn json_of(status: u16, body: &Value) -> Response {
    Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .header("retry-after", "7")
        .body(Body::from(body.to_string()))
        .unwrap()
}

pub fn models(ids: &[&str]) -> Value {
    let data: Vec<Value> = ids.iter().map(|id| json!({"id": id, "object": "model"})).collect();
    json!({"object": "list", "data": data})
}

/// An error of Anthropic.
pub fn anthropic(status: u16, kind: &str, message: &str) -> Script {
    Script::Json(status, json!({"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}))
}

/// An error of OpenAI.
pub fn openai(status: u16, kind: &str, code: &str, message: &str) -> Script {
    Script::Json(status, json!({"error": {"type": kind, "code": code, "message": message, "param": null}}))
}

pub fn refused() -> Script {
    anthropic(401, "authentication_error", "invalid x-api-key")
}
