//! Step 2: the body, once, bounded in size, time and memory. The original bytes are kept. Of a large form only the
//! beginning is read, if that is enough to decide: see [`crate::upload`].
//!
//! Room in memory is counted for what has come, not for what was announced: announcing costs nothing. Bodies that grow
//! large wait for each other, but never in a queue, and leave a part of the room to small ones. So a small body waits
//! only when small ones alone have filled that part, and bodies that wait for each other end by giving up.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use http_body::Body as _;
use http_body_util::BodyExt;
use ownkey_providers::form::Payload;
use ownkey_providers::peek::{Opening, Peek};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep, timeout};

use crate::edge::Arriving;
use crate::error::{Code, Error};
use crate::limits::{BODY_BYTES_PER_SECOND_MIN, BODY_RATE_GRACE, BODY_ROOM_WAIT, Limits};
use crate::upload::Upload;

/// Memory for bodies is counted in these units.
const ROOM_UNIT: usize = 1 << 10;
/// Bodies up to this are small: prompts without files, which most calls are.
const SMALL_BYTES: usize = 64 << 10;
/// The part of the room that is left to small bodies.
const SMALL_SHARE: usize = 8;
/// Forms whose files stand behind their fields have come to them by then.
const OPENING_BYTES: usize = 64 << 10;
/// What a large body takes at once when it has grown to that size, so that it asks rarely.
const LARGE_STEP: usize = 256 << 10;
/// So many times what has come of a body, and no more than was announced, is asked for at once: all but what has come is
/// untouched, which takes no memory. What was asked for before is a small part of that, and only for a moment.
const ROOM_AHEAD: usize = 4;
/// How often a large body that waits for room looks again. They don't queue, because small ones would have to queue
/// behind them.
const ROOM_POLL: Duration = Duration::from_millis(25);

/// A request body with the room in memory that it takes.
#[derive(Clone)]
pub struct RequestBody {
    /// The bytes as they came.
    pub bytes: Bytes,
    /// What its head says that they are.
    kind: Option<HeaderValue>,
    /// Given back when the last user of the bytes is done.
    pub room: Arc<OwnedSemaphorePermit>,
    /// How long the caller let it be waited for.
    pub awaited: Duration,
    /// What is still to come of it.
    pub rest: Option<Upload>,
}

impl RequestBody {
    /// The bytes with what they are.
    pub fn payload(&self) -> Payload<'_> {
        Payload { bytes: &self.bytes, kind: self.kind.as_ref().map(HeaderValue::as_bytes) }
    }

    /// How many bytes it has, as far as that is known.
    pub fn length(&self) -> usize {
        let rest = self.rest.as_ref().map_or(0, |rest| usize::try_from(rest.size.lower()).unwrap_or(usize::MAX));
        self.bytes.len().saturating_add(rest)
    }
}

/// The memory that all request bodies share, also those of gateways that follow each other.
#[derive(Clone)]
pub struct BodyRoom {
    free: Arc<Semaphore>,
    /// How large it is, in units.
    all: usize,
}

impl BodyRoom {
    /// Room for as much as the limits say.
    pub fn new(limits: &Limits) -> Self {
        let all = limits.bodies_bytes_max / ROOM_UNIT;
        Self { free: Arc::new(Semaphore::new(all)), all }
    }
}

/// Reads the body of a request.
pub async fn read(limits: &Limits, room: &BodyRoom, headers: &HeaderMap, body: Arriving) -> Result<RequestBody, Error> {
    let (body, _) = begin(limits, room, headers, body, |_| None).await?;
    Ok(body)
}

