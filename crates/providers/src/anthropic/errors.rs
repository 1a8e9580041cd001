//! Anthropic's errors. The key is checked before the body, so a complaint about the body proves the key. Lack of
//! money hides under other types, and a dead account under a 400.

use crate::error_class::{ErrorAnswer, ErrorClass};

const MONEY: [&str; 4] = [
    "credit balance is too low",
    "specified API usage limits",
    "specified workspace API usage limits",
    "reached your API usage limits",
];
const ACCOUNT_GONE: [&str; 4] = [
    "organization has been disabled",
    "disabled API key authentication",
    "disabled Claude subscription access",
    "only authorized for use with Claude Code",
];
/// 401s that are about how the call came, not about the key.
const NOT_THE_KEY: [&str; 2] = ["CORS requests are not allowed", "header is required"];

pub(super) fn classify(error: &ErrorAnswer) -> ErrorClass {
    if !error.is_theirs {
        return by_status(error);
    }
    if error.says(&MONEY) || error.detail == "enforced_spend_limit_reached" {
        return ErrorClass::QuotaExhausted;
    }
    if error.says(&ACCOUNT_GONE) {
        return ErrorClass::KeyRefused;
    }
    match error.kind.as_str() {
        "authentication_error" if error.says(&NOT_THE_KEY) => ErrorClass::NotAboutTheKey,
        "authentication_error" => ErrorClass::KeyRefused,
        "billing_error" => ErrorClass::QuotaExhausted,
        "permission_error" => ErrorClass::ScopeMissing,
        "forbidden" => ErrorClass::NotFromHere,
        "rate_limit_error" if error.says(&["Extra usage is required"]) => ErrorClass::ScopeMissing,
        "rate_limit_error" => error.rate_limited(),
        "overloaded_error" | "api_error" | "timeout_error" => ErrorClass::ProviderIncident,
        "not_found_error" if error.message.starts_with("model:") => ErrorClass::ModelNotFound,
        "not_found_error" | "request_too_large" => ErrorClass::NotAboutTheKey,
        "invalid_request_error" => bad_request(error),
        "conflict_error" => ErrorClass::AboutTheRequest,
        _ => by_status(error),
    }
}

fn bad_request(error: &ErrorAnswer) -> ErrorClass {
    if error.message == "Error" {
        // The whole text of the answer to a login token in `x-api-key`.
        ErrorClass::KeyRefused
    } else if error.says(&["anthropic-version"]) {
        ErrorClass::NotAboutTheKey
    } else if error.says(&["not enabled"]) {
        ErrorClass::ScopeMissing
    } else {
        ErrorClass::AboutTheRequest
    }
}

/// What is left when the body says nothing: never a refusal of the key.
fn by_status(error: &ErrorAnswer) -> ErrorClass {
    match error.status {
        429 => error.rate_limited(),
        402 => ErrorClass::QuotaExhausted,
        408 | 500.. => ErrorClass::ProviderIncident,
        _ => ErrorClass::NotAboutTheKey,
    }
}
