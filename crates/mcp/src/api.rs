//! Asks the management API, as the caller would.

use axum::Router;
use axum::body::Body;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Method, Request};
use http_body_util::BodyExt;
use serde_json::{Map, Value, json};
use tower::ServiceExt;

/// What says who calls. No cookie: whoever is let in came with a key.
const CREDENTIALS: [HeaderName; 2] = [AUTHORIZATION, HeaderName::from_static("x-api-key")];

/// The management API.
#[derive(Clone)]
pub(crate) struct Api(Router);

/// A request of it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    /// The path, with its query.
    pub(crate) path: String,
    pub(crate) body: Option<Value>,
}

/// An error of the API, as it told it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal(pub(crate) Value);

impl Refusal {
    /// A request that did not even go out.
    pub(crate) fn bad_request(detail: String) -> Self {
        Self::of(400, "bad_request", "Bad request", detail)
    }

    fn of(status: u16, code: &str, title: &str, detail: String) -> Self {
        let kind = format!("urn:ownkey:problem:{code}");
        Self(json!({"type": kind, "title": title, "status": status, "detail": detail, "code": code}))
    }

    fn broken() -> Self {
        Self::of(500, "internal", "Internal error", "The answer was lost on its way. Try again.".to_owned())
    }

    /// What went wrong, in words.
    pub(crate) fn detail(&self) -> &str {
        self.0.get("detail").and_then(Value::as_str).unwrap_or_default()
    }
}

impl Api {
    pub(crate) fn new(router: Router) -> Self {
        Self(router)
    }

    /// Makes a request for whoever sent `caller`.
    pub(crate) async fn ask(&self, caller: &http::request::Parts, asked: Asked) -> Result<Value, Refusal> {
        let mut request = Request::builder().method(asked.method).uri(asked.path);
        for name in CREDENTIALS {
            for value in caller.headers.get_all(&name) {
                request = request.header(&name, value);
            }
        }
        let body = match asked.body {
            None => Body::empty(),
            Some(body) => {
                request = request.header(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                Body::from(body.to_string())
            }
        };
        let request = request.body(body).map_err(|_| Refusal::broken())?;
        let Ok(response) = self.0.clone().oneshot(request).await;
        let (head, body) = response.into_parts();
        let bytes = body.collect().await.map_err(|_| Refusal::broken())?.to_bytes();
        let told: Map<String, Value> = serde_json::from_slice(&bytes).map_err(|_| Refusal::broken())?;
        if head.status.is_success() { Ok(Value::Object(told)) } else { Err(Refusal(Value::Object(told))) }
    }
}
