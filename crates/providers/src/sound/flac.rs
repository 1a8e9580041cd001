//! FLAC (RFC 9639), as a file or in Ogg.
//!
//! Frames do not say how long they are, so whatever looks like the head of one counts: no reader begins a frame without
//! its mark and its checksum.

use memchr::memmem::find_iter;

use super::{Nanos, lasting};

pub const MARK: &[u8] = b"fLaC";
/// Samples a second, by the code in a frame's head.
const RATES: [u32; 12] = [0, 88_200, 176_400, 192_000, 8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000];

/// What such a file comes to.
pub struct Flac {
    /// How long it lasts at most.
    pub lasts: Nanos,
    /// The fewest samples that its descriptions make a second.
    pub rate: u32,
}

/// How long such a file lasts at most.
pub fn lasts(file: &[u8]) -> Option<Nanos> {
    read(file).map(|flac| flac.lasts)
}

/// Of all that is of that format in some bytes; nothing if nothing there describes it.
pub fn read(file: &[u8]) -> Option<Flac> {
    let (mut rate, mut says) = (None::<u32>, 0);
    for at in find_iter(file, MARK) {
        let Some(described) = file.get(at..).and_then(description) else { continue };
        let (samples_a_second, samples) = described?;
        says = says.max(lasting(samples, samples_a_second)?);
        rate = Some(rate.map_or(samples_a_second, |rate| rate.min(samples_a_second)));
    }
    let rate = rate?;
    let frames = memchr::memchr_iter(0xFF, file).filter_map(|at| file.get(at..).and_then(|bytes| frame(bytes, rate)));
    Some(Flac { lasts: frames.fold(0, Nanos::saturating_add).max(says), rate })
}

/// The rate and the number of samples that a stream tells of itself; there is none behind another mark, and no rate in a
/// broken one.
fn description(bytes: &[u8]) -> Option<Option<(u32, Nanos)>> {
    let [kind, 0, 0, 34, block @ ..] = bytes.get(MARK.len()..)? else { return None };
    let told = u64::from_be_bytes(*block.get(10..)?.first_chunk()?);
    (kind & 0x7F == 0).then(|| {
        let rate = u32::try_from(told >> 44).ok().filter(|rate| *rate > 0)?;
        Some((rate, Nanos::from(told & 0xF_FFFF_FFFF)))
    })
}

/// How long the frame lasts that begins here, if one does.
fn frame(bytes: &[u8], rate: u32) -> Option<Nanos> {
    let [0xFF, 0xF8 | 0xF9, codes, _, number, ..] = *bytes.first_chunk::<5>()? else { return None };
    // A number of one to seven bytes, as UTF-8 has them.
    let digits = match number.leading_ones() {
        0 => 1,
        ones @ 2..=7 => usize::try_from(ones).ok()?,
        _ => return None,
    };
    let mut end = 4 + digits;
    let mut more = |bytes_more: usize| {
        let read = bytes.get(end..end + bytes_more)?.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte));
        end += bytes_more;
        Some(read)
    };
    let samples = match codes >> 4 {
        0 => return None,
        1 => 192,
        code @ 2..=5 => 576 << (code - 2),
        6 => more(1)? + 1,
        7 => more(2)? + 1,
        code => 256 << (code - 8),
    };
    let own = match codes & 0x0F {
        12 => more(1)? * 1_000,
        13 => more(2)?,
        14 => more(2)? * 10,
        15 => return None,
        code => *RATES.get(usize::from(code))?,
    };
    let is_whole = crc(bytes.get(..end)?) == *bytes.get(end)?;
    // Readers may keep to the rate of the frame or to that of the stream.
    let slowest = if own == 0 { rate } else { rate.min(own) };
    if is_whole { lasting(samples.into(), slowest) } else { None }
}

/// The checksum of a frame's head: the polynomial x^8 + x^2 + x + 1.
fn crc(head: &[u8]) -> u8 {
    head.iter().fold(0, |sum, byte| {
        (0..8).fold(sum ^ byte, |sum, _| if sum & 0x80 == 0 { sum << 1 } else { (sum << 1) ^ 0x07 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file that tells so many samples a second and in all, with frames of these heads.
    fn file(rate: u64, samples: u64, frames: &[&[u8]]) -> Vec<u8> {
        let told = (rate << 44 | 15 << 36 | samples).to_be_bytes();
        let mut file = [MARK, &[0x80, 0, 0, 34], &[0; 10], &told, &[0; 16]].concat();
        for head in frames {
            file.extend_from_slice(head);
            file.extend_from_slice(&[crc(head), 1, 2, 3]);
        }
        file
    }

    fn millis(file: &[u8]) -> Option<Nanos> {
        lasts(file).map(|nanos| nanos.div_ceil(1_000_000))
    }

    #[test]
    fn frames_tell_how_long_they_are() {
        // 4,096 samples at the rate of the stream, 1,152 at 48 kHz, 100 and 16,000 at rates that stand behind.
        let heads: [&[u8]; 4] = [
            &[0xFF, 0xF8, 0xC0, 0x08, 0],
            &[0xFF, 0xF8, 0x3A, 0x08, 0xC2, 0x80],
            &[0xFF, 0xF9, 0x6C, 0x08, 0, 99, 16],
            &[0xFF, 0xF9, 0x7D, 0x08, 0, 0x3E, 0x7F, 0x3E, 0x80],
        ];
        assert_eq!(heads.map(|head| millis(&file(48_000, 0, &[head]))), [86, 24, 7, 1_000].map(Some));
        assert_eq!(millis(&file(48_000, 0, &heads)), Some(1_116));
        // What it says if that is more; the slower of two rates.
        assert_eq!(millis(&file(48_000, 960_000, &heads)), Some(20_000));
        assert_eq!(millis(&file(8_000, 0, &heads[1..2])), Some(144));
    }

    #[test]
    fn what_is_no_frame_does_not_count() {
        let head = [0xFF, 0xF8, 0xC0, 0x08, 0];
        let mut broken = file(48_000, 0, &[&head]);
        let checksum = broken.len() - 4;
        broken[checksum] ^= 1;
        assert_eq!(millis(&broken), Some(0));
        assert_eq!(millis(&file(0, 0, &[&head])), None, "no rate");
        assert_eq!(millis(b"fLaC\0\0\0\x22"), None, "cut off");
        // A second description may be the one that a reader takes.
        let two = [file(48_000, 0, &[&head]), file(4_000, 0, &[])].concat();
        assert_eq!(millis(&two), Some(1_024));
    }
}
