//! How receipts lie in a file: frames, each with its length and checksum, so that what a killed process left half
//! written is told from what is whole.

/// What every frame starts with. 0xFF never occurs in UTF-8, so no receipt holds it, and the next frame can be
/// found behind a damaged one.
const MAGIC: [u8; 4] = [0xFF, b'O', b'K', b'R'];
const LENGTH_AT: usize = MAGIC.len();
const CHECKSUM_AT: usize = LENGTH_AT + 4;
/// Bytes of a frame before its payload.
const FRAME_HEAD: usize = CHECKSUM_AT + 4;
/// The largest frame: a receipt has a few kilobytes, so anything larger is damage or a mistake.
pub(super) const FRAME_MAX: usize = 256 << 10;

/// What the payload of a frame begins with that holds no receipt but what a call costs by now. Receipts are JSON.
pub(super) const EVIDENCE: u8 = b'e';

/// Most receipts fit into that.
const USUAL: usize = 1 << 10;

/// A frame that has no payload yet.
pub(super) fn empty() -> Vec<u8> {
    let mut frame = Vec::with_capacity(USUAL);
    frame.resize(FRAME_HEAD, 0);
    frame
}

/// A frame with that payload, written behind an empty one's head; `None` if it is too large.
pub(super) fn seal(mut frame: Vec<u8>) -> Option<Vec<u8>> {
    if frame.len() > FRAME_MAX {
        return None;
    }
    let length = u32::try_from(frame.len().checked_sub(FRAME_HEAD)?).ok()?.to_le_bytes();
    let checksum = checksum(&length, &frame[FRAME_HEAD..]);
    frame[..LENGTH_AT].copy_from_slice(&MAGIC);
    frame[LENGTH_AT..CHECKSUM_AT].copy_from_slice(&length);
    frame[CHECKSUM_AT..FRAME_HEAD].copy_from_slice(&checksum.to_le_bytes());
    Some(frame)
}

/// A whole frame found in a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found<'a> {
    /// Where it starts; damage lies before it, if it is not where it was looked for.
    pub start: usize,
    pub payload: &'a [u8],
    /// Where it ends.
    pub end: usize,
}

/// The first whole frame at or after `from`.
pub(super) fn find(bytes: &[u8], from: usize) -> Option<Found<'_>> {
    let mut start = from;
    loop {
        if let Some((payload, end)) = at(bytes, start) {
            return Some(Found { start, payload, end });
        }
        let rest = bytes.get(start + 1..)?;
        start += 1 + rest.windows(MAGIC.len()).position(|window| window == MAGIC)?;
    }
}

/// The frame that starts exactly there, if it is whole.
fn at(bytes: &[u8], start: usize) -> Option<(&[u8], usize)> {
    let frame = bytes.get(start..)?;
    let head = frame.get(..FRAME_HEAD)?;
    let length: [u8; 4] = *head.get(LENGTH_AT..)?.first_chunk()?;
    let end = FRAME_HEAD.checked_add(usize::try_from(u32::from_le_bytes(length)).ok()?)?;
    let payload = frame.get(FRAME_HEAD..end).filter(|_| end <= FRAME_MAX)?;
    let sound = head.starts_with(&MAGIC) && head[CHECKSUM_AT..] == checksum(&length, payload).to_le_bytes();
    sound.then_some((payload, start + end))
}

fn checksum(length: &[u8; 4], payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(length);
    hasher.update(payload);
    hasher.finalize()
}
