//! A service's head has come: what of its answer reaches the caller.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};
use http_body::Body as _;
use ownkey_domain::receipt::Outcome;
use ownkey_domain::service::Ending;
use ownkey_providers::metered::UseMeter;
use ownkey_providers::scrub::Scrubber;
use ownkey_vault::ProviderKey;
use tokio::time::timeout_at;

use super::problem::{PAYS, Problem};
use super::receipt::OpenReceipt;
use super::relay::{Passage, Relay};
use crate::answer::respond;
use crate::body::{self, Body};
use crate::client::Driven;
use crate::echo::drop_from_headers;
use crate::error::{Code, ERROR_HEADER, Error, SHOULD_RETRY, SOURCE_HEADER, Source};
use crate::relay::Watch;
use crate::stop::Stop;
use crate::{failure, headers};

/// A service's answer, with what relaying it takes.
pub struct Answer {
    /// Head and body as the service sends them.
    pub response: Response<Driven>,
    /// The credential in use, so that an echo of it can be taken out.
    pub secret: Arc<ProviderKey>,
    /// Reads how much was used.
    pub meter: UseMeter,
    /// Time-outs from here on.
    pub watch: Watch,
    /// What may end it early.
    pub stop: Stop,
}

/// Relays the answer; its receipt is written before its end goes out.
pub async fn relay(mut receipt: OpenReceipt, answer: Answer) -> Result<Response<Body>, Problem> {
    let Answer { response, secret, meter, watch, mut stop } = answer;
    let (parts, body) = response.into_parts();
    receipt.answered(parts.status.as_u16());
    let mut head = headers::from_service(&parts.headers);
    drop_from_headers(&mut head, &secret);
    head.insert(headers::PAYER, PAYS);
    if !parts.status.is_success() {
        let reading =
            async { timeout_at(watch.next(), failure::beginning_of(body)).await.map_err(|_| failure::too_slow()) };
        return match stop.unless(reading).await {
            Ok(said) => failed(receipt, Failure { status: parts.status, head, said, from: &parts.headers }, &secret),
            Err(error) => Err(ended(receipt, error)),
        };
    }
    if body.is_end_stream() {
        // Nobody would ask for its end.
        let ending = meter.finish().map_or(Ending::Untold, Ending::Told);
        return match receipt.close(ending, Outcome::Complete) {
            Ok(()) => Ok(respond(parts.status, head, body::full(Bytes::new()))),
            Err(_) => Err(ended(receipt, failure::unwritten())),
        };
    }
    let scrub = Scrubber::new(secret.expose_str().as_bytes()).stream();
    let body = Relay::start(receipt, body, Passage { meter, scrub }, (watch, stop));
    Ok(respond(parts.status, head, body))
}

/// Ends a call by an error.
fn ended(receipt: OpenReceipt, error: Error) -> Problem {
    Problem::from(error).ending(receipt)
}

/// Whether an answer can be read for what it says was used.
pub fn is_readable(head: &HeaderMap) -> bool {
    !failure::is_encoded(head)
}

struct Failure<'a> {
    status: StatusCode,
    head: HeaderMap,
    said: Bytes,
    from: &'a HeaderMap,
}

/// An answer that is none costs nothing. What it says of the request passes; the rest is about the operator's account
/// and told in our own words.
fn failed(mut receipt: OpenReceipt, failure: Failure<'_>, secret: &ProviderKey) -> Result<Response<Body>, Problem> {
    let Failure { status, mut head, said, from } = failure;
    if let Some(error) = ours(status) {
        let retry = head.get(RETRY_AFTER).cloned();
        return Err(ended(
            receipt,
            retry.into_iter().fold(error, |error, after| error.with_header(RETRY_AFTER, after)),
        ));
    }
    if failure::is_encoded(from) {
        let message = "The service's error came in an encoding not asked for.";
        return Err(ended(receipt, Error::of_provider(Code::ProviderUnavailable, message).with_status(status)));
    }
    let said = Scrubber::new(secret.expose_str().as_bytes()).scrub(&said).into_owned();
    let said = match String::from_utf8(said) {
        Ok(text) => failure::without_account_ids(&text),
        Err(_) => {
            head.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
            "The service refused the request.".to_owned()
        }
    };
    let code = code(status);
    head.insert(ERROR_HEADER, HeaderValue::from_static(code.as_str()));
    head.insert(SOURCE_HEADER, HeaderValue::from_static(Source::Provider.as_str()));
    if status != StatusCode::CONFLICT {
        // Conflicts with other requests pass; nothing else of the request itself does.
        head.entry(SHOULD_RETRY).or_insert(HeaderValue::from_static("false"));
    }
    receipt.note(|receipt| receipt.error = Some(code.as_str().to_owned()));
    match receipt.close(Ending::Failed, Outcome::Failed) {
        Ok(()) => Ok(respond(status, head, body::full(said))),
        Err(_) => Err(ended(receipt, failure::unwritten())),
    }
}

/// What is said in our own words; `None` if the service speaks of the request.
fn ours(status: StatusCode) -> Option<Error> {
    let provider = Error::of_provider;
    Some(match status.as_u16() {
        401 | 402 | 403 | 407 => provider(
            Code::ManagedUnavailable,
            "The service refuses the operator's credential at the moment. Tell the operator.",
        ),
        408 | 425 => provider(Code::ProviderUnavailable, "The service has trouble. Try again shortly."),
        429 => provider(Code::ProviderRateLimited, "The service's rate limit is used up. Try again shortly."),
        400..=499 => return None,
        500..=599 => {
            provider(Code::ProviderUnavailable, "The service has trouble. Try again shortly.").with_status(status)
        }
        // A redirect would make clients send the platform key elsewhere.
        _ => provider(Code::ProviderUnavailable, "The service answered with a redirect or an unusual status."),
    })
}

const fn code(status: StatusCode) -> Code {
    match status.as_u16() {
        404 | 405 | 410 => Code::PathNotSupported,
        413 => Code::RequestTooLarge,
        _ => Code::BadRequest,
    }
}
