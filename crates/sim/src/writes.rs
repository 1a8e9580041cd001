//! How the bytes of an answer are cut into writes, and gzip.

use std::time::Duration;

use bytes::Bytes;

use crate::body::{Script, Step};
use crate::digest::crc32;
use crate::log::Mark;

/// The same bytes in writes of at most so many, of pseudo-random size: they
/// end inside of lines and of UTF-8 sequences.
pub fn in_pieces(script: Script, most: usize) -> Script {
    let mut state = 0x2545_f491_u32;
    Box::new(script.flat_map(move |step| match step {
        Step::Send(bytes, mark) => cut(bytes, mark, || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            1 + (state >> 16) as usize % most
        }),
        other => vec![other],
    }))
}

fn cut(mut bytes: Bytes, mark: Mark, mut size: impl FnMut() -> usize) -> Vec<Step> {
    let mut steps = Vec::new();
    loop {
        let size = size();
        if size >= bytes.len() {
            steps.push(Step::Send(bytes, mark));
            return steps;
        }
        steps.push(Step::Send(bytes.split_to(size), Mark::default()));
        steps.push(Step::Flush);
    }
}

/// So long that what was written is read before the next write comes.
const APART: Duration = Duration::from_millis(1);

/// Bytes in writes of so many, each on its own; in one if nothing is said.
pub fn apart(bytes: &Bytes, size: Option<usize>) -> Vec<Step> {
    let size = size.unwrap_or(bytes.len()).max(1);
    let piece = |piece: &[u8]| [Step::Send(bytes.slice_ref(piece), Mark::default()), Step::Flush, Step::Pause(APART)];
    let mut steps: Vec<Step> = bytes.chunks(size).flat_map(piece).collect();
    steps.truncate(steps.len().saturating_sub(2));
    steps
}

/// A whole gzip file whose bytes are nowhere in it as they are: the fixed
/// Huffman codes put all of them beside the byte boundaries.
pub fn coded(bytes: &[u8]) -> Bytes {
    let mut out = HEADER.to_vec();
    let (mut held, mut count) = (0b011_u32, 3);
    let literal = |byte: u8| match byte {
        0..=143 => (0x30 + u32::from(byte), 8),
        144..=255 => (0x190 + u32::from(byte - 144), 9),
    };
    // The end of the block is seven zero bits.
    for (code, length) in bytes.iter().map(|byte| literal(*byte)).chain([(0, 7)]) {
        held |= (code.reverse_bits() >> (32 - length)) << count;
        count += length;
        while count >= 8 {
            out.extend_from_slice(&held.to_le_bytes()[..1]);
            held >>= 8;
            count -= 8;
        }
    }
    out.extend_from_slice(&held.to_le_bytes()[..usize::from(count > 0)]);
    out.extend_from_slice(&crc32(0, bytes).to_le_bytes());
    out.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.into()
}

/// What a gzip file begins with.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];

/// The same bytes in the gzip format, not compressed.
pub fn gzipped(script: Script) -> Script {
    Box::new(Gzip { script, crc: 0, length: 0, started: false, ended: false })
}

struct Gzip {
    script: Script,
    crc: u32,
    length: u32,
    started: bool,
    ended: bool,
}

impl Gzip {
    fn wrap(&mut self, bytes: &[u8], last: bool) -> Bytes {
        let mut out = Vec::new();
        if !std::mem::replace(&mut self.started, true) {
            out.extend_from_slice(&HEADER);
        }
        for part in bytes.chunks(0xffff) {
            stored(&mut out, part, false);
        }
        self.crc = crc32(self.crc, bytes);
        self.length = self.length.wrapping_add(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        if last {
            stored(&mut out, b"", true);
            out.extend_from_slice(&self.crc.to_le_bytes());
            out.extend_from_slice(&self.length.to_le_bytes());
        }
        out.into()
    }
}

/// One block of deflate that is stored as it is.
fn stored(out: &mut Vec<u8>, part: &[u8], last: bool) {
    let length = u16::try_from(part.len()).unwrap_or(u16::MAX);
    out.push(u8::from(last));
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&(!length).to_le_bytes());
    out.extend_from_slice(part);
}

impl Iterator for Gzip {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        match self.script.next() {
            Some(Step::Send(bytes, mark)) => Some(Step::Send(self.wrap(&bytes, false), mark)),
            Some(other) => Some(other),
            None if std::mem::replace(&mut self.ended, true) => None,
            None => Some(Step::Send(self.wrap(b"", true), Mark::default())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{coded, stored};

    #[test]
    fn coded_bytes_are_not_seen_and_have_the_length_of_their_codes() {
        let text = "the key sk-proj-sim-ok-0123456789, Grüße";
        let file = coded(text.as_bytes());
        assert!(!file.windows(4).any(|window| text.as_bytes().windows(4).any(|piece| piece == window)));
        // An empty block of fixed codes, as zlib writes it.
        assert_eq!(&coded(b"")[10..12], [3, 0]);
        // "a" by zlib.
        assert_eq!(&coded(b"a")[10..13], [0x4b, 0x04, 0x00]);
        let mut block = Vec::new();
        stored(&mut block, b"a", true);
        assert_eq!(block, [1, 1, 0, 0xfe, 0xff, b'a']);
    }
}
