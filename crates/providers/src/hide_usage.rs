//! Takes the usage chunk out of a chat stream for a caller who did not ask for it. Ownkey asks for it on every
//! stream; everything else stays byte for byte, `"usage":null` in the other chunks included.

use bytes::Bytes;

use crate::json::Json;
use crate::sse::{Boundaries, field};
use crate::stream::{USAGE, has_object};

/// The longest event held back to be looked at whole. A usage chunk is under one KiB; what is longer is content
/// and passes.
const EVENT_HELD_MAX: usize = 16 << 10;

/// Removes the usage chunk. An event that is not all there yet is held back: a caller could not use a part of it.
pub struct UsageHider {
    boundaries: Boundaries,
    held: Vec<u8>,
    /// The event that is passing turned out too long to be held.
    passing: bool,
    hides: bool,
}

impl Default for UsageHider {
    fn default() -> Self {
        Self::new()
    }
}

impl UsageHider {
    /// For one stream.
    pub fn new() -> Self {
        Self { boundaries: Boundaries::new(), held: Vec::new(), passing: false, hides: true }
    }

    /// One that takes nothing out and only holds events back until they are whole.
    pub fn holding_only() -> Self {
        Self { hides: false, ..Self::new() }
    }

    /// The next bytes, cut anywhere; returns what may go on to the caller.
    pub fn feed(&mut self, chunk: Bytes) -> Bytes {
        let mut out = Output { chunk: &chunk, kept_from: 0, copied: None };
        let mut at = 0;
        while let Some(len) = self.boundaries.next(&chunk[at..]) {
            self.event(at..at + len, &mut out);
            at += len;
        }
        self.rest(at, &mut out);
        out.finish()
    }

    /// Whether an event is passing that was too long to be held: a part of it is out.
    pub fn is_passing(&self) -> bool {
        self.passing
    }

    /// What was held back when the stream ended or broke off.
    pub fn finish(self) -> Bytes {
        self.held.into()
    }

    /// An event that ends in this chunk.
    fn event(&mut self, place: std::ops::Range<usize>, out: &mut Output<'_>) {
        let passing = std::mem::take(&mut self.passing);
        if self.held.is_empty() {
            let event = &out.chunk[place.clone()];
            if !passing && self.is_usage(event) {
                let kept = previous_end(event);
                out.drop(place.start + kept.len()..place.end);
            }
            return;
        }
        let mut event = std::mem::take(&mut self.held);
        event.extend_from_slice(&out.chunk[place.clone()]);
        out.drop(place);
        out.push(if self.is_usage(&event) { previous_end(&event) } else { &event });
    }

    /// The beginning of an event whose end has not come.
    fn rest(&mut self, at: usize, out: &mut Output<'_>) {
        let rest = &out.chunk[at..];
        if self.passing || rest.is_empty() {
            return;
        }
        out.drop(at..out.chunk.len());
        self.held.extend_from_slice(rest);
        if self.held.len() > EVENT_HELD_MAX {
            out.push(&std::mem::take(&mut self.held));
            self.passing = true;
        }
    }

    /// Whether it is the chunk with the usage and nothing else.
    fn is_usage(&self, event: &[u8]) -> bool {
        if !self.hides || !has_object(event, &USAGE) {
            return false;
        }
        let mut lines = event.split(|b| matches!(b, b'\n' | b'\r')).filter(|line| !line.is_empty());
        let (Some(line), None) = (lines.next(), lines.next()) else { return false };
        let chunk = field(line, "data").and_then(Json::read).unwrap_or_default();
        chunk["usage"].is_object() && chunk["choices"].as_list().is_some_and(<[_]>::is_empty)
    }
}

/// A line feed at the very start is the second half of the line end before, which was cut in two.
fn previous_end(event: &[u8]) -> &[u8] {
    &event[..usize::from(event.starts_with(b"\n"))]
}

/// What goes on: the chunk itself while nothing was taken out of it, else a copy of what is left.
struct Output<'a> {
    chunk: &'a Bytes,
    /// From here on the chunk has not been copied or dropped.
    kept_from: usize,
    copied: Option<Vec<u8>>,
}

