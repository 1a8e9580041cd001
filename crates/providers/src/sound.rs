//! How long sound can be at most, by its bytes. Plain samples tell by their head how many make a second, and MPEG audio has
//! a lowest rate. What is packed tells by its packets, each taken for the longest that it can be, and what its container says
//! of its length counts only if that is more: its sender has written it.
//!
//! Whoever plays a file may skip what he can't read, or look for more behind it, and not two do so alike. So this is no
//! demuxer that finds what one player would: what any of them could take for a packet counts.

mod flac;
mod mp4;
mod ogg;
mod packet;
mod wave;
mod webm;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ownkey_domain::hold::Extent;

/// Of sound.
type Nanos = u128;
const NANOS_PER_SECOND: Nanos = 1_000_000_000;

/// The lowest rate at which MPEG audio is written: 8 kbit/s.
const MPEG_BYTES_PER_SECOND: u64 = 1_000;
/// Of sound in base64 as much is decoded, for its head; a whole number of groups of four.
const HEAD_LEN: usize = 64 << 10;

/// The seconds of a file.
pub fn seconds(file: &[u8]) -> Extent {
    let marked = |mark: &[u8]| file.starts_with(mark);
    let packed = if marked(ogg::MARK) {
        ogg::lasts(file)
    } else if marked(flac::MARK) {
        flac::lasts(file)
    } else if marked(webm::MARK) {
        webm::lasts(file)
    } else if file.get(4..8) == Some(mp4::MARK) {
        mp4::lasts(file)
    } else {
        return u64::try_from(file.len()).map_or(Extent::Unknown, |length| of_length(file, length));
    };
    let seconds = packed.and_then(|nanos| u64::try_from(nanos.div_ceil(NANOS_PER_SECOND)).ok());
    seconds.map_or(Extent::Unknown, Extent::AtMost)
}

/// So much at a rate a second.
fn lasting(count: Nanos, rate: u32) -> Option<Nanos> {
    let nanos = count.saturating_mul(NANOS_PER_SECOND);
    (rate > 0).then(|| nanos.div_ceil(rate.into()))
}

/// The seconds of a file in base64, as which only plain samples and MPEG audio are sent.
pub fn seconds_of_base64(text: &str) -> Extent {
    let head = text.get(..HEAD_LEN.min(text.len())).and_then(|head| STANDARD.decode(head).ok());
    let length = u64::try_from(text.len()).ok();
    head.zip(length).map_or(Extent::Unknown, |(head, length)| of_length(&head, length.div_ceil(4).saturating_mul(3)))
}

fn of_length(head: &[u8], length: u64) -> Extent {
    let rate = wave::bytes_per_second(head).or_else(|| mpeg(head));
    rate.map_or(Extent::Unknown, |rate| Extent::AtMost(length.div_ceil(rate)))
}

/// The fewest bytes of a second of MPEG audio, which may begin with a tag.
fn mpeg(file: &[u8]) -> Option<u64> {
    let frames = match file.strip_prefix(b"ID3") {
        None => file,
        Some(tag) => {
            // Seven bits a byte.
            let length: [u8; 4] = *tag.get(3..)?.first_chunk()?;
            let length = length.iter().fold(0, |sum, byte| (sum << 7) | usize::from(byte & 0x7F));
            tag.get(7..)?.get(length..)?
        }
    };
    let [sync, kind, rates, ..] = *frames.first_chunk::<4>()?;
    let is_frame = sync == 0xFF && kind & 0xE0 == 0xE0 && kind & 0x18 != 0x08;
    // The third layer or the second, at a rate that it has: none means any.
    let is_known = matches!(kind & 0x06, 0x02 | 0x04) && !matches!(rates & 0xF0, 0 | 0xF0) && rates & 0x0C != 0x0C;
    (is_frame && is_known).then_some(MPEG_BYTES_PER_SECOND)
}

#[cfg(test)]
mod tests;
