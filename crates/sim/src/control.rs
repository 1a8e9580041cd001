//! The control port: what happened, and what keys do.

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::key::Behaviour;
use crate::sim::Sim;

/// Below it is the identity provider's own.
const IDENTITY: &str = "/identity";

#[derive(Deserialize)]
struct SetKey {
    key: String,
    behaviour: Option<String>,
}

/// The answer to a request to the control port.
pub async fn answer(sim: &Sim, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let (status, value) = match (head.method, head.uri.path()) {
        (Method::GET, "/healthz") => (200, json!({"status": "ok"})),
        (Method::GET, "/stats") => (200, json!(sim.log.stats())),
        (Method::GET, "/log") => (200, json!({"entries": sim.log.since(since(head.uri.query()))})),
        (Method::DELETE, "/log") => {
            sim.log.clear();
            (200, json!({}))
        }
        (Method::PUT, "/keys") => set_key(sim, &body, None),
        (Method::DELETE, "/keys") => set_key(sim, &body, Some(Behaviour::Revoked)),
        (method, path) if path.starts_with(IDENTITY) => {
            sim.identity.control(&method, &path[IDENTITY.len()..], head.uri.query().unwrap_or_default(), &body)
        }
        _ => (404, json!({"error": "no such control; see the simulator's documentation"})),
    };
    let mut response = Response::new(Full::from(value.to_string()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert("content-type", http::HeaderValue::from_static("application/json"));
    response
}

fn since(query: Option<&str>) -> u64 {
    let value = query.and_then(|query| query.split('&').find_map(|pair| pair.strip_prefix("since=")));
    value.and_then(|value| value.parse().ok()).unwrap_or(0)
}

fn set_key(sim: &Sim, body: &[u8], fixed: Option<Behaviour>) -> (u16, Value) {
    let set: SetKey = match serde_json::from_slice(body) {
        Ok(set) => set,
        Err(error) => return (400, json!({"error": error.to_string()})),
    };
    let named = set.behaviour.as_deref().and_then(Behaviour::named);
    match fixed.or(named) {
        Some(behaviour) => {
            sim.keys.put(set.key, behaviour);
            (200, json!({}))
        }
        None => (400, json!({"error": "behaviour is missing or unknown"})),
    }
}
