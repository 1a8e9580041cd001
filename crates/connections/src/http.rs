//! HTTP towards providers' token endpoints. What is sent holds secrets, so it goes to one place only and nothing of it is
//! logged. How a request failed decides whether its refresh token may have been used up, so the kinds are told apart
//! with care.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use http_body::{Body, Frame, SizeHint};
use oauth2::{HttpRequest, HttpResponse};
use reqwest::redirect::Policy;
use serde::Deserialize;
use serde::de::IgnoredAny;
use tokio::time::Instant;

/// An answer has one or a few KiB.
const BODY_BYTES_MAX: usize = 256 * 1024;

/// Why there is no answer that says anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    /// Nothing was sent: no connection.
    #[error("no connection")]
    Unreachable,
    /// Nothing was sent: it would have been too late for the claim.
    #[error("too late")]
    TooLate,
    /// Nothing was sent: no connection that works, in time.
    #[error("no connection in time")]
    TimedOut,
    /// The request went out, and no answer came in time.
    #[error("no answer in time")]
    Unanswered,
    /// The provider says that it can't now, or by a status alone that it won't.
    #[error("not served")]
    Unserved,
    /// The request went out and its answer broke off, or is none.
    #[error("the answer was lost")]
    Lost,
}

/// The client.
pub(crate) struct Http(reqwest::Client);

impl Http {
    pub(crate) fn new(timeout: Duration) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            // A redirect would take secrets elsewhere, and so would a proxy from the environment.
            .redirect(Policy::none())
            .no_proxy()
            .connect_timeout(timeout)
            .timeout(timeout)
            // Of a connection that was kept nobody knows, when it breaks, whether the request was read.
            .pool_max_idle_per_host(0)
            .build()?;
        Ok(Self(client))
    }

    /// Sends a request, unless it is too late by the time that its body is asked for, and takes the whole answer.
    pub(crate) async fn send(&self, request: HttpRequest, before: Option<Instant>) -> Result<HttpResponse, Fault> {
        let (mut head, body) = request.into_parts();
        head.headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        head.headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let sent = Arc::new(AtomicBool::new(false));
        let body = reqwest::Body::wrap(InTime { body: Some(body.into()), before, sent: Arc::clone(&sent) });
        let fault = |error: reqwest::Error| fault(&error, sent.load(Ordering::Relaxed));
        let request = http::Request::from_parts(head, body);
        let request = reqwest::Request::try_from(request).map_err(|_| Fault::Unreachable)?;
        let mut response = self.0.execute(request).await.map_err(fault)?;
        let status = response.status();
        let mut whole = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(fault)? {
            if whole.len() + chunk.len() > BODY_BYTES_MAX {
                return Err(Fault::Lost);
            }
            whole.extend_from_slice(&chunk);
        }
        answer(status, whole)
    }
}

/// An answer that says something: tokens, or an error in the standard's words.
fn answer(status: StatusCode, body: Vec<u8>) -> Result<HttpResponse, Fault> {
    let said: Option<Said> = serde_json::from_slice(&body).ok();
    let error = said.filter(|said| said.error.is_some() && (said.access_token.is_none() || said.ok == Some(false)));
    let status = match (status, error) {
        // Some answer every request with 200.
        (StatusCode::OK, Some(_)) => StatusCode::BAD_REQUEST,
        (StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT, _) => return Err(Fault::Unserved),
        // Who stands before it has passed the request on.
        (StatusCode::GATEWAY_TIMEOUT, _) => return Err(Fault::Unanswered),
        (status, Some(_)) if status.is_client_error() => status,
        (status, _) if status.is_success() => StatusCode::OK,
        _ => return Err(Fault::Unserved),
    };
    let mut response = http::Response::new(body);
    *response.status_mut() = status;
    // What it is shows when it is read.
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

#[derive(Deserialize)]
struct Said {
    ok: Option<bool>,
    error: Option<serde_json::Value>,
    access_token: Option<IgnoredAny>,
}

fn fault(error: &reqwest::Error, sent: bool) -> Fault {
    let first = std::error::Error::source(error);
    let is_late = std::iter::successors(first, |error| error.source()).any(|cause| cause.is::<Late>());
    match () {
        () if is_late => Fault::TooLate,
        () if error.is_connect() => Fault::Unreachable,
        () if error.is_timeout() && sent => Fault::Unanswered,
        () if error.is_timeout() => Fault::TimedOut,
        () => Fault::Lost,
    }
}

/// A body that is not given out when it is too late: a process may stand still at any moment, and what it sends when it
/// goes on would use up a refresh token that another node has used meanwhile.
struct InTime {
    body: Option<Bytes>,
    before: Option<Instant>,
    /// Whether it was given out.
    sent: Arc<AtomicBool>,
}

#[derive(Debug, thiserror::Error)]
#[error("too late")]
struct Late;

impl Body for InTime {
    type Data = Bytes;
    type Error = Late;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Late>>> {
        if self.body.is_some() && self.before.is_some_and(|before| before <= Instant::now()) {
            return Poll::Ready(Some(Err(Late)));
        }
        self.sent.store(true, Ordering::Relaxed);
        Poll::Ready(self.body.take().map(|body| Ok(Frame::data(body))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.body.as_ref().map_or(0, |body| body.len() as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_answer_in_the_standards_words_says_something() {
        let status = |status: u16, body: &str| {
            answer(StatusCode::from_u16(status).unwrap(), body.as_bytes().to_vec())
                .map(|answer| answer.status().as_u16())
        };
        assert_eq!(status(200, r#"{"access_token":"a"}"#), Ok(200));
        assert_eq!(status(200, "<html>"), Ok(200));
        assert_eq!(status(200, r#"{"ok":false,"error":"token_revoked"}"#), Ok(400));
        assert_eq!(status(200, r#"{"error":"bad_refresh_token","error_description":"x"}"#), Ok(400));
        assert_eq!(status(200, r#"{"access_token":"a","error":"none"}"#), Ok(200));
        assert_eq!(status(400, r#"{"error":"invalid_grant"}"#), Ok(400));
        assert_eq!(status(401, r#"{"error":"invalid_client"}"#), Ok(401));
        for (code, body) in [
            (400, "Bad Request"),
            (404, r#"{"message":"no such path"}"#),
            (302, ""),
            (408, r#"{"error":"slow"}"#),
            (429, r#"{"error":"slow_down"}"#),
            (500, r#"{"error":"invalid_grant"}"#),
            (503, ""),
        ] {
            assert_eq!(status(code, body), Err(Fault::Unserved), "{code}");
        }
        assert_eq!(status(504, "<html>"), Err(Fault::Unanswered));
    }
}
