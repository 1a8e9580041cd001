//! The provider's failures: passed on as they are on own-key calls, but for key material; told in our own words on
//! managed ones, where they speak of the operator's account.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap, HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};
use http_body_util::BodyExt;
use ownkey_domain::health::KeySeen;
use ownkey_domain::payer::PayerKind;
use ownkey_domain::policy::FallbackClass;
use ownkey_domain::provider::Protocol;
use ownkey_domain::receipt::Outcome;
use ownkey_providers::answer::Served;
use ownkey_providers::error_class::{ErrorClass, classify};
use ownkey_providers::scrub::Scrubber;
use ownkey_vault::ProviderKey;
use serde_json::{Value, json};
use tokio::time::timeout_at;

use crate::answer::{Answer, own_headers, respond};
use crate::body::{self, Body};
use crate::call::Call;
use crate::client::Driven;
use crate::error::{Code, ERROR_HEADER, Error, SHOULD_RETRY, SOURCE_HEADER, Source};
use crate::limits::ERROR_BODY_BYTES_MAX;

/// A call that failed before anything of an answer went to its caller. It is told, or another payer steps in.
pub enum Failure {
    /// No status came.
    NoStatus(Error),
    /// The provider refused it, and says why.
    Refused(Box<Refused>),
}

/// A provider's error answer, read.
pub struct Refused {
    theirs: Theirs,
    head: HeaderMap,
    payer: PayerKind,
    key: Arc<ProviderKey>,
}

impl Failure {
    /// What of it a workspace may have consented to that managed access steps in for.
    pub fn class(&self) -> Option<FallbackClass> {
        match self {
            Self::NoStatus(error) => (error.code == Code::ProviderUnavailable).then_some(FallbackClass::Unavailable),
            Self::Refused(refused) => match refused.theirs.class {
                ErrorClass::RateLimited { .. } => Some(FallbackClass::RateLimited),
                ErrorClass::QuotaExhausted => Some(FallbackClass::QuotaExhausted),
                _ => None,
            },
        }
    }

    /// Tells the caller.
    pub fn tell(self, call: Box<Call>) -> Result<Response<Body>, Error> {
        match self {
            Self::NoStatus(error) => Err(broken(call, error)),
            Self::Refused(refused) => refused.tell(call),
        }
    }
}

/// Reads a provider's error answer. An error is what the caller is told in its place.
pub async fn read(call: &Call, answer: Box<Answer>, mut head: HeaderMap) -> Result<Failure, Error> {
    let (parts, incoming) = answer.response.into_parts();
    let (deadline, mut stop) = (answer.watch.next(), answer.stop);
    let theirs = async { timeout_at(deadline, beginning_of(incoming)).await.map_err(|_| too_slow()) };
    let theirs = stop.unless(theirs).await?;
    if is_encoded(&parts.headers) {
        // Nobody here can look inside, so it can't be shown.
        let error =
            Error::of_provider(Code::ProviderUnavailable, "The provider's error came in an encoding not asked for.");
        return Err(error.with_status(parts.status));
    }
    let class = classify(answer.provider, parts.status, &parts.headers, &theirs);
    match class {
        ErrorClass::KeyRefused => call.receipt.key_seen(KeySeen::Refused),
        ErrorClass::QuotaExhausted => call.receipt.key_seen(KeySeen::Exhausted),
        _ => {}
    }
    let code = code(class, parts.status);
    say_if_hopeless(&mut head, class, parts.status);
    let theirs = Theirs { status: parts.status, class, code, body: theirs };
    Ok(Failure::Refused(Box::new(Refused { theirs, head, payer: answer.payer, key: answer.key })))
}

impl Refused {
    fn tell(self, call: Box<Call>) -> Result<Response<Body>, Error> {
        let Self { theirs, head, payer, key } = self;
        if payer == PayerKind::Managed {
            return managed(call, theirs, head, &key);
        }
        let scrubber = Scrubber::new(key.expose_str().as_bytes());
        let scrubbed = Bytes::from(scrubber.scrub(&theirs.body).into_owned());
        let head = head.into_iter().filter_map(|(name, value)| Some((name?, value)));
        let head: HeaderMap =
            head.filter(|(_, value)| matches!(scrubber.scrub(value.as_bytes()), Cow::Borrowed(_))).collect();
        passed_on(call, theirs.status, theirs.code, head, scrubbed)
    }
}

