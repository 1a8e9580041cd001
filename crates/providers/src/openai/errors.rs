//! OpenAI's errors. Codes tell more than statuses: a 401 can come from a good key, and most lack of money is a 429.

use crate::error_class::{ErrorAnswer, ErrorClass};

const MONEY: [&str; 7] = [
    "insufficient_quota",
    "credit_balance_exhausted",
    "organization_spend_limit_exceeded",
    "project_spend_limit_exceeded",
    "organization_usage_limit_exceeded",
    "billing_not_active",
    "billing_hard_limit_reached",
];

pub(super) fn classify(error: &ErrorAnswer) -> ErrorClass {
    if !error.is_theirs {
        return by_status(error);
    }
    if MONEY.contains(&error.code.as_str()) || MONEY.contains(&error.kind.as_str()) {
        return ErrorClass::QuotaExhausted;
    }
    by_code(error).or_else(|| by_words(error)).unwrap_or_else(|| by_status(error))
}

fn by_code(error: &ErrorAnswer) -> Option<ErrorClass> {
    Some(match error.code.as_str() {
        "invalid_api_key" | "account_deactivated" | "not_authorized_invalid_project" => ErrorClass::KeyRefused,
        "not_authorized_invalid_key_type" | "incorrect_hostname" => ErrorClass::ScopeMissing,
        "mismatched_organization" | "mismatched_project" => ErrorClass::AboutTheRequest,
        "invalid_organization" => ErrorClass::NotAboutTheKey,
        "ip_not_authorized" | "unsupported_country_region_territory" => ErrorClass::NotFromHere,
        "model_not_found" => ErrorClass::ModelNotFound,
        // No later try of the same request can succeed, though it looks like a rate limit.
        "rate_limit_exceeded" if error.message.starts_with("Request too large") => ErrorClass::AboutTheRequest,
        "rate_limit_exceeded" | "slow_down" | "resource_unavailable" => error.rate_limited(),
        "server_error" | "server_is_overloaded" => ErrorClass::ProviderIncident,
        _ => return None,
    })
}

fn by_words(error: &ErrorAnswer) -> Option<ErrorClass> {
    let tier_refused = error.param == "service_tier" && error.says(&["not allowed for this project"]);
    if tier_refused || error.says(&["Missing scopes", "insufficient permissions", "must be verified"]) {
        Some(ErrorClass::ScopeMissing)
    } else if error.says(&["must be a member of an organization"]) {
        Some(ErrorClass::KeyRefused)
    } else if error.says(&["didn't provide an API key", "Invalid URL", "no such organization"]) {
        Some(ErrorClass::NotAboutTheKey)
    } else {
        None
    }
}

/// What is left when neither code nor text is known: never a refusal of the key.
fn by_status(error: &ErrorAnswer) -> ErrorClass {
    match error.status {
        0 if matches!(error.kind.as_str(), "server_error" | "service_unavailable_error") => {
            ErrorClass::ProviderIncident
        }
        400 | 404 | 409 | 413 | 415 | 422 if error.is_theirs => ErrorClass::AboutTheRequest,
        0 if error.kind == "invalid_request_error" => ErrorClass::AboutTheRequest,
        402 => ErrorClass::QuotaExhausted,
        403 if error.is_theirs => ErrorClass::ScopeMissing,
        429 => error.rate_limited(),
        408 | 500.. => ErrorClass::ProviderIncident,
        _ => ErrorClass::NotAboutTheKey,
    }
}
