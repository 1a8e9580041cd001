//! Web pages that may call models: what a browser asks before it lets one, and what it wants to be told with each
//! answer (the CORS protocol of the Fetch standard). Cookies mean nothing here, so nothing is said of credentials.

mod origin;

use std::future::Future;
use std::sync::Arc;

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, HeaderMap, HeaderName, HeaderValue, ORIGIN, VARY,
};
use http::{Method, Request, Response, StatusCode};

pub use self::origin::{BadOrigin, Origin};
use crate::body::{Body, full};

/// Methods of the data plane. What a path does not take it answers itself, in words that the page can read.
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, DELETE");
/// Seconds for which a browser need not ask again: long enough to spare most questions, short enough for an origin
/// that was taken out of the configuration to stop.
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");
/// What an answer to a browser's question depends on.
const ASKED: HeaderValue =
    HeaderValue::from_static("origin, access-control-request-method, access-control-request-headers");

/// Headers that pages may read, beyond ours and those of rate limits.
const EXPOSED: [&str; 6] =
    ["x-request-id", "request-id", "retry-after", "retry-after-ms", "x-should-retry", "server-timing"];
/// What the names of ours begin with.
const OURS: &str = "x-ownkey-";
/// What is in the names of both providers' rate limits.
const RATE_LIMIT: &str = "ratelimit-";

/// The pages that may call.
#[derive(Debug, Clone, Default)]
pub struct Cors {
    origins: Arc<[Origin]>,
}

impl Cors {
    /// Pages of these origins.
    pub fn new(origins: Vec<Origin>) -> Self {
        Self { origins: origins.into() }
    }

    /// Lets `answer` answer, and has the browser show that to a page that may see it. A browser's question whether a
    /// page may call is answered here. For all others it is as if this were not there.
    pub async fn around<B, F>(
        &self,
        request: Box<Request<B>>,
        answer: impl FnOnce(Box<Request<B>>) -> F,
    ) -> Response<Body>
    where
        F: Future<Output = Response<Body>>,
    {
        let Some(origin) = self.allowed(request.headers()) else { return answer(request).await };
        if request.method() == Method::OPTIONS && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD) {
            return permission(origin, request.headers());
        }
        let mut response = answer(request).await;
        show(response.headers_mut(), origin);
        response
    }

    /// The origin that a request says it comes from, if that may call.
    fn allowed(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        if self.origins.is_empty() {
            return None;
        }
        let mut said = headers.get_all(ORIGIN).iter();
        let origin = said.next().filter(|_| said.next().is_none())?;
        self.origins.iter().any(|allowed| allowed == origin).then(|| origin.clone())
    }
}

/// The answer to a browser that asks whether a page of that origin may call.
fn permission(origin: HeaderValue, asked: &HeaderMap) -> Response<Body> {
    let mut response = Response::new(full(""));
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    headers.insert(VARY, ASKED);
    if let Some(names) = asked_names(asked) {
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, names);
    }
    response
}

/// The headers that the page wants to send: SDKs have many of their own, so any may come. Only names are repeated.
fn asked_names(asked: &HeaderMap) -> Option<HeaderValue> {
    let lists = asked.get_all(ACCESS_CONTROL_REQUEST_HEADERS).iter().filter_map(|list| list.to_str().ok());
    let names = lists.flat_map(|list| list.split(',')).filter_map(|name| name.trim().parse::<HeaderName>().ok());
    listed(names.map(|name| name.to_string()).collect())
}

/// Has the browser show an answer to a page of that origin, with the headers that are for callers.
fn show(headers: &mut HeaderMap, origin: HeaderValue) {
    let is_for_callers = |name: &&str| name.starts_with(OURS) || name.contains(RATE_LIMIT) || EXPOSED.contains(name);
    let names = headers.keys().map(HeaderName::as_str).filter(is_for_callers).map(str::to_owned).collect();
    if let Some(names) = listed(names) {
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, names);
    }
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    // The provider's answer may depend on more.
    headers.append(VARY, HeaderValue::from_static("origin"));
}

/// Names as the value of a header; nothing if there are none.
fn listed(names: Vec<String>) -> Option<HeaderValue> {
    HeaderValue::try_from(names.join(", ")).ok().filter(|names| !names.is_empty())
}

#[cfg(test)]
mod tests;
