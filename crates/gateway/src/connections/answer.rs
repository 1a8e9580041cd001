//! A host's head has come: its answer passes as it is, errors too, without the token.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, Response, StatusCode};
use http_body::Body as _;
use ownkey_domain::payer::PayerKind;
use ownkey_domain::receipt::Outcome;
use ownkey_domain::service::{Bound, Ending};
use ownkey_providers::metered::Measure;
use ownkey_providers::scrub::Scrubber;
use ownkey_vault::ProviderKey;

use crate::answer::respond;
use crate::body::{self, Body};
use crate::client::Driven;
use crate::echo::drop_from_headers;
use crate::error::{Code, Error, SOURCE_HEADER, Source};
use crate::relay::Watch;
use crate::services::problem::Problem;
use crate::services::receipt::OpenReceipt;
use crate::services::relay::{Passage, Relay};
use crate::stop::Stop;
use crate::{failure, headers};

/// A host's answer, with what relaying it takes.
pub struct Answer {
    /// Head and body as the host sends them.
    pub response: Response<Driven>,
    /// The token in use, so that an echo of it can be taken out.
    pub token: Arc<ProviderKey>,
    /// Time-outs from here on.
    pub watch: Watch,
    /// What may end it early.
    pub stop: Stop,
}

/// Relays the answer; its receipt is written before its end goes out.
pub async fn relay(mut receipt: OpenReceipt, answer: Answer) -> Result<Response<Body>, Problem> {
    let Answer { response, token, watch, stop } = answer;
    let (parts, body) = response.into_parts();
    receipt.answered(parts.status.as_u16());
    if parts.status.is_redirection() && parts.status != StatusCode::NOT_MODIFIED {
        // Clients would follow it, and take the platform key there.
        let message = "The host answered with a redirect, which is not followed. Call where it leads to.";
        return Err(Problem::from(Error::of_provider(Code::ProviderUnavailable, message)).ending(receipt));
    }
    let mut head = headers::relayed(&parts.headers, PayerKind::Byok);
    drop_from_headers(&mut head, &token);
    // What a host says of a type is not left to browsers to guess: it is said at this origin.
    head.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if parts.status.is_client_error() || parts.status.is_server_error() {
        head.insert(SOURCE_HEADER, HeaderValue::from_static(Source::Provider.as_str()));
    }
    if body.is_end_stream() {
        // Nobody would ask for its end.
        return match receipt.close(Ending::Failed, Outcome::Complete) {
            Ok(()) => Ok(respond(parts.status, head, body::full(Bytes::new()))),
            Err(_) => Err(Problem::from(failure::unwritten()).ending(receipt)),
        };
    }
    // Else its end would not be asked for, and the receipt is written there.
    head.remove(CONTENT_LENGTH);
    // Nothing is metered.
    let meter = Measure::Calls.meter(Bound::exactly(1), false);
    let scrub = Scrubber::new(token.expose_str().as_bytes()).stream();
    let body = Relay::start(receipt, body, Passage { meter, scrub }, (watch, stop));
    Ok(respond(parts.status, head, body))
}
