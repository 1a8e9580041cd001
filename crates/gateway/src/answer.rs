//! The provider's head has come: what the caller's head says, and which way the body goes.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use http_body::Body as _;
use ownkey_domain::health::KeySeen;
use ownkey_domain::payer::PayerKind;
use ownkey_domain::policy::FallbackClass;
use ownkey_domain::provider::Provider;
use ownkey_providers::answer::AnswerMeter;
use ownkey_providers::scrub::Scrubber;
use ownkey_vault::ProviderKey;

use crate::body::Body;
use crate::call::Call;
use crate::client::Driven;
use crate::dispatch::Went;
use crate::echo::{drop_from_headers, echoes};
use crate::edge::writer::Writer;
use crate::error::{Code, Error};
use crate::limits::SHORT_ANSWER_BYTES;
use crate::relay::{Relay, Watch};
use crate::rest::Rest;
use crate::stop::Stop;
use crate::{failure, headers, short};

const CREDENTIAL: HeaderName = HeaderName::from_static("x-ownkey-credential");
const FALLBACK: HeaderName = HeaderName::from_static("x-ownkey-fallback");
const CREDITS: HeaderName = HeaderName::from_static("x-ownkey-credits");
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");
/// Where providers name the request as they know it.
static PROVIDER_REQUEST_IDS: [HeaderName; 2] =
    [HeaderName::from_static("request-id"), HeaderName::from_static("x-request-id")];

/// A provider's answer to a call, with what relaying it takes.
pub struct Answer {
    /// Head and body as the provider sends them.
    pub response: Response<Driven>,
    /// Whose they are.
    pub provider: Provider,
    /// Who pays.
    pub payer: PayerKind,
    /// The key in use, so that an echo of it can be taken out.
    pub key: Arc<ProviderKey>,
    /// What takes that out of a stream, if one was asked for.
    pub scrubber: Option<Scrubber>,
    /// How many answers were asked for.
    pub answers: u32,
    /// Whether the chunk with the usage, which the caller did not ask for, is taken out.
    pub hide_usage: bool,
    /// Time-outs from here on.
    pub watch: Watch,
    /// What may end it early.
    pub stop: Stop,
    /// Whoever writes it to the caller.
    pub writer: Option<Arc<Writer>>,
    /// Work whose caller has left.
    pub rest: Rest,
}

/// Relays the answer; the receipt is written before its last byte goes out. After a failure for which another payer may
/// step in, nothing is relayed yet.
pub async fn relay(mut call: Box<Call>, answer: Box<Answer>, consents: &[FallbackClass]) -> Went {
    let (status, head) = begin(&mut call, &answer);
    if !status.is_client_error() && !status.is_server_error() {
        return Went::Answered(pass(call, answer, (status, head)).await);
    }
    match failure::read(&call, answer, head).await {
        Ok(failure) => Went::failed(call, failure, consents),
        Err(error) => Went::Answered(Err(failure::broken(call, error))),
    }
}

/// The head that the caller would get.
fn begin(call: &mut Call, answer: &Answer) -> (StatusCode, HeaderMap) {
    let status = answer.response.status();
    let request_id = provider_request_id(answer.response.headers());
    call.receipt.answered(status.as_u16(), request_id.filter(|id| !echoes(&answer.key, id.as_bytes())));
    let mut head = headers::relayed(answer.response.headers(), answer.payer);
    drop_from_headers(&mut head, &answer.key);
    own_headers(&mut head, call);
    (status, head)
}

async fn pass(
    mut call: Box<Call>,
    answer: Box<Answer>,
    (status, mut head): (StatusCode, HeaderMap),
) -> Result<Response<Body>, Error> {
    if !status.is_success() {
        // A redirect would make SDKs send the platform key elsewhere.
        let message = "The provider answered with a redirect or an unusual status.";
        return Err(failure::broken(call, Error::of_provider(Code::ProviderUnavailable, message)));
    }
    call.receipt.key_seen(KeySeen::Accepted);
    if is_stream(&head) {
        // A form may ask for it behind its files, where nobody has looked.
        call.receipt.note(|receipt| receipt.stream = true);
        head.remove(CONTENT_LENGTH);
        return Ok(respond(status, head, Relay::stream(call, answer)));
    }
    let length = length(answer.response.headers());
    let is_empty = answer.response.body().is_end_stream();
    if is_empty || length.is_some_and(|length| length <= SHORT_ANSWER_BYTES) {
        return short::relay(call, answer, head).await;
    }
    Ok(respond(status, head, Relay::plain(call, answer, length)))
}

/// Puts head and body together.
pub fn respond(status: StatusCode, head: HeaderMap, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = head;
    response
}

/// What an answer says of its call: what is left of its quotas, who pays, with which key, and where the time went.
pub fn own_headers(head: &mut HeaderMap, call: &Call) {
    // What the provider says of its own limits stays: on an own key they are the caller's, and the tighter ones.
    for (name, value) in call.quotas.iter().flatten() {
        head.entry(name).or_insert_with(|| value.clone());
    }
    if let Some(failure) = call.fallback {
        head.insert(FALLBACK, HeaderValue::from_static(failure.as_str()));
    }
    let Some((payer, credential)) = call.receipt.payer() else { return };
    head.insert(headers::PAYER, HeaderValue::from_static(payer.as_str()));
    if let Some(credential) = credential {
        head.insert(CREDITS, HeaderValue::from_static("0"));
        if let Ok(credential) = HeaderValue::try_from(credential.to_string()) {
            head.insert(CREDENTIAL, credential);
        }
    }
    let (own, first) = call.receipt.timing();
    let timing = format!("ownkey;dur={}, upstream;dur={}", Millis(own), Millis(first));
    if let Ok(timing) = HeaderValue::try_from(timing) {
        // Beside the provider's, which has entries of its own.
        head.append(SERVER_TIMING, timing);
    }
}

/// A time in milliseconds, with its microseconds as digits behind the point.
struct Millis(Duration);

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, micros) = (self.0.as_secs(), self.0.subsec_micros());
        write!(f, "{}.{:03}", seconds.saturating_mul(1_000) + u64::from(micros / 1_000), micros % 1_000)
    }
}

fn provider_request_id(headers: &HeaderMap) -> Option<&str> {
    PROVIDER_REQUEST_IDS.iter().find_map(|name| headers.get(name)?.to_str().ok())
}

fn is_stream(head: &HeaderMap) -> bool {
    is_kind(head, "text/event-stream")
}

/// What reads an answer that is no stream. Only JSON says something of itself: the text of a transcription may look
/// like some, and sound like anything.
pub fn meter(call: &Call, head: &HeaderMap) -> AnswerMeter {
    let says = !head.contains_key(CONTENT_TYPE) || is_kind(head, "application/json");
    if says { AnswerMeter::new(call.route) } else { AnswerMeter::blind(call.route) }
}

fn is_kind(head: &HeaderMap, wanted: &str) -> bool {
    let kind = head.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()?.trim_start().get(..wanted.len()));
    kind.is_some_and(|kind| kind.eq_ignore_ascii_case(wanted))
}

fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
