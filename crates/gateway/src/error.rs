//! What a caller is told when a call fails, in the shape of the protocol called.

use bytes::Bytes;
use http::header::{self, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use ownkey_domain::payer::Refusal;
use ownkey_domain::provider::Protocol;
use serde_json::json;

use crate::body::{self, Body};

/// Header with the error's code.
pub const ERROR_HEADER: HeaderName = HeaderName::from_static("x-ownkey-error");
/// Header that tells whose error it is.
pub const SOURCE_HEADER: HeaderName = HeaderName::from_static("x-ownkey-error-source");
/// Header by which SDKs are told whether to retry.
pub const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

/// The stable word for an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// No, unknown, expired or revoked platform key.
    Unauthorized,
    /// The platform key lacks the scope.
    Forbidden,
    /// The plan has no own keys.
    PlanRequired,
    /// An own key is wanted and there is none.
    ByokRequired,
    /// The stored key can't be opened.
    KeySealed,
    /// A connection's grant is over.
    NeedsReauth,
    /// The provider refused the workspace's key.
    ProviderKeyInvalid,
    /// The provider account has no money.
    ProviderQuotaExhausted,
    /// The provider's own limit.
    ProviderRateLimited,
    /// The provider is unreachable, too slow or failing.
    ProviderUnavailable,
    /// The operator's own key fails.
    ManagedUnavailable,
    /// The model is not offered.
    ModelNotFound,
    /// The model is announced only.
    ModelComingSoon,
    /// The workspace lacks the model's feature.
    ModelGated,
    /// The model has no price.
    ModelNotPriced,
    /// The call carries something whose price is unknown.
    FeatureNotPriced,
    /// The workspace has too few credits.
    InsufficientCredits,
    /// A budget that the workspace has set itself is used up.
    BudgetExceeded,
    /// Ownkey's own limit of requests or tokens.
    RateLimited,
    /// Shed load.
    Overloaded,
    /// The request can't be understood.
    BadRequest,
    /// The model belongs to the other protocol.
    WrongProtocol,
    /// The workspace has made no such response.
    ResponseNotFound,
    /// No such path.
    PathNotSupported,
    /// The body is too large.
    RequestTooLarge,
    /// Promised, not built yet.
    NotAvailableYet,
}

impl Code {
    /// The word in bodies and headers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::PlanRequired => "plan_required",
            Self::ByokRequired => "byok_required",
            Self::KeySealed => "key_sealed",
            Self::NeedsReauth => "needs_reauth",
            Self::ProviderKeyInvalid => "provider_key_invalid",
            Self::ProviderQuotaExhausted => "provider_quota_exhausted",
            Self::ProviderRateLimited => "provider_rate_limited",
            Self::ProviderUnavailable => "provider_unavailable",
            Self::ManagedUnavailable => "managed_unavailable",
            Self::ModelNotFound => "model_not_found",
            Self::ModelComingSoon => "model_coming_soon",
            Self::ModelGated => "model_gated",
            Self::ModelNotPriced => "model_not_priced",
            Self::FeatureNotPriced => "feature_not_priced",
            Self::InsufficientCredits => "insufficient_credits",
            Self::BudgetExceeded => "budget_exceeded",
            Self::RateLimited => "rate_limited",
            Self::Overloaded => "overloaded",
            Self::BadRequest => "bad_request",
            Self::WrongProtocol => "wrong_protocol",
            Self::ResponseNotFound => "response_not_found",
            Self::PathNotSupported => "path_not_supported",
            Self::RequestTooLarge => "request_too_large",
            Self::NotAvailableYet => "not_available_yet",
        }
    }

    /// The status it comes with unless the provider's own is kept.
    const fn status(self) -> StatusCode {
        match self {
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Forbidden
            | Self::PlanRequired
            | Self::ByokRequired
            | Self::ModelComingSoon
            | Self::ModelGated
            | Self::ModelNotPriced
            | Self::FeatureNotPriced => StatusCode::FORBIDDEN,
            Self::InsufficientCredits | Self::BudgetExceeded => StatusCode::PAYMENT_REQUIRED,
            Self::KeySealed | Self::Overloaded => StatusCode::SERVICE_UNAVAILABLE,
            Self::NeedsReauth => StatusCode::CONFLICT,
            Self::ProviderKeyInvalid | Self::ProviderQuotaExhausted => StatusCode::UNAUTHORIZED,
            Self::ProviderRateLimited | Self::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Self::ProviderUnavailable | Self::ManagedUnavailable => StatusCode::BAD_GATEWAY,
            Self::ModelNotFound | Self::ResponseNotFound | Self::PathNotSupported => StatusCode::NOT_FOUND,
            Self::BadRequest | Self::WrongProtocol => StatusCode::BAD_REQUEST,
            Self::RequestTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NotAvailableYet => StatusCode::NOT_IMPLEMENTED,
        }
    }

    /// Whether the same call may succeed in a moment. The operator's key does not come, or come right, by itself.
    const fn worth_retrying(self) -> bool {
        matches!(self, Self::Overloaded | Self::RateLimited | Self::ProviderRateLimited | Self::ProviderUnavailable)
    }
}

