//! Takes the key in use out of what a provider says: the key itself and every part of it that is long enough to
//! matter, also escaped or encoded.

mod forms;
mod matcher;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use matcher::Matcher;

/// What stands in the place of a key.
pub const REDACTED: &[u8] = b"[redacted]";

/// The most a stream holds back. The longest form of a key is a few hundred bytes; only text made of pieces of the
/// key gets near this.
const HELD_MAX: usize = 1 << 10;

/// Removes one secret from bytes. Costs next to nothing where the secret is not: about one look in ten bytes. Making
/// one costs about 10 µs, so make it where there is something to scrub and clone it rather than make it twice.
#[derive(Clone)]
pub struct Scrubber(Arc<Matcher>);

impl Scrubber {
    /// For the key in use. A text of fewer than four characters is no secret and is left alone.
    pub fn new(secret: &[u8]) -> Self {
        Self(Arc::new(Matcher::new(secret)))
    }

    /// The bytes without the secret.
    pub fn scrub<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        let found = self.0.find(bytes);
        if found.is_empty() { Cow::Borrowed(bytes) } else { Cow::Owned(without(bytes, &found)) }
    }

    /// The same for bytes that come in pieces.
    pub fn stream(&self) -> ScrubStream {
        ScrubStream { matcher: Arc::clone(&self.0), held: Vec::new() }
    }
}

/// Removes a secret from a stream. Holds back only an end that could be the beginning of the secret: an event ends
/// in a line end, which no key contains, so events pass without delay.
pub struct ScrubStream {
    matcher: Arc<Matcher>,
    held: Vec<u8>,
}

impl ScrubStream {
    /// The next bytes, cut anywhere; returns what may go on.
    pub fn feed<'a>(&mut self, chunk: &'a [u8]) -> Cow<'a, [u8]> {
        if !self.held.is_empty() {
            self.held.extend_from_slice(chunk);
            let bytes = std::mem::take(&mut self.held);
            return Cow::Owned(self.pass(&bytes).into_owned());
        }
        self.pass(chunk)
    }

    /// What was held back when the stream ended or broke off.
    pub fn finish(self) -> Vec<u8> {
        without(&self.held, &self.matcher.find(&self.held))
    }

    fn pass<'a>(&mut self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        let mut found = self.matcher.find(bytes);
        let mut hold = bytes.len() - self.matcher.open_end(bytes);
        // What was found and may go on, or lies across the place to hold from, is found again with what follows.
        while let Some(last) = found.pop_if(|last| last.end >= hold) {
            hold = hold.min(last.start);
        }
        if bytes.len() - hold > HELD_MAX {
            found = self.matcher.find(bytes);
            hold = bytes.len();
        }
        self.held.extend_from_slice(&bytes[hold..]);
        let bytes = &bytes[..hold];
        if found.is_empty() { Cow::Borrowed(bytes) } else { Cow::Owned(without(bytes, &found)) }
    }
}

fn without(bytes: &[u8], found: &[Range<usize>]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    for place in found {
        out.extend_from_slice(&bytes[at..place.start]);
        out.extend_from_slice(REDACTED);
        at = place.end;
    }
    out.extend_from_slice(&bytes[at..]);
    out
}
