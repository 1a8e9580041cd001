//! The provider's failures: passed on as they are on own-key calls, but for key material; told in our own words on
//! managed ones, where they speak of the operator's account.

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use ownkey_domain::health::KeySeen;
use ownkey_domain::payer::PayerKind;
use ownkey_domain::receipt::Outcome;
use ownkey_providers::answer::Served;
use ownkey_providers::error_class::{ErrorClass, classify};
use ownkey_providers::scrub::Scrubber;

use crate::answer::{Answer, own_headers, respond};
use crate::body::{self, Body};
use crate::call::Call;
use crate::error::{Code, ERROR_HEADER, Error, SOURCE_HEADER, Source};
use crate::limits::ERROR_BODY_BYTES_MAX;

/// Relays a provider's error answer.
pub async fn relay(call: Call, answer: Answer, head: HeaderMap) -> Result<Response<Body>, Error> {
    let (parts, incoming) = answer.response.into_parts();
    let collecting = Limited::new(incoming, ERROR_BODY_BYTES_MAX).collect();
    let collected = tokio::time::timeout(answer.watch.idle, collecting).await;
    let Ok(Ok(collected)) = collected else {
        let error = Error::of_provider(Code::ProviderUnavailable, "The provider's error answer broke off.");
        return Err(broken(call, error));
    };
    let theirs = collected.to_bytes();
    let class = classify(answer.provider, parts.status, &parts.headers, &theirs);
    if class == ErrorClass::KeyRefused {
        call.receipt.key_seen(KeySeen::Refused);
    }
    let code = code(class, parts.status);
    if answer.payer == PayerKind::Managed {
        return managed(call, Theirs { status: parts.status, class, code, body: theirs }, head, &answer.key);
    }
    let scrubbed = Bytes::from(Scrubber::new(answer.key.expose_str().as_bytes()).scrub(&theirs).into_owned());
    passed_on(call, parts.status, code, head, scrubbed)
}

struct Theirs {
    status: StatusCode,
    class: ErrorClass,
    code: Code,
    body: Bytes,
}

/// What a managed caller may know: errors about his own request pass, the rest is the operator's business.
fn managed(
    call: Call,
    theirs: Theirs,
    head: HeaderMap,
    key: &ownkey_vault::ProviderKey,
) -> Result<Response<Body>, Error> {
    let about_money_or_key = matches!(
        theirs.class,
        ErrorClass::KeyRefused | ErrorClass::QuotaExhausted | ErrorClass::ScopeMissing | ErrorClass::NotFromHere
    );
    let status = theirs.status;
    let error = match status.as_u16() {
        _ if about_money_or_key => managed_unavailable(),
        400 | 404 | 413 | 422 => {
            let scrubbed = Scrubber::new(key.expose_str().as_bytes()).scrub(&theirs.body);
            return passed_on(call, status, theirs.code, head, without_account_ids(&scrubbed));
        }
        429 => {
            Error::of_provider(Code::ProviderRateLimited, "The provider's rate limit is used up. Try again shortly.")
        }
        500..=599 => Error::of_provider(Code::ProviderUnavailable, "The provider has trouble. Try again shortly.")
            .with_status(status),
        _ => managed_unavailable(),
    };
    let retry = head.get(RETRY_AFTER).cloned();
    let error = retry.into_iter().fold(error, |error, after| error.with_header(RETRY_AFTER, after));
    Err(broken(call, error))
}

fn managed_unavailable() -> Error {
    Error::of_provider(
        Code::ManagedUnavailable,
        "Managed access fails at the moment. Tell the operator, or use an own key.",
    )
    .with_header(HeaderName::from_static("x-should-retry"), HeaderValue::from_static("false"))
}

/// Ids of the operator's account that providers put into messages.
fn without_account_ids(body: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some((&first, tail)) = rest.split_first() {
        let at_word_start = out.last().is_none_or(|b: &u8| !b.is_ascii_alphanumeric());
        let is_id = at_word_start && ["org-", "proj_", "wrkspc_"].iter().any(|p| rest.starts_with(p.as_bytes()));
        if is_id {
            out.extend_from_slice(b"[redacted]");
            let word = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
            rest = &rest[rest.iter().position(|b| !word(b)).unwrap_or(rest.len())..];
        } else {
            out.push(first);
            rest = tail;
        }
    }
    Bytes::from(out)
}

fn passed_on(
    mut call: Call,
    status: StatusCode,
    code: Code,
    mut head: HeaderMap,
    body: Bytes,
) -> Result<Response<Body>, Error> {
    head.remove(CONTENT_LENGTH);
    head.insert(ERROR_HEADER, HeaderValue::from_static(code.as_str()));
    head.insert(SOURCE_HEADER, HeaderValue::from_static(Source::Provider.as_str()));
    call.receipt.note(|receipt| receipt.error = Some(code.as_str().to_owned()));
    match call.receipt.close(Outcome::Failed, &Served::unknown()) {
        Ok(()) => Ok(respond(status, head, body::full(body))),
        Err(_) => Err(unwritten()),
    }
}

/// Ends a call by an error of ours. The receipt says what the caller is told, and the answer says who pays.
pub fn broken(mut call: Call, error: Error) -> Error {
    call.receipt.note(|receipt| {
        receipt.status = error.status().as_u16();
        receipt.error = Some(error.code.as_str().to_owned());
    });
    let mut head = HeaderMap::new();
    own_headers(&mut head, &call);
    // Refused here or failed there, it is an error either way; a journal that fails is logged there.
    let _ = call.receipt.close(Outcome::Failed, &Served::unknown());
    head.into_iter().fold(error, |error, (name, value)| match name {
        Some(name) => error.with_header(name, value),
        None => error,
    })
}

/// The provider did not go on in time.
pub fn too_slow() -> Error {
    Error::of_provider(Code::ProviderUnavailable, "The provider stopped answering.")
        .with_status(StatusCode::GATEWAY_TIMEOUT)
}

/// The answer is there but its receipt can't be written, so it may not be handed out.
pub fn unwritten() -> Error {
    Error::overloaded("The receipt of this call could not be written. Try again shortly.")
}

fn code(class: ErrorClass, status: StatusCode) -> Code {
    match class {
        ErrorClass::KeyRefused | ErrorClass::ScopeMissing => Code::ProviderKeyInvalid,
        ErrorClass::QuotaExhausted => Code::ProviderQuotaExhausted,
        ErrorClass::RateLimited { .. } => Code::ProviderRateLimited,
        ErrorClass::ModelNotFound => Code::ModelNotFound,
        ErrorClass::ProviderIncident | ErrorClass::NotFromHere => Code::ProviderUnavailable,
        ErrorClass::AboutTheRequest | ErrorClass::NotAboutTheKey => match status.as_u16() {
            413 => Code::RequestTooLarge,
            429 => Code::ProviderRateLimited,
            500..=599 => Code::ProviderUnavailable,
            _ => Code::BadRequest,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_the_operators_account_are_taken_out() {
        let body = br#"{"message":"Limit reached in organization org-AbC123 on proj_9: forg-x stays"}"#;
        let clean = without_account_ids(body);
        assert_eq!(
            &clean[..],
            br#"{"message":"Limit reached in organization [redacted] on [redacted]: forg-x stays"}"#
        );
    }
}