/// Reads the body of a request, or no more of it than `opens` needs. What that finds is there if something is still to
/// come. Small bodies are read whole.
pub async fn begin(
    limits: &Limits,
    room: &BodyRoom,
    headers: &HeaderMap,
    mut body: Arriving,
    opens: impl Fn(Payload<'_>) -> Option<Box<Opening>>,
) -> Result<(RequestBody, Option<Peek>), Error> {
    if headers.get_all(CONTENT_ENCODING).iter().any(|codings| !is_identity(codings.as_bytes())) {
        let error = Error::bad_request("Compressed request bodies are not supported. Send it as it is.");
        return Err(error.with_status(http::StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
    let mut kinds = headers.get_all(CONTENT_TYPE).iter();
    let kind = kinds.next().cloned();
    if kinds.next().is_some() {
        // Each of them could name another boundary of a form, and the provider might read by the other one.
        return Err(Error::bad_request("The request has more than one `content-type` header. Send one."));
    }
    let announced = announced(headers);
    if announced.is_some_and(|length| length > limits.body_bytes_max) {
        return Err(too_large(limits));
    }
    let is_small = announced.is_some_and(|length| length <= SMALL_BYTES);
    let opens = |bytes: &[u8]| match is_small {
        true => None,
        false => opens(Payload { bytes, kind: kind.as_ref().map(HeaderValue::as_bytes) }),
    };
    let whole = announced.unwrap_or(0);
    let mut space = Space::new(limits, room, whole)?;
    let (bytes, awaited, opening) = collect(limits, &mut body, (Bytes::new(), whole), &mut space, opens).await?;
    let room = Arc::new(space.fit(bytes.len()));
    let came = bytes.len();
    let begun = opening.map(|opening| (opening.peek, Upload::new(limits, body, opening.rest, came)));
    let (peek, rest) = begun.unzip();
    Ok((RequestBody { bytes, kind, room, awaited, rest }, peek))
}

/// Reads the rest of a body that was only begun.
pub async fn complete(limits: &Limits, room: &BodyRoom, begun: &RequestBody) -> Result<RequestBody, Error> {
    let Some(rest) = &begun.rest else { return Ok(begun.clone()) };
    let mut body = rest.take().ok_or_else(broke_off)?.into_body();
    let whole = begun.length();
    let mut space = Space::new(limits, room, whole)?;
    let (bytes, awaited, _) = collect(limits, &mut body, (begun.bytes.clone(), whole), &mut space, |_| None).await?;
    let room = Arc::new(space.fit(bytes.len()));
    Ok(RequestBody { bytes, kind: begun.kind.clone(), room, awaited: begun.awaited + awaited, rest: None })
}

/// The body of a request that has none.
pub fn nothing(room: &BodyRoom) -> Result<RequestBody, Error> {
    let held = Arc::clone(&room.free).try_acquire_many_owned(0).map_err(|_| no_room())?;
    Ok(RequestBody { bytes: Bytes::new(), kind: None, room: Arc::new(held), awaited: Duration::ZERO, rest: None })
}

fn is_identity(codings: &[u8]) -> bool {
    codings.split(|byte| *byte == b',').map(<[u8]>::trim_ascii).all(|coding| {
        // An empty one names no coding; some proxies leave it behind.
        coding.is_empty() || coding.eq_ignore_ascii_case(b"identity")
    })
}

fn announced(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// The room that a body has, while it grows.
struct Space<'a> {
    room: &'a Arc<Semaphore>,
    held: OwnedSemaphorePermit,
    /// Whether it will be large: then it takes from the large ones' part from its first byte on.
    large: bool,
    /// What large bodies must leave.
    left: usize,
    /// The most a body can take.
    most: usize,
    waited: Duration,
}

impl<'a> Space<'a> {
    fn new(limits: &Limits, BodyRoom { free: room, all }: &'a BodyRoom, announced: usize) -> Result<Self, Error> {
        let most = units(limits.body_bytes_max);
        let held = Arc::clone(room).try_acquire_many_owned(0).map_err(|_| no_room())?;
        // The largest body must find its place, however small the room.
        let left = (all / SMALL_SHARE).min(all.saturating_sub(most));
        Ok(Self { room, held, large: announced > SMALL_BYTES, left, most, waited: Duration::ZERO })
    }

    /// Makes room for a body that has grown to so many bytes, if need be by waiting.
    async fn grow(&mut self, bytes: usize) -> Result<(), Error> {
        let wanted = units(bytes);
        if wanted <= self.held.num_permits() {
            return Ok(());
        }
        let is_large = self.large || bytes > SMALL_BYTES;
        let more = permits(wanted - self.held.num_permits());
        // Mostly there is room, and no time to be taken.
        if !is_large && let Ok(taken) = Arc::clone(self.room).try_acquire_many_owned(more) {
            self.held.merge(taken);
            return Ok(());
        }
        let since = Instant::now();
        if is_large {
            let step = wanted.next_power_of_two().min(units(LARGE_STEP));
            let wanted = wanted.next_multiple_of(step).min(self.most.max(wanted));
            self.grow_large(wanted - self.held.num_permits()).await?;
        } else {
            let taken = Arc::clone(self.room).acquire_many_owned(more);
            self.held.merge(timeout(BODY_ROOM_WAIT, taken).await.ok().and_then(Result::ok).ok_or_else(no_room)?);
        }
        self.waited += since.elapsed();
        Ok(())
    }

    async fn grow_large(&mut self, more: usize) -> Result<(), Error> {
        let until = Instant::now() + self.patience().saturating_sub(self.waited);
        loop {
            // Between the look and the taking another may come: then a little of what is left to small ones goes.
            if self.room.available_permits() >= self.left + more
                && let Ok(taken) = Arc::clone(self.room).try_acquire_many_owned(permits(more))
            {
                self.held.merge(taken);
                return Ok(());
            }
            if Instant::now() >= until {
                return Err(no_room());
            }
            sleep(ROOM_POLL).await;
        }
    }

    /// How long it waits in all. Bodies that wait for each other must not give up all at once, so those that have
    /// come less far do first.
    fn patience(&self) -> Duration {
        let half = BODY_ROOM_WAIT / 2;
        let (held, most) = (permits(self.held.num_permits()), permits(self.most).max(1));
        half + half * held.min(most) / most
    }

    /// What bytes of that number take; the rest is given back.
    fn fit(mut self, bytes: usize) -> OwnedSemaphorePermit {
        let surplus = self.held.num_permits().saturating_sub(units(bytes));
        drop(self.held.split(surplus));
        self.held
    }
}

fn units(bytes: usize) -> usize {
    bytes.div_ceil(ROOM_UNIT)
}

fn permits(units: usize) -> u32 {
    u32::try_from(units).unwrap_or(u32::MAX)
}

fn no_room() -> Error {
    Error::overloaded("Too many large requests at once. Try again shortly.")
}

/// The whole body, given how it begins and how long it was said to be, and how long it was waited for; or as much of it as
/// opens.
async fn collect(
    limits: &Limits,
    body: &mut Arriving,
    (begun, whole): (Bytes, usize),
    space: &mut Space<'_>,
    opens: impl Fn(&[u8]) -> Option<Box<Opening>>,
) -> Result<(Bytes, Duration, Option<Box<Opening>>), Error> {
    let (started, begun_with) = (Instant::now(), begun.len());
    let mut awaited = Duration::ZERO;
    let mut first = begun;
    let mut rest = BytesMut::new();
    let (mut opening, mut looked_at) = (None, 0);
    while !body.is_end_stream() && opening.is_none() {
        let since = Instant::now();
        let frame = timeout(limits.body_idle, body.frame()).await;
        awaited += since.elapsed();
        let Some(frame) = frame.map_err(|_| too_slow())? else { break };
        let frame = frame.map_err(|_| broke_off())?;
        let Ok(data) = frame.into_data() else { continue };
        let before = first.len().max(rest.len());
        let so_far = before + data.len();
        if so_far > limits.body_bytes_max {
            return Err(too_large(limits));
        }
        // The time it waited for room is not the caller's.
        if is_too_slow(started.elapsed().saturating_sub(space.waited), so_far - begun_with) {
            return Err(too_slow());
        }
        space.grow(so_far).await?;
        if first.is_empty() {
            first = data;
        } else {
            make_room(&mut rest, so_far, whole);
            if rest.is_empty() {
                rest.extend_from_slice(&first);
            }
            rest.extend_from_slice(&data);
        }
        // From its start each time, so not for every few bytes.
        let has_grown = so_far >= 2 * looked_at || so_far >= OPENING_BYTES;
        if before < OPENING_BYTES && has_grown && !body.is_end_stream() {
            looked_at = so_far;
            opening = opens(if rest.is_empty() { &first } else { &rest });
        }
    }
    Ok((if rest.is_empty() { first } else { rest.freeze() }, awaited, opening))
}

/// Makes room for so many bytes of a body that was said to have `whole` of them. One that was not said to have that many
/// grows as vectors do.
fn make_room(rest: &mut BytesMut, so_far: usize, whole: usize) {
    if so_far > rest.capacity() {
        let ahead = so_far.saturating_mul(ROOM_AHEAD).min(whole);
        rest.reserve(ahead.saturating_sub(rest.len()));
    }
}

/// Whether a body of which so much has come in that time is not worth waiting for.
pub fn is_too_slow(elapsed: Duration, bytes: usize) -> bool {
    elapsed > BODY_RATE_GRACE && (bytes as u64) < elapsed.as_secs() * BODY_BYTES_PER_SECOND_MIN
}

/// Its caller pauses.
pub fn too_slow() -> Error {
    Error::bad_request("The request body came too slowly.")
}

/// It is longer than bodies may be.
pub fn too_large(limits: &Limits) -> Error {
    let megabytes = limits.body_bytes_max >> 20;
    Error::new(Code::RequestTooLarge, format!("The request body is larger than {megabytes} MiB."))
}

/// Its caller left off.
pub fn broke_off() -> Error {
    Error::bad_request("The request body broke off.")
}

#[cfg(test)]
mod tests;
