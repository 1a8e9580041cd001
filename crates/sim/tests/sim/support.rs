//! A simulator on free ports and a client to talk to it.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use ownkey_sim::provider::Provider;
use ownkey_sim::serve::{Port, listen, serve};
use ownkey_sim::sim::Sim;
use serde_json::{Value, json};

pub const OPENAI: &str = "sk-proj-sim-ok-0123456789";
pub const SERVICE: &str = "svc_sim-ok-0123456789";
pub const ANTHROPIC: &str = "sk-ant-api03-sim-ok-0123456789";

pub struct Running {
    pub openai: String,
    pub anthropic: String,
    pub service: String,
    pub identity: String,
    pub control: String,
    pub client: Client<HttpConnector, Full<Bytes>>,
}

pub struct Answer {
    pub status: u16,
    pub headers: http::HeaderMap,
    pub body: Bytes,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a JSON body")
    }

    /// The data of each event.
    pub fn events(&self) -> Vec<String> {
        let text = std::str::from_utf8(&self.body).expect("UTF-8");
        let lines = text.lines().filter_map(|line| line.strip_prefix("data: "));
        lines.map(str::to_owned).collect()
    }
}

pub async fn start() -> Running {
    let sim = Arc::new(Sim::new(None));
    let mut at = Vec::new();
    let providers = [Provider::OpenAi, Provider::Anthropic, Provider::Service].map(Port::Provider);
    for port in providers.into_iter().chain([Port::Identity, Port::Control]) {
        let listener = listen(([127, 0, 0, 1], 0).into()).expect("a free port");
        at.push(format!("http://{}", listener.local_addr().expect("bound")));
        tokio::spawn(serve(listener, Arc::clone(&sim), port));
    }
    let client = Client::builder(TokioExecutor::new()).build_http();
    let [openai, anthropic, service, identity, control] = at.try_into().expect("five ports");
    Running { openai, anthropic, service, identity, control, client }
}

impl Running {
    pub async fn send(&self, method: &str, uri: String, headers: &[(&str, &str)], body: String) -> Response<Incoming> {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::from(body)).expect("a request");
        self.client.request(request).await.expect("an answer")
    }

    pub async fn ask(&self, provider: Provider, key: &str, path: &str, body: &Value) -> Response<Incoming> {
        let method = if body.is_null() { "GET" } else { "POST" };
        let bearer = format!("Bearer {key}");
        match provider {
            Provider::OpenAi => {
                let uri = format!("{}{path}", self.openai);
                self.send(method, uri, &[("authorization", &bearer)], body.to_string()).await
            }
            Provider::Service => {
                let uri = format!("{}{path}", self.service);
                let headers = [("x-api-key", key), ("content-type", "application/json")];
                self.send(method, uri, &headers, body.to_string()).await
            }
            Provider::Anthropic => {
                let uri = format!("{}{path}", self.anthropic);
                let headers = [("x-api-key", key), ("anthropic-version", "2023-06-01")];
                self.send(method, uri, &headers, body.to_string()).await
            }
        }
    }

    pub async fn chat(&self, body: &Value) -> Answer {
        whole(self.ask(Provider::OpenAi, OPENAI, "/v1/chat/completions", body).await).await
    }

    pub async fn messages(&self, body: &Value) -> Answer {
        whole(self.ask(Provider::Anthropic, ANTHROPIC, "/v1/messages", body).await).await
    }

    pub async fn control(&self, method: &str, path: &str, body: Value) -> Value {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        whole(self.send(method, format!("{}{path}", self.control), &[], body).await).await.json()
    }

    pub async fn last_entry(&self) -> Value {
        let log = self.control("GET", "/log?since=0", Value::Null).await;
        log["entries"].as_array().and_then(|entries| entries.last().cloned()).expect("an entry")
    }
}

pub async fn whole(response: Response<Incoming>) -> Answer {
    let (head, body) = response.into_parts();
    let body = body.collect().await.expect("a whole body").to_bytes();
    Answer { status: head.status.as_u16(), headers: head.headers, body }
}

/// What arrives of a body, and whether it ends well.
pub async fn arriving(response: Response<Incoming>) -> (Vec<u8>, bool) {
    let mut body = response.into_body();
    let mut got = Vec::new();
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => got.extend_from_slice(&frame.into_data().unwrap_or_default()),
            Err(_) => return (got, false),
        }
    }
    (got, true)
}

pub fn chat(text: &str) -> Value {
    json!({"model": "gpt-4o", "messages": [{"role": "user", "content": text}]})
}

pub fn messages(text: &str) -> Value {
    json!({"model": "claude-haiku-4-5", "max_tokens": 4096, "messages": [{"role": "user", "content": text}]})
}

pub fn with(mut body: Value, more: Value) -> Value {
    let members = body.as_object_mut().expect("an object");
    members.extend(more.as_object().expect("an object").clone());
    body
}