/// As much of an error body as anyone needs; all that came, if it broke off.
pub async fn beginning_of(mut body: Driven) -> Bytes {
    let mut bytes = BytesMut::new();
    while let Some(Ok(frame)) = body.frame().await {
        let Ok(data) = frame.into_data() else { continue };
        let room = ERROR_BODY_BYTES_MAX - bytes.len();
        bytes.extend_from_slice(&data[..data.len().min(room)]);
        if bytes.len() == ERROR_BODY_BYTES_MAX {
            break;
        }
    }
    bytes.freeze()
}

/// Whether nobody here can look inside a body.
pub fn is_encoded(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(CONTENT_ENCODING).iter();
    codings.any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity") && !coding.is_empty())
}

/// Tells SDKs not to retry what a retry can't change. They retry limits and trouble unasked, whatever is behind them,
/// and there the provider's own advice does not count either.
fn say_if_hopeless(head: &mut HeaderMap, class: ErrorClass, status: StatusCode) {
    let says_it = match status.as_u16() {
        // Time that ran out and conflicts with other requests pass.
        408 | 409 => false,
        429 | 500..=599 => !class.may_pass(),
        _ => !head.contains_key(SHOULD_RETRY),
    };
    if says_it {
        head.insert(SHOULD_RETRY, HeaderValue::from_static("false"));
    }
}

struct Theirs {
    status: StatusCode,
    class: ErrorClass,
    code: Code,
    body: Bytes,
}

/// What a managed caller may know: errors about his own request pass, the rest is the operator's business.
fn managed(call: Box<Call>, theirs: Theirs, head: HeaderMap, key: &ProviderKey) -> Result<Response<Body>, Error> {
    let about_money_or_key = matches!(
        theirs.class,
        ErrorClass::KeyRefused | ErrorClass::QuotaExhausted | ErrorClass::ScopeMissing | ErrorClass::NotFromHere
    );
    let status = theirs.status;
    let error = match status.as_u16() {
        _ if about_money_or_key => managed_unavailable(),
        400 | 404 | 413 | 422 => {
            let Some(told) = about_the_request(&theirs.body, key, call.protocol) else {
                let message = "The provider refused the request without saying why.";
                return Err(broken(call, Error::of_provider(theirs.code, message).with_status(status)));
            };
            return passed_on(call, status, theirs.code, head, told);
        }
        429 if theirs.class == ErrorClass::AboutTheRequest => Error::of_provider(
            Code::ProviderRateLimited,
            "The request is larger than the provider's rate limit lets through at once. Send a smaller one.",
        )
        .not_worth_retrying(),
        429 => {
            Error::of_provider(Code::ProviderRateLimited, "The provider's rate limit is used up. Try again shortly.")
        }
        408 | 409 => Error::of_provider(Code::ProviderUnavailable, "The provider has trouble. Try again shortly."),
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
}

/// What a provider says of the request itself, without the key and the ids of the operator's account: the few members
/// that SDKs read, in the provider's shape. `None` if it says nothing.
pub fn about_the_request(body: &[u8], key: &ProviderKey, protocol: Protocol) -> Option<Bytes> {
    let said: Value = serde_json::from_slice(body).ok()?;
    let scrubber = Scrubber::new(key.expose_str().as_bytes());
    let clean = |name: &str| match &said["error"][name] {
        Value::String(text) => {
            let scrubbed = scrubber.scrub(text.as_bytes());
            Value::from(without_account_ids(&String::from_utf8_lossy(&scrubbed)))
        }
        _ => Value::Null,
    };
    said["error"]["message"].as_str()?;
    let told = match protocol {
        Protocol::OpenAi => json!({"error": {
            "message": clean("message"), "type": clean("type"), "param": clean("param"), "code": clean("code"),
        }}),
        Protocol::Anthropic => json!({"type": "error", "error": {"type": clean("type"), "message": clean("message")}}),
    };
    Some(Bytes::from(told.to_string()))
}

/// How ids of an account begin at the providers.
const ACCOUNT_IDS: [&str; 9] = ["org-", "org_", "proj_", "wrkspc_", "user-", "acct_", "asst_", "file-", "key_"];

/// Ids of the operator's account that providers put into messages. Words of the caller's own that merely begin so,
/// a tool `key_lookup`, are not ids: those are drawn by lot and have digits or capitals. In doubt it is one.
pub fn without_account_ids(text: &str) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    text.split_inclusive(|c: char| !is_word(c))
        .map(|piece| {
            let word = piece.trim_end_matches(|c: char| !is_word(c));
            if is_account_id(word) { format!("[redacted]{}", &piece[word.len()..]) } else { piece.to_owned() }
        })
        .collect()
}

