//! The HTTP calls of key tests. They carry a secret, so they go to one place only, and nothing of them is logged.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::ACCEPT_ENCODING;
use http::{HeaderMap, HeaderValue, StatusCode};
use ownkey_domain::diagnosis::Silence;
use reqwest::redirect::Policy;

use crate::ladder::LadderLimits;

/// A list of models has some tens of KiB; a provider's error far less.
const BODY_BYTES_MAX: usize = 1024 * 1024;

/// The HTTP client.
pub(crate) struct Prober(reqwest::Client);

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Prober {
    pub(crate) fn new(limits: &LadderLimits) -> Result<Self, reqwest::Error> {
        // A redirect would take the key elsewhere, and so would a proxy from the environment.
        let client = reqwest::Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .connect_timeout(limits.total)
            .timeout(limits.total)
            .pool_max_idle_per_host(1)
            .pool_idle_timeout(Duration::from_secs(5))
            .build()?;
        Ok(Self(client))
    }

    /// Sends one request and takes the whole answer, as far as it is bounded.
    pub(crate) async fn send(&self, request: http::Request<Bytes>) -> Result<Answer, Silence> {
        let mut request = reqwest::Request::try_from(request).map_err(|_| Silence::NoConnection)?;
        request.headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let mut response = self.0.execute(request).await.map_err(|error| silence(&error))?;
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| silence(&error))? {
            let room = BODY_BYTES_MAX - body.len();
            body.extend_from_slice(&chunk[..chunk.len().min(room)]);
            if body.len() == BODY_BYTES_MAX {
                break;
            }
        }
        let headers = std::mem::take(response.headers_mut());
        Ok(Answer { status: response.status(), headers, body: body.freeze() })
    }
}

fn silence(error: &reqwest::Error) -> Silence {
    if error.is_timeout() {
        Silence::TimedOut
    } else if error.is_connect() {
        Silence::NoConnection
    } else {
        Silence::Broken
    }
}
