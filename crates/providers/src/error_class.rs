//! What a provider's error says: of the key, of the account, of the request, or of nothing but itself.

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use ownkey_domain::provider::Provider;
use ownkey_domain::verdict::Verdict;
use serde_json::Value;

use crate::registry::facts;

/// What an error is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorClass {
    /// The provider refuses the key itself.
    KeyRefused,
    /// The key is good but may not do this.
    ScopeMissing,
    /// The model does not exist, or the key may not use it.
    ModelNotFound,
    /// The key is good and over its limit.
    RateLimited {
        /// When to try again, if the provider said it.
        retry_after: Option<Duration>,
    },
    /// The key is good and its account has no money.
    QuotaExhausted,
    /// The provider has trouble of its own.
    ProviderIncident,
    /// The provider does not serve calls from this address, country or network.
    NotFromHere,
    /// The key was accepted, the request was not: another key would not help.
    AboutTheRequest,
    /// Nothing can be learnt about the key.
    NotAboutTheKey,
}

impl ErrorClass {
    /// The verdict on the key; `None` if this error is none.
    pub const fn verdict(self) -> Option<Verdict> {
        match self {
            Self::KeyRefused => Some(Verdict::Invalid),
            Self::ScopeMissing | Self::ModelNotFound => Some(Verdict::ValidLimited),
            Self::RateLimited { .. } => Some(Verdict::RateLimited),
            Self::QuotaExhausted => Some(Verdict::QuotaExhausted),
            Self::ProviderIncident => Some(Verdict::ProviderIncident),
            Self::NotFromHere => Some(Verdict::Unreachable),
            Self::AboutTheRequest | Self::NotAboutTheKey => None,
        }
    }

    /// Whether the same request may be served in a moment.
    pub const fn may_pass(self) -> bool {
        match self {
            Self::RateLimited { .. } | Self::ProviderIncident | Self::NotAboutTheKey => true,
            Self::KeyRefused
            | Self::ScopeMissing
            | Self::ModelNotFound
            | Self::QuotaExhausted
            | Self::NotFromHere
            | Self::AboutTheRequest => false,
        }
    }

    /// Whether the answer shows that the provider accepted the key.
    pub const fn proves_the_key(self) -> bool {
        match self {
            Self::ScopeMissing
            | Self::ModelNotFound
            | Self::RateLimited { .. }
            | Self::QuotaExhausted
            | Self::AboutTheRequest => true,
            Self::KeyRefused | Self::ProviderIncident | Self::NotFromHere | Self::NotAboutTheKey => false,
        }
    }
}

/// What an error answer means.
pub fn classify(provider: Provider, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> ErrorClass {
    let json = serde_json::from_slice(body).unwrap_or(Value::Null);
    let answer = ErrorAnswer::new(status.as_u16(), retry_after(headers), &json);
    (facts(provider).classify)(&answer)
}

/// What an error inside a stream means. It has no status of its own.
pub fn classify_event(provider: Provider, json: &Value) -> ErrorClass {
    (facts(provider).classify)(&ErrorAnswer::new(STATUS_NONE, None, json))
}

const STATUS_NONE: u16 = 0;

/// An error answer, taken apart. Both providers wrap theirs in an `error` object.
pub(crate) struct ErrorAnswer {
    /// HTTP status; 0 inside a stream.
    pub(crate) status: u16,
    pub(crate) retry_after: Option<Duration>,
    /// Whether there was an `error` object at all: without one, somebody else answered.
    pub(crate) is_theirs: bool,
    pub(crate) kind: String,
    pub(crate) code: String,
    pub(crate) param: String,
    pub(crate) message: String,
    /// `details.error_code`, which Anthropic has.
    pub(crate) detail: String,
}

impl ErrorAnswer {
    fn new(status: u16, retry_after: Option<Duration>, json: &Value) -> Self {
        let error = &json["error"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Self {
            status,
            retry_after,
            is_theirs: error.is_object(),
            kind: text(&error["type"]),
            code: text(&error["code"]),
            param: text(&error["param"]),
            message: text(&error["message"]),
            detail: text(&error["details"]["error_code"]),
        }
    }

    /// Whether the message contains any of these.
    pub(crate) fn says(&self, any: &[&str]) -> bool {
        any.iter().any(|words| self.message.contains(words))
    }

    pub(crate) fn rate_limited(&self) -> ErrorClass {
        ErrorClass::RateLimited { retry_after: self.retry_after }
    }
}

/// `retry-after-ms` before `retry-after` in seconds, as the official clients read them. A date would need a clock
/// and is left out.
#[expect(clippy::float_arithmetic, reason = "a time to wait, no money")]
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let number = |name| headers.get(name)?.to_str().ok()?.trim().parse::<f64>().ok();
    let seconds = number("retry-after-ms").map(|ms| ms / 1000.0).or_else(|| number("retry-after"))?;
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn retry_after_is_read_as_the_clients_do() {
        let read = |pairs: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.insert(*name, HeaderValue::from_static(value));
            }
            retry_after(&headers)
        };
        assert_eq!(read(&[("retry-after", "3")]), Some(Duration::from_secs(3)));
        assert_eq!(read(&[("retry-after", "9"), ("retry-after-ms", "250")]), Some(Duration::from_millis(250)));
        for odd in ["", "-1", "nan", "inf", "1e300", "Sun, 22 Nov 2026 17:00:00 GMT"] {
            assert_eq!(read(&[("retry-after", odd)]), None, "{odd}");
        }
    }
}