fn is_account_id(word: &str) -> bool {
    let tail_behind = |id: &str| word.split_at_checked(id.len()).filter(|(begin, _)| begin.eq_ignore_ascii_case(id));
    let Some((_, tail)) = ACCOUNT_IDS.into_iter().find_map(tail_behind) else { return false };
    tail.bytes().any(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
}

fn passed_on(
    mut call: Box<Call>,
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
pub fn broken(mut call: Box<Call>, error: Error) -> Error {
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

/// The provider's answer ended before its end.
pub fn broke_off() -> Error {
    Error::of_provider(Code::ProviderUnavailable, "The provider's answer broke off.")
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

/// The word for a provider's error. Those for limits and trouble belong to their statuses, whatever is behind them.
fn code(class: ErrorClass, status: StatusCode) -> Code {
    match (class, status.as_u16()) {
        (ErrorClass::QuotaExhausted, _) => Code::ProviderQuotaExhausted,
        (ErrorClass::KeyRefused, _) => Code::ProviderKeyInvalid,
        (_, 429) => Code::ProviderRateLimited,
        (ErrorClass::ProviderIncident, _) | (_, 500..=599) => Code::ProviderUnavailable,
        (ErrorClass::ScopeMissing | ErrorClass::NotFromHere, _) => Code::ProviderKeyInvalid,
        (ErrorClass::ModelNotFound, _) => Code::ModelNotFound,
        (_, 413) => Code::RequestTooLarge,
        _ => Code::BadRequest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ownkey_vault::Secret;

    #[test]
    fn ids_of_the_operators_account_are_taken_out() {
        let text = "Limit reached in organization org-AbC123xyz on PROJ_90210abc: forg-x and gpt-4o stay.";
        let clean = "Limit reached in organization [redacted] on [redacted]: forg-x and gpt-4o stay.";
        assert_eq!(without_account_ids(text), clean);
        for id in
            ["user-aBcDeFgHiJkLmNoPqRsTuVwX", "file-8f3k2l1m9n0p", "wrkspc_01JwQvzr7rXLA5AGx3HKfFUJ", "`acct_1032D82e`"]
        {
            assert!(without_account_ids(id).contains("[redacted]"), "{id}");
        }
    }

    #[test]
    fn the_callers_own_words_stay() {
        for word in ["key_lookup", "user-name", "file-search", "org_chart", "key_"] {
            let text = format!("Invalid value for tools[0]: {word}.");
            assert_eq!(without_account_ids(&text), text);
        }
    }

    #[test]
    fn only_what_sdks_read_is_told_of_a_managed_refusal() {
        let key = ProviderKey::new(Secret::from("sk-proj-operators-own-key".to_owned())).unwrap();
        let body = br#"{"error":{"message":"Bad \u006frg-X1y2z3w4 key operators-own-key","type":"invalid_request_error","internal":1}}"#;
        let told = about_the_request(body, &key, Protocol::OpenAi).unwrap();
        let told: Value = serde_json::from_slice(&told).unwrap();
        assert_eq!(told["error"]["message"], "Bad [redacted] key [redacted]");
        assert_eq!(told["error"].as_object().unwrap().len(), 4);
        assert_eq!(about_the_request(b"<html>", &key, Protocol::OpenAi), None);
    }
}
