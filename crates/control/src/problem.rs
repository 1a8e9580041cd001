//! Errors as RFC 9457 problem documents. The one place of this crate where an error becomes a status.
//!
//! A detail is text of ours, never a part of the request: people paste keys into wrong fields.

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, StatusCode};
use ownkey_store::StoreError;
use ownkey_vault::VaultError;
use serde::Serialize;
use serde_json::{Map, Value};

/// The media type of every error.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// An error answer.
#[derive(Debug)]
pub struct Problem(
    // Boxed, so that every `Result` on the good way stays small.
    Box<Facts>,
);

#[derive(Debug)]
struct Facts {
    status: StatusCode,
    code: &'static str,
    title: Cow<'static, str>,
    detail: Cow<'static, str>,
    extra: Map<String, Value>,
    header: Option<(HeaderName, HeaderValue)>,
}

/// The members that every problem has; some have more (`member`, `retry_after_s`, the verdict).
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Problem)]
pub struct ProblemDocument {
    /// A URI that names the kind of problem.
    #[serde(rename = "type")]
    kind: String,
    /// The kind in a few words.
    title: Cow<'static, str>,
    /// The HTTP status.
    status: u16,
    /// What went wrong this time.
    detail: Cow<'static, str>,
    /// The kind as one stable word.
    code: &'static str,
    #[serde(flatten)]
    #[schema(ignore)]
    extra: Map<String, Value>,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $status:ident, $code:literal, $title:literal;)*) => {
        impl Problem {
            $($(#[$doc])*
            pub fn $name(detail: impl Into<Cow<'static, str>>) -> Self {
                Self::new(StatusCode::$status, $code, $title, detail)
            })*
        }
    };
}

kinds! {
    /// The request is not understood.
    bad_request = BAD_REQUEST, "bad_request", "Bad request";
    /// The caller may not do that.
    forbidden = FORBIDDEN, "forbidden", "Not allowed";
    /// The workspace's plan does not include that.
    plan_required = FORBIDDEN, "plan_required", "Not in the plan";
    /// There is no such thing, or it is another workspace's.
    not_found = NOT_FOUND, "not_found", "Not found";
    /// It contradicts what is there.
    conflict = CONFLICT, "conflict", "Conflict";
    /// The body did not come in time.
    timed_out = REQUEST_TIMEOUT, "request_timeout", "Body too slow";
    /// The body is too large.
    too_large = PAYLOAD_TOO_LARGE, "request_too_large", "Body too large";
    /// The body is not JSON.
    unsupported_media_type = UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "Unsupported media type";
    /// A connection's grant is over.
    needs_reauth = CONFLICT, "needs_reauth", "The connection needs somebody";
    /// The workspace's key can't be opened.
    key_sealed = SERVICE_UNAVAILABLE, "key_sealed", "The stored key cannot be opened";
    /// Something else is needed first, such as the database.
    unavailable = SERVICE_UNAVAILABLE, "overloaded", "Not available at the moment";
}

impl Problem {
    /// A problem of any kind.
    pub fn new(
        status: StatusCode,
        code: &'static str,
        title: impl Into<Cow<'static, str>>,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        let (title, detail) = (title.into(), detail.into());
        Self(Box::new(Facts { status, code, title, detail, extra: Map::new(), header: None }))
    }

    /// Nobody known is calling.
    pub fn unauthorized(detail: &'static str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", "Not authenticated", detail)
            .header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
    }

    /// The same, told as RFC 6750 has it: a bearer token that is genuine and does not reach.
    #[must_use]
    pub(crate) fn lacking_scope(self) -> Self {
        self.header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer error=\"insufficient_scope\""))
    }

    /// A key where text belongs that is kept and shown in clear.
    pub(crate) fn stray_key(place: &str) -> Self {
        Self::bad_request(format!(
            "{place} holds what looks like a key, and nothing was kept of it. Keys belong among the workspace's provider \
             keys only, where they are sealed; if anyone may have seen this one, revoke it."
        ))
    }

    /// Our own limit.
    pub fn rate_limited(detail: &'static str, retry_after_s: u64) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", "Too many requests", detail).retry_after(retry_after_s)
    }

    /// The path exists, the method doesn't. The router adds `allow`.
    pub fn method_not_allowed() -> Self {
        let detail = "This path does not know that method; `allow` lists those it knows.";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "Method not allowed", detail)
    }

    /// Our own fault. What happened goes to the log and not to the caller.
    pub fn internal() -> Self {
        let detail = "Something went wrong on our side. The server's log has the cause.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Internal error", detail)
    }

    /// The kind as one stable word.
    pub(crate) fn code(&self) -> &'static str {
        self.0.code
    }

    /// The same with a further member.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.extra.insert(name.to_owned(), value.into());
        self
    }

    /// The same, and when to come again.
    #[must_use]
    pub(crate) fn retry_after(self, seconds: u64) -> Self {
        self.header(RETRY_AFTER, HeaderValue::from(seconds)).with("retry_after_s", seconds)
    }

    /// The same with a header.
    fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        debug_assert!(name != ALLOW, "the router sets it");
        self.0.header = Some((name, value));
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Facts { status, code, title, detail, extra, header } = *self.0;
        let kind = format!("urn:ownkey:problem:{code}");
        let document = ProblemDocument { kind, title, status: status.as_u16(), detail, code, extra };
        let body = serde_json::to_vec(&document).unwrap_or_default();
        let mut response = (status, [(CONTENT_TYPE, MEDIA_TYPE)], body).into_response();
        if let Some((name, value)) = header {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

impl From<StoreError> for Problem {
    /// Why goes to the log: the store's messages hold no values, but callers have no use for them either.
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Duplicate(what) => Self::conflict(format!("There is already such a {what}.")),
            StoreError::Unstorable(what) => Self::bad_request(format!("The {what} can't be stored.")),
            StoreError::Unavailable(_) | StoreError::Behind => {
                tracing::warn!(%error, "the store does not answer the management API");
                Self::unavailable("The database does not answer in time. Try again in a moment.")
                    .header(RETRY_AFTER, HeaderValue::from_static("1"))
            }
            error => {
                tracing::error!(%error, "the store failed the management API");
                Self::internal()
            }
        }
    }
}

impl From<VaultError> for Problem {
    fn from(error: VaultError) -> Self {
        tracing::error!(%error, "the vault failed the management API");
        match error {
            VaultError::KekMissing(_) | VaultError::KekWrong(_) | VaultError::Damaged | VaultError::UnknownFormat => {
                Self::key_sealed("What protects this workspace's keys can't be opened. Ask the operator.")
            }
            VaultError::Unavailable => Self::internal(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;

    #[tokio::test]
    async fn a_problem_reads_as_rfc_9457() {
        let response = Problem::rate_limited("Ten tests a minute.", 24).into_response();
        assert_eq!(response.status(), 429);
        assert_eq!(response.headers()[CONTENT_TYPE], MEDIA_TYPE);
        assert_eq!(response.headers()[RETRY_AFTER], "24");
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(
            body,
            serde_json::json!({
                "type": "urn:ownkey:problem:rate_limited", "title": "Too many requests", "status": 429,
                "detail": "Ten tests a minute.", "code": "rate_limited", "retry_after_s": 24,
            })
        );
    }
}
