//! What came in and what became of it.

use std::collections::VecDeque;
use std::io::Write;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde_json::Value;

use crate::bill::{Bill, decimal};
use crate::clock::now_ms;
use crate::provider::Provider;

/// Older entries are forgotten beyond this many,
const KEEP: usize = 200_000;
/// and beyond this many bytes of bodies.
const KEEP_BODIES: usize = 256 * 1024 * 1024;
/// Longer bodies are kept as a digest only. What coding agents send is shorter.
pub const KEEP_BODY: usize = 128 * 1024;

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Still going on.
    Open,
    /// Everything was written.
    Complete,
    /// The caller went away first.
    Cancelled,
    /// We broke it off on purpose.
    Failed,
}

/// One call.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// Position in the log, from 1.
    pub seq: u64,
    /// The request id sent in the answer.
    pub id: String,
    /// The caller's `x-client-request-id`.
    pub client_request_id: Option<String>,
    /// Which port.
    pub provider: Provider,
    /// HTTP method.
    pub method: String,
    /// Path as sent.
    pub path: String,
    /// Query as sent.
    pub query: Option<String>,
    /// Headers as received.
    pub headers: Vec<(String, String)>,
    /// Credential as received.
    pub key: Option<String>,
    /// Length of the request body.
    pub body_len: usize,
    /// SHA-256 of the request body.
    pub body_sha256: Option<String>,
    /// The request body, if it is short.
    pub body: Option<String>,
    /// The model asked for.
    pub model: Option<String>,
    /// Whether a stream was asked for.
    pub stream: bool,
    /// Status of the answer.
    pub status: Option<u16>,
    /// Usage as it was on the wire.
    pub usage: Option<Value>,
    /// What the provider bills; `null` if the price is not known here.
    pub cost_usd: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// Head received.
    pub started_ms: u64,
    /// Last byte written, or broken off.
    pub ended_ms: Option<u64>,
    /// Bytes of the answer's body handed to the connection.
    pub bytes_sent: u64,
}

/// Totals since the start.
#[derive(Clone, Debug, Serialize)]
pub struct Stats {
    /// Calls going on.
    pub open: u64,
    /// The most calls at once.
    pub peak_open: u64,
    /// Calls so far.
    pub total: u64,
    /// What the providers bill for them, as far as their prices are known here.
    pub bill_usd: String,
}

/// The log of all calls.
#[derive(Default)]
pub struct Log {
    entries: Mutex<VecDeque<Arc<Mutex<Entry>>>>,
    bodies: AtomicUsize,
    seq: AtomicU64,
    open: AtomicU64,
    peak_open: AtomicU64,
    bill: Mutex<u128>,
    file: Option<Mutex<std::fs::File>>,
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Log {
    /// A log that also writes each ended call to a file as one JSON line.
    pub fn new(file: Option<std::fs::File>) -> Self {
        Self { file: file.map(Mutex::new), ..Self::default() }
    }

    /// The number of the next call.
    pub fn next_seq(&self) -> u64 {
        self.seq.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Records a call whose head has arrived.
    pub fn begin(self: &Arc<Self>, entry: Entry) -> Recorder {
        let open = self.open.fetch_add(1, Ordering::Relaxed) + 1;
        self.peak_open.fetch_max(open, Ordering::Relaxed);
        let entry = Arc::new(Mutex::new(entry));
        let mut entries = lock(&self.entries);
        entries.push_back(Arc::clone(&entry));
        while entries.len() > KEEP || (self.bodies.load(Ordering::Relaxed) > KEEP_BODIES && entries.len() > 1) {
            let Some(oldest) = entries.pop_front() else { break };
            self.forget_body(&oldest);
        }
        Recorder { log: Arc::clone(self), entry, bill: None, fee: 0, ended: false }
    }

    /// The calls after a position.
    pub fn since(&self, seq: u64) -> Vec<Entry> {
        let entries: Vec<_> = lock(&self.entries).iter().map(Arc::clone).collect();
        entries.iter().map(|entry| lock(entry).clone()).filter(|entry| entry.seq > seq).collect()
    }

    /// Forgets the calls so far; totals stay.
    pub fn clear(&self) {
        let entries = std::mem::take(&mut *lock(&self.entries));
        entries.iter().for_each(|entry| self.forget_body(entry));
    }

    fn forget_body(&self, entry: &Mutex<Entry>) {
        let freed = lock(entry).body.take().map_or(0, |body| body.len());
        self.bodies.fetch_sub(freed, Ordering::Relaxed);
    }

    /// The totals.
    pub fn stats(&self) -> Stats {
        Stats {
            open: self.open.load(Ordering::Relaxed),
            peak_open: self.peak_open.load(Ordering::Relaxed),
            total: self.seq.load(Ordering::Relaxed),
            bill_usd: decimal(*lock(&self.bill)),
        }
    }
}

/// What is known once some bytes of an answer are out.
#[derive(Clone, Debug, Default)]
pub struct Mark {
    /// Output tokens so far.
    pub output: Option<u64>,
    /// Usage the bytes carry.
    pub usage: Option<Value>,
}

/// Follows one call; a call that is dropped before its end was cancelled.
pub struct Recorder {
    log: Arc<Log>,
    entry: Arc<Mutex<Entry>>,
    bill: Option<(Bill, u64)>,
    /// What is billed that is no model, in pico-USD.
    fee: u64,
    ended: bool,
}

impl Recorder {
    /// Changes the entry.
    pub fn note(&self, change: impl FnOnce(&mut Entry)) {
        change(&mut lock(&self.entry));
    }

    /// The request's body, which is now read.
    pub fn body(&self, body: Option<String>) {
        self.log.bodies.fetch_add(body.as_ref().map_or(0, String::len), Ordering::Relaxed);
        self.note(|entry| entry.body = body);
    }

    /// From now on the call is billed.
    pub fn bill(&mut self, bill: Bill) {
        self.bill = Some((bill, 0));
    }

    /// From now on the call costs this, in pico-USD, whatever it gives.
    pub fn charge(&mut self, fee: u64) {
        self.fee = fee;
    }

    /// Some bytes went out.
    pub fn sent(&mut self, bytes: usize, mark: Mark) {
        if let (Some((_, output)), Some(now)) = (&mut self.bill, mark.output) {
            *output = now;
        }
        let mut entry = lock(&self.entry);
        entry.bytes_sent += bytes as u64;
        match (&mut entry.usage, mark.usage) {
            // A later usage replaces the members it has and keeps the rest.
            (Some(Value::Object(known)), Some(Value::Object(new))) => {
                known.extend(new.into_iter().filter(|(_, value)| !value.is_null()));
            }
            (known, Some(new)) => *known = Some(new),
            (_, None) => {}
        }
    }

    /// The call has ended.
    pub fn end(&mut self, outcome: Outcome) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        let cost = self.bill.as_ref().map_or(Some(0), |(bill, output)| bill.pico_usd(*output));
        let cost = cost.map(|cost| cost + u128::from(self.fee));
        *lock(&self.log.bill) += cost.unwrap_or(0);
        self.log.open.fetch_sub(1, Ordering::Relaxed);
        let mut entry = lock(&self.entry);
        entry.cost_usd = cost.map(decimal);
        entry.outcome = outcome;
        entry.ended_ms = Some(now_ms());
        if let (Some(file), Ok(mut line)) = (&self.log.file, serde_json::to_vec(&*entry)) {
            line.push(b'\n');
            // A full disk must not stop the simulator; the control port has it all.
            let _ = lock(file).write_all(&line);
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.end(Outcome::Cancelled);
    }
}
