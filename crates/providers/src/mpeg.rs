//! How long MPEG audio lasts by its frames: what is charged for sound of which a service tells nothing. It is no less than
//! what is in the frames, so that nobody makes his sound shorter by what he writes around them.

use std::time::Duration;

/// Bit rates in kbit/s by the four bits that name them: of the second layer of MPEG-1, of its third, and of both in MPEG-2.
const SECOND: [u32; 14] = [32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384];
const THIRD: [u32; 14] = [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
const LOW: [u32; 14] = [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
/// Samples a second of MPEG-1; MPEG-2 has half of them, MPEG-2.5 a quarter.
const SAMPLES: [u32; 3] = [44_100, 48_000, 32_000];

/// A frame, by its head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Frame {
    length: usize,
    lasts: Duration,
    bytes_per_second: u64,
}

/// The seconds of a file, begun ones too; `None` if no frame is in it. What belongs to no frame is taken for as long as it
/// would last at the lowest rate of those that are there.
pub fn seconds(file: &[u8]) -> Option<u64> {
    let (mut rest, mut lasts, mut skipped, mut slowest) = (without_tag(file), Duration::ZERO, 0u64, None::<u64>);
    while let Some((_, behind)) = rest.split_first() {
        rest = match Frame::at(rest) {
            Some(frame) => {
                lasts = lasts.saturating_add(frame.lasts);
                slowest = Some(slowest.map_or(frame.bytes_per_second, |slowest| slowest.min(frame.bytes_per_second)));
                rest.get(frame.length..).unwrap_or_default()
            }
            None => {
                skipped = skipped.saturating_add(1);
                behind
            }
        };
    }
    let lasts = lasts.saturating_add(Duration::from_nanos(skipped.saturating_mul(1_000_000_000).div_ceil(slowest?)));
    Some(lasts.as_secs().saturating_add(u64::from(lasts.subsec_nanos() > 0)))
}

/// What stands behind a tag at the beginning, if that is audio.
fn without_tag(file: &[u8]) -> &[u8] {
    let behind = |tag: &[u8]| -> Option<usize> {
        // Seven bits a byte.
        let length: [u8; 4] = *tag.get(3..)?.first_chunk()?;
        Some(10 + length.iter().fold(0, |sum, byte| (sum << 7) | usize::from(byte & 0x7F)))
    };
    let audio = file.strip_prefix(b"ID3").and_then(behind).and_then(|length| file.get(length..));
    audio.filter(|audio| Frame::at(audio).is_some()).unwrap_or(file)
}

impl Frame {
    /// The frame that begins there.
    fn at(bytes: &[u8]) -> Option<Self> {
        let [sync, kind, rates, _] = *bytes.first_chunk::<4>()?;
        if sync != 0xFF || kind & 0xE0 != 0xE0 {
            return None;
        }
        // MPEG-1, 2 or 2.5, and the third layer or the second.
        let shift = match kind & 0x18 {
            0x18 => 0,
            0x10 => 1,
            0x00 => 2,
            _ => return None,
        };
        let is_third = match kind & 0x06 {
            0x02 => true,
            0x04 => false,
            _ => return None,
        };
        let (table, is_short) = match (shift, is_third) {
            (0, true) => (THIRD, false),
            (0, false) => (SECOND, false),
            (_, is_third) => (LOW, is_third),
        };
        let kbits = *table.get(usize::from(rates >> 4).checked_sub(1)?)?;
        let rate = *SAMPLES.get(usize::from(rates >> 2 & 3))? >> shift;
        let samples: u32 = if is_short { 576 } else { 1_152 };
        // Eight bits a byte, a thousand a kbit.
        let length = (samples * 125 * kbits).checked_div(rate)? + u32::from(rates >> 1 & 1);
        Some(Self {
            length: usize::try_from(length).ok()?,
            lasts: Duration::from_nanos(u64::from(samples) * 1_000_000_000).checked_div(rate)?,
            bytes_per_second: u64::from(kbits) * 125,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(head: [u8; 4], count: usize) -> Vec<u8> {
        let length = Frame::at(&head).unwrap().length;
        let frame = [&head[..], &vec![0; length - 4]].concat();
        frame.repeat(count)
    }

    #[test]
    fn frames_last_as_long_as_their_samples() {
        // MPEG-1 at 128 kbit/s and at 320, MPEG-2 at 24, MPEG-2.5 at 8, and the second layer: frames of a known time each.
        for (head, length, count, lasts) in [
            ([0xFF, 0xFB, 0x90, 0x00], 417, 383, 11),
            ([0xFF, 0xFB, 0xE4, 0x00], 960, 500, 12),
            ([0xFF, 0xF3, 0x34, 0xC4], 72, 1_000, 24),
            ([0xFF, 0xE3, 0x18, 0xC4], 72, 100, 8),
            ([0xFF, 0xFD, 0x84, 0x00], 384, 1_000, 24),
        ] {
            assert_eq!(Frame::at(&head).unwrap().length, length, "{head:?}");
            assert_eq!(seconds(&frames(head, count)), Some(lasts), "{head:?}");
        }
    }

    #[test]
    fn nothing_around_the_frames_makes_them_shorter() {
        let (fast, slow) = (frames([0xFF, 0xFB, 0xE4, 0x00], 100), frames([0xFF, 0xE3, 0x18, 0xC4], 100));
        let tag = b"ID3\x04\0\0\0\0\0\x02ab".to_vec();
        assert_eq!(seconds(&[tag, fast.clone()].concat()), seconds(&fast));
        // Slow frames behind fast ones, behind rubbish, or in what a tag claims for itself.
        for before in [fast.clone(), vec![0; 50], b"ID3\x04\0\0\0\x7F\x7F\x7F".to_vec()] {
            assert!(seconds(&[before.clone(), slow.clone()].concat()) >= Some(8), "{before:?}");
        }
        let rubbish = |head: &[u8]| seconds(&[head, &[0; 160_000]].concat());
        assert_eq!(rubbish(&frames([0xFF, 0xFB, 0x90, 0x00], 1)), Some(11), "at the rate of its frame");
        assert_eq!(rubbish(&slow), Some(8 + 160));
    }

    #[test]
    fn what_has_no_frame_tells_nothing() {
        for head in [[0; 4], [0xFE, 0xFB, 0x90, 0], [0xFF, 0xF1, 0x50, 0x80], [0xFF, 0xFB, 0, 0], [0xFF, 0xFB, 0xF0, 0]]
        {
            assert_eq!(seconds(&head), None, "{head:?}");
        }
        assert_eq!((seconds(b""), seconds(&[0xFF, 0xFB, 0x9C, 0]), seconds(b"ID3")), (None, None, None));
    }
}