/// Whose error it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Ownkey's own.
    Ownkey,
    /// The provider's.
    Provider,
}

impl Source {
    /// The word in the header.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ownkey => "ownkey",
            Self::Provider => "provider",
        }
    }
}

/// An error of a call: a code, a sentence that says what to do, and whose it is.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{}: {message}", code.as_str())]
pub struct Error {
    /// The stable word.
    pub code: Code,
    /// For the person who reads it. Never holds anything the caller sent but a model name.
    pub message: String,
    /// Whose it is.
    pub source_of: Source,
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Error {
    /// An error of Ownkey's own.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), source_of: Source::Ownkey, status: code.status(), headers: Vec::new() }
    }

    /// An error caused by the provider.
    pub fn of_provider(code: Code, message: impl Into<String>) -> Self {
        Self { source_of: Source::Provider, ..Self::new(code, message) }
    }

    /// The same with another status than the code's usual one.
    #[must_use]
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// The same with a header.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The same, although others of its code may pass.
    #[must_use]
    pub fn not_worth_retrying(self) -> Self {
        self.with_header(SHOULD_RETRY, HeaderValue::from_static("false"))
    }

    /// The status the caller sees.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The request can't be understood.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(Code::BadRequest, message)
    }

    /// Shed load; comes back soon.
    pub fn overloaded(message: impl Into<String>) -> Self {
        Self::new(Code::Overloaded, message).with_header(header::RETRY_AFTER, HeaderValue::from_static("1"))
    }

    /// The answer that tells it.
    pub fn respond(&self, protocol: Protocol, request_id: Option<&str>) -> Response<Body> {
        self.respond_with(self.body(protocol, request_id), "application/json")
    }

    /// The answer that tells it in such a body.
    pub fn respond_with(&self, body: Bytes, kind: &'static str) -> Response<Body> {
        let mut response = Response::new(body::full(body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert(ERROR_HEADER, HeaderValue::from_static(self.code.as_str()));
        headers.insert(SOURCE_HEADER, HeaderValue::from_static(self.source_of.as_str()));
        if !self.code.worth_retrying() {
            headers.insert(SHOULD_RETRY, HeaderValue::from_static("false"));
        }
        for (name, value) in &self.headers {
            headers.insert(name.clone(), value.clone());
        }
        response
    }

    /// The body in the protocol's shape.
    pub fn body(&self, protocol: Protocol, request_id: Option<&str>) -> Bytes {
        let code = self.code.as_str();
        let value = match protocol {
            Protocol::OpenAi => json!({"error": {
                "message": self.message, "type": openai_type(self.status), "param": null, "code": code,
            }}),
            Protocol::Anthropic => json!({"type": "error", "request_id": request_id, "error": {
                "type": anthropic_type(self.status), "message": self.message, "code": code,
            }}),
        };
        Bytes::from(value.to_string())
    }

    /// The event that ends a stream early: no `[DONE]`, no `message_stop`. Where events have names it is `error`.
    pub fn event(&self, protocol: Protocol, is_named: bool, request_id: Option<&str>) -> Bytes {
        let body = match protocol {
            Protocol::OpenAi if is_named => self.of_named_event(),
            _ => self.body(protocol, request_id),
        };
        let name = if is_named { "event: error\n" } else { "" };
        // The blank lines before it end whatever event the provider had begun.
        Bytes::from([b"\n\n", name.as_bytes(), b"data: ", &body, b"\n\n"].concat())
    }

    /// OpenAI sends errors of named events flat or nested. SDKs raise the nested one, and the flat one has the published
    /// shape: so both.
    fn of_named_event(&self) -> Bytes {
        let (code, message) = (self.code.as_str(), &self.message);
        let error = json!({"type": openai_type(self.status), "code": code, "message": message, "param": null});
        let event = json!({
            "type": "error", "code": code, "message": message, "param": null, "sequence_number": 0, "error": error,
        });
        Bytes::from(event.to_string())
    }
}

const fn openai_type(status: StatusCode) -> &'static str {
    match status.as_u16() {
        402 => "insufficient_quota",
        429 => "rate_limit_error",
        400..=499 => "invalid_request_error",
        _ => "server_error",
    }
}

