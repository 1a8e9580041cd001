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
    /// Open connections of one address; `None` for a quarter of all. Loopback has no such bound: proxies sit there.
    pub connections_per_peer_max: Option<usize>,
    /// File descriptors that the process may have open.
    pub descriptors_max: usize,
    /// Time to read a request's head; for the first one, from the moment the connection is accepted.
    pub header_read: Duration,
    /// How long a connection may stay open between requests. Longer than clients' and proxies' pools keep theirs
    /// (60 s is usual), so that they close first and no request meets a closing connection.
    pub connection_idle: Duration,
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
    /// Workspaces, and as many platform keys, that are remembered as the store has them.
    pub workspaces_in_memory: usize,
    /// Tokens of a stream's output that are held at first, and then at a time, where they can be counted while they pass.
    pub hold_slice: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes_max: 32 << 20,
            bodies_bytes_max: 512 << 20,
            connections_max: 16_384,
            connections_per_peer_max: None,
            descriptors_max: usize::MAX,
            header_read: Duration::from_secs(10),
            connection_idle: Duration::from_secs(75),
            body_idle: Duration::from_secs(30),
            connect: Duration::from_secs(10),
            response_head: Duration::from_secs(600),
            stream_idle: Duration::from_secs(600),
            call: Duration::from_secs(3_600),
            drain: Duration::from_secs(30),
            workspaces_in_memory: WORKSPACES_IN_MEMORY,
            hold_slice: 2_048,
        }
    }
}

/// A hundred thousand that are called in turn, and a tenth more: the cache is made of parts, and no part gets exactly
/// its share.
const WORKSPACES_IN_MEMORY: usize = 110_000;

/// File descriptors kept back for the store, the journal, listeners and the pool towards providers.
const DESCRIPTORS_KEPT: usize = 128;
/// What a connection takes while it is called on: its own descriptor and that of the way to the provider.
const DESCRIPTORS_A_CALL: usize = 2;
/// The part of all connections that one address may have, unless configured.
const PEER_SHARE: usize = 4;

impl Limits {
    /// The connections that can be open: as configured, or as many as there are file descriptors for.
    pub fn connections(&self) -> usize {
        let reachable = self.descriptors_max.saturating_sub(DESCRIPTORS_KEPT) / DESCRIPTORS_A_CALL;
        self.connections_max.min(reachable.max(1))
    }

    /// The connections that one address may have.
    pub fn connections_per_peer(&self) -> usize {
        self.connections_per_peer_max.unwrap_or(self.connections() / PEER_SHARE).max(1)
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
/// How often a call may find its workspace changed between deciding and sending.
pub const DECISIONS_MAX: usize = 4;
/// Longest text of the caller that is kept on a receipt (model name, request id).
pub const RECEIPT_TEXT_MAX: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_keep_below_what_descriptors_allow() {
        let limits = Limits { descriptors_max: 1_024, ..Limits::default() };
        assert_eq!((limits.connections(), limits.connections_per_peer()), (448, 112));
        let plenty = Limits { connections_per_peer_max: Some(9), ..Limits::default() };
        assert_eq!((plenty.connections(), plenty.connections_per_peer()), (16_384, 9));
        let none = Limits { descriptors_max: 3, ..Limits::default() };
        assert_eq!((none.connections(), none.connections_per_peer()), (1, 1));
    }
}
