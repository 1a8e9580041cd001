//! Step 7 for a short answer that is no stream: taken whole, written down, then sent with its head in one go.

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, Response};
use http_body_util::{BodyExt, Limited};
use ownkey_domain::receipt::Outcome;
use ownkey_providers::scrub::Scrubber;
use tokio::time::timeout_at;

use crate::answer::{Answer, meter, respond};
use crate::body::{self, Body};
use crate::call::Call;
use crate::echo::drop_from_served;
use crate::error::Error;
use crate::failure;
use crate::limits::SHORT_ANSWER_BYTES;

/// Relays a short answer.
pub async fn relay(mut call: Call, answer: Answer, mut head: HeaderMap) -> Result<Response<Body>, Error> {
    let (parts, incoming) = answer.response.into_parts();
    let bounded = Limited::new(incoming, usize::try_from(SHORT_ANSWER_BYTES).unwrap_or(usize::MAX));
    let (deadline, mut stop) = (answer.watch.next(), answer.stop);
    let collected = stop.unless(async {
        let collected = timeout_at(deadline, bounded.collect()).await.map_err(|_| failure::too_slow())?;
        Ok(collected.map_err(|_| failure::broke_off())?.to_bytes())
    });
    let bytes = match collected.await {
        Ok(bytes) => bytes,
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
    if call.receipt.close(Outcome::Complete, &served).is_err() {
        return Err(failure::unwritten());
    }
    head.remove(CONTENT_LENGTH);
    Ok(respond(parts.status, head, body::full(bytes)))
}
