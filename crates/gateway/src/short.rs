//! Step 7 for a short answer that is no stream: taken whole, written down, then sent with its head in one go. One that
//! breaks off is passed on as far as it came: an SDK must see the same as without Ownkey, or it tries again what it
//! would not have.

use bytes::{Bytes, BytesMut};
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, Response};
use http_body::Frame;
use http_body_util::{BodyExt, Limited};
use ownkey_domain::receipt::Outcome;
use ownkey_providers::scrub::Scrubber;
use tokio::time::timeout_at;

use crate::answer::{Answer, meter, respond};
use crate::body::{self, Body};
use crate::call::Call;
use crate::client::Driven;
use crate::echo::drop_from_served;
use crate::error::Error;
use crate::failure;
use crate::limits::SHORT_ANSWER_BYTES;
use crate::relay::Relay;

/// Relays a short answer.
pub async fn relay(mut call: Box<Call>, mut answer: Box<Answer>, mut head: HeaderMap) -> Result<Response<Body>, Error> {
    let Answer { response, watch, stop, .. } = &mut *answer;
    let status = response.status();
    let taken = timeout_at(watch.next(), take(response.body_mut()));
    let bytes = match stop.unless(async { taken.await.map_err(|_| failure::too_slow()) }).await {
        Ok(Taken::Whole(bytes)) => bytes,
        Ok(Taken::Beginning(bytes)) => return Ok(respond(status, head, Relay::beginning(call, answer, bytes))),
        Err(error) => return Err(failure::broken(call, error)),
    };
    let mut reading = meter(&call, &head);
    reading.feed(&bytes);
    let mut served = reading.finish();
    let bytes = if drop_from_served(&mut served, &answer.key) {
        Bytes::from(Scrubber::new(answer.key.expose_str().as_bytes()).scrub(&bytes).into_owned())
    } else {
        bytes
    };
    if call.receipt.close_with_others(Outcome::Complete, &served).await.is_err() {
        return Err(failure::unwritten());
    }
    head.remove(CONTENT_LENGTH);
    Ok(respond(status, head, body::full(bytes)))
}

/// What came of a body.
enum Taken {
    /// All of it.
    Whole(Bytes),
    /// What there was when it broke off.
    Beginning(Bytes),
}

async fn take(incoming: &mut Driven) -> Taken {
    let mut bounded = Limited::new(incoming, usize::try_from(SHORT_ANSWER_BYTES).unwrap_or(usize::MAX));
    let mut bytes = BytesMut::new();
    while let Some(frame) = bounded.frame().await {
        match frame.map(Frame::into_data) {
            Ok(Ok(data)) => bytes.extend_from_slice(&data),
            // Trailers are the provider's hop only.
            Ok(Err(_)) => {}
            Err(_) => return Taken::Beginning(bytes.freeze()),
        }
    }
    Taken::Whole(bytes.freeze())
}
