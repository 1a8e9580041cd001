//! Every bound and time-out of the data plane, with its default.

use std::time::Duration;

/// Bounds on what a call may take.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Largest request body.
    pub body_bytes_max: usize,
    /// All request bodies in memory at once.
    pub bodies_bytes_max: usize,
    /// Open connections.
    pub connections_max: usize,
    /// Time to read a request's head.
    pub header_read: Duration,
    /// Longest pause within a request body.
    pub body_idle: Duration,
    /// Time to connect to a provider.
    pub connect: Duration,
    /// Time until the provider's head.
    pub response_head: Duration,
    /// Longest pause within an answer.
    pub stream_idle: Duration,
    /// Longest call.
    pub call: Duration,
    /// How long calls may go on after the server was told to stop.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes_max: 32 << 20,
            bodies_bytes_max: 512 << 20,
            connections_max: 16_384,
            header_read: Duration::from_secs(10),
            body_idle: Duration::from_secs(30),
            connect: Duration::from_secs(10),
            response_head: Duration::from_secs(600),
            stream_idle: Duration::from_secs(600),
            call: Duration::from_secs(3_600),
            drain: Duration::from_secs(30),
        }
    }
}

/// A body slower than this after [`BODY_RATE_GRACE`] is cut off: it only holds memory.
pub const BODY_BYTES_PER_SECOND_MIN: u64 = 16 << 10;
/// How long a body may be slower.
pub const BODY_RATE_GRACE: Duration = Duration::from_secs(10);
/// How long a call waits for room in memory for its body.
pub const BODY_ROOM_WAIT: Duration = Duration::from_secs(5);
/// A plain answer up to this size is taken whole before its head goes out, so that waiting for the receipt
/// costs no second write.
pub const SHORT_ANSWER_BYTES: u64 = 64 << 10;
/// What is read of a provider's error body.
pub const ERROR_BODY_BYTES_MAX: usize = 256 << 10;
/// How often a call may find its key replaced between deciding and sending.
pub const DECISIONS_MAX: usize = 4;
/// Longest text of the caller that is kept on a receipt (model name, request id).
pub const RECEIPT_TEXT_MAX: usize = 256;