impl Output<'_> {
    fn drop(&mut self, place: std::ops::Range<usize>) {
        let before = &self.chunk[self.kept_from..place.start];
        self.copied.get_or_insert_default().extend_from_slice(before);
        self.kept_from = place.end;
    }

    fn push(&mut self, bytes: &[u8]) {
        self.copied.get_or_insert_default().extend_from_slice(bytes);
    }

    fn finish(self) -> Bytes {
        let rest = &self.chunk[self.kept_from..];
        match self.copied {
            None => self.chunk.clone(),
            Some(mut copied) => {
                copied.extend_from_slice(rest);
                copied.into()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DELTA: &str = "data: {\"choices\":[{\"delta\":{\"content\":\"\\\"usage\\\":{\"}}],\"usage\":null}\n\n";
    const USAGE: &str = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1}}\n\n";
    const DONE: &str = "data: [DONE]\n\n";

    fn hide(pieces: &[&[u8]]) -> Vec<u8> {
        let mut hider = UsageHider::new();
        let mut out: Vec<u8> = pieces.iter().flat_map(|piece| hider.feed(Bytes::copy_from_slice(piece))).collect();
        out.extend_from_slice(&hider.finish());
        out
    }

    #[test]
    fn only_the_usage_chunk_goes() {
        let stream = format!("{DELTA}: comment\n\n{DELTA}{USAGE}{DONE}");
        let expected = format!("{DELTA}: comment\n\n{DELTA}{DONE}");
        assert_eq!(hide(&[stream.as_bytes()]), expected.as_bytes());
        let crlf = (stream.replace('\n', "\r\n"), expected.replace('\n', "\r\n"));
        assert_eq!(hide(&[crlf.0.as_bytes()]), crlf.1.as_bytes());
    }

    #[test]
    fn what_only_resembles_it_stays() {
        for event in [
            "data: {\"choices\":[],\"usage\":null}\n\n",
            "data: {\"choices\":[{\"index\":0}],\"usage\":{\"prompt_tokens\":1}}\n\n",
            "data: {\"choices\":[],\"prompt_filter_results\":[]}\n\n",
            "data: {\"usage\":{\"prompt_tokens\":1}}\n\n",
            "data: {\"choices\":[],\"usage\":{\n\n",
            "data: {\"choices\":[],\ndata: \"usage\":{}}\n\n",
            "data: {\"choices\":[],\"usage\":{}}",
        ] {
            assert_eq!(hide(&[event.as_bytes()]), event.as_bytes(), "{event}");
        }
    }

    #[test]
    fn a_chunk_with_nothing_to_hide_is_not_copied() {
        let chunk = Bytes::from_static(DELTA.as_bytes());
        assert_eq!(UsageHider::new().feed(chunk.clone()).as_ptr(), chunk.as_ptr());
    }

    #[test]
    fn memory_is_bounded_and_nothing_is_lost() {
        let long = format!("data: {{\"choices\":[],\"usage\":{{\"x\":\"{}\"}}}}\n\n", "y".repeat(3 * EVENT_HELD_MAX));
        let stream = format!("{long}{USAGE}{DELTA}");
        let mut hider = UsageHider::new();
        let mut out = Vec::new();
        for piece in stream.as_bytes().chunks(1000) {
            out.extend_from_slice(&hider.feed(Bytes::copy_from_slice(piece)));
            assert!(hider.held.len() <= EVENT_HELD_MAX);
            // As long as a part of the long one is out and the rest is not.
            assert_eq!(hider.is_passing(), (1..long.len()).contains(&out.len()));
        }
        assert_eq!(out, format!("{long}{DELTA}").as_bytes());
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same_bytes(
            events in prop::collection::vec(prop::sample::select(vec![DELTA, USAGE, DONE, ": c\n\n", "\r\n", "data: \r\n\r\n"]), 0..6),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        ) {
            let stream = events.concat();
            let mut at: Vec<_> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
            at.sort_unstable();
            let ends = at.iter().copied().chain([stream.len()]);
            let starts = [0].into_iter().chain(at.iter().copied());
            let pieces: Vec<_> = starts.zip(ends).map(|(start, end)| &stream.as_bytes()[start..end]).collect();
            let expected: String = events.iter().filter(|event| **event != USAGE).copied().collect();
            prop_assert_eq!(hide(&pieces), expected.as_bytes());
        }
    }
}
