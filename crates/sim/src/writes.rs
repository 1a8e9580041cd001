//! How the bytes of an answer are cut into writes, and gzip.

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
            out.extend_from_slice(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
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
