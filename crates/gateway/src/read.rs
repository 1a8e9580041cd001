//! Step 2: the body, once, bounded in size, time and memory. The original bytes are kept.

use std::sync::Arc;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http_body::Body as _;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::{Code, Error};
use crate::limits::{BODY_BYTES_PER_SECOND_MIN, BODY_RATE_GRACE, BODY_ROOM_WAIT, Limits};

/// Memory for bodies is counted in these units.
const ROOM_UNIT: usize = 1 << 10;

/// A request body with the room in memory that it takes.
pub struct RequestBody {
    /// The bytes as they came.
    pub bytes: Bytes,
    /// Given back when the last user of the bytes is done.
    pub room: Arc<OwnedSemaphorePermit>,
}

/// The memory that all request bodies share.
pub fn body_room(limits: &Limits) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(limits.bodies_bytes_max / ROOM_UNIT))
}

/// Reads the body of a request.
pub async fn read(
    limits: &Limits,
    room: &Arc<Semaphore>,
    headers: &HeaderMap,
    body: Incoming,
) -> Result<RequestBody, Error> {
    if headers.get_all(CONTENT_ENCODING).iter().any(|coding| coding != "identity") {
        let error = Error::bad_request("Compressed request bodies are not supported. Send it as it is.");
        return Err(error.with_status(http::StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
    let announced = announced(headers);
    if announced.is_some_and(|length| length > limits.body_bytes_max) {
        return Err(too_large(limits));
    }
    let room = take_room(room, announced.unwrap_or(limits.body_bytes_max)).await?;
    let bytes = collect(limits, body).await?;
    Ok(RequestBody { bytes, room: Arc::new(room) })
}

fn announced(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn take_room(room: &Arc<Semaphore>, bytes: usize) -> Result<OwnedSemaphorePermit, Error> {
    let units = u32::try_from(bytes.div_ceil(ROOM_UNIT)).unwrap_or(u32::MAX);
    let permit = tokio::time::timeout(BODY_ROOM_WAIT, Arc::clone(room).acquire_many_owned(units)).await;
    permit
        .ok()
        .and_then(Result::ok)
        .ok_or_else(|| Error::overloaded("Too many large requests at once. Try again shortly."))
}

async fn collect(limits: &Limits, mut body: Incoming) -> Result<Bytes, Error> {
    let started = Instant::now();
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while !body.is_end_stream() {
        let frame = tokio::time::timeout(limits.body_idle, body.frame()).await;
        let Some(frame) = frame.map_err(|_| too_slow())? else { break };
        let frame = frame.map_err(|_| Error::bad_request("The request body broke off."))?;
        let Ok(data) = frame.into_data() else { continue };
        let so_far = first.len().max(rest.len()) + data.len();
        if so_far > limits.body_bytes_max {
            return Err(too_large(limits));
        }
        if is_too_slow(started, so_far) {
            return Err(too_slow());
        }
        if first.is_empty() {
            first = data;
            continue;
        }
        if rest.is_empty() {
            rest.extend_from_slice(&first);
        }
        rest.extend_from_slice(&data);
    }
    Ok(if rest.is_empty() { first } else { rest.freeze() })
}

fn is_too_slow(started: Instant, bytes: usize) -> bool {
    let elapsed = started.elapsed();
    elapsed > BODY_RATE_GRACE && (bytes as u64) < elapsed.as_secs() * BODY_BYTES_PER_SECOND_MIN
}

fn too_slow() -> Error {
    Error::bad_request("The request body came too slowly.")
}

fn too_large(limits: &Limits) -> Error {
    let megabytes = limits.body_bytes_max >> 20;
    Error::new(Code::RequestTooLarge, format!("The request body is larger than {megabytes} MiB."))
}