const fn anthropic_type(status: StatusCode) -> &'static str {
    match status.as_u16() {
        400 => "invalid_request_error",
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        503 => "overloaded_error",
        504 => "timeout_error",
        _ => "api_error",
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        let (code, advice) = match refusal {
            Refusal::ModelNotFound => (Code::ModelNotFound, "See /v1/models for the models offered."),
            Refusal::ModelComingSoon => (Code::ModelComingSoon, "Use another model until it is released."),
            Refusal::ModelGated => (Code::ModelGated, "Ask the operator for access."),
            Refusal::ByokRequired => (
                Code::ByokRequired,
                "Add a key under Settings → Integrations → AI Providers, or ask an admin of the workspace to.",
            ),
            Refusal::PlanRequired => (
                Code::PlanRequired,
                "Upgrade the plan, or remove the key or choose managed access only, to go on with managed access.",
            ),
            Refusal::KeySealed => {
                (Code::KeySealed, "Paste the key again, or ask the operator to check the encryption key.")
            }
            Refusal::ManagedUnavailable => (Code::ManagedUnavailable, "Ask the operator, or use an own key."),
            Refusal::ModelNotPriced => (Code::ModelNotPriced, "Add an own key to use it."),
        };
        Self::new(code, format!("{}. {advice}", capitalised(&refusal.to_string())))
    }
}

fn capitalised(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_protocol_gets_its_own_shape() {
        let error = Error::from(Refusal::ByokRequired);
        let openai: serde_json::Value = serde_json::from_slice(&error.body(Protocol::OpenAi, None)).unwrap();
        assert_eq!(openai["error"]["code"], "byok_required");
        assert_eq!(openai["error"]["type"], "invalid_request_error");
        let anthropic: serde_json::Value =
            serde_json::from_slice(&error.body(Protocol::Anthropic, Some("req_1"))).unwrap();
        assert_eq!((&anthropic["type"], &anthropic["request_id"]), (&json!("error"), &json!("req_1")));
        assert_eq!(anthropic["error"]["type"], "permission_error");
        let response = error.respond(Protocol::OpenAi, None);
        assert_eq!(response.headers()["x-should-retry"], "false");
        assert_eq!(response.headers()["x-ownkey-error-source"], "ownkey");
    }

    #[test]
    fn an_event_is_an_error_to_every_reader_of_its_path() {
        let error = Error::overloaded("busy");
        let event = |protocol, named| String::from_utf8(error.event(protocol, named, Some("req_1")).to_vec()).unwrap();
        assert!(event(Protocol::OpenAi, false).starts_with("\n\ndata: {\"error\":{"));
        assert!(event(Protocol::Anthropic, true).starts_with("\n\nevent: error\ndata: {"));
        let named = event(Protocol::OpenAi, true);
        let data = named.trim().strip_prefix("event: error\ndata: ").unwrap();
        let data: serde_json::Value = serde_json::from_str(data).unwrap();
        assert_eq!(
            (&data["type"], &data["code"], &data["error"]["code"]),
            (&json!("error"), &json!("overloaded"), &json!("overloaded"))
        );
    }

    #[test]
    fn what_may_pass_can_be_retried() {
        let response = Error::overloaded("busy").respond(Protocol::Anthropic, None);
        assert_eq!(response.headers()["retry-after"], "1");
        assert!(!response.headers().contains_key("x-should-retry"));
    }

    #[test]
    fn an_operators_key_that_is_not_there_or_fails_is_not_worth_a_retry() {
        for error in [Error::from(Refusal::ManagedUnavailable), Error::new(Code::ManagedUnavailable, "unconfigured")] {
            assert_eq!(error.respond(Protocol::OpenAi, None).headers()["x-should-retry"], "false");
        }
    }
}
