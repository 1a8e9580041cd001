//! How long sound can be at most, by its bytes. Only of two formats do they tell: plain samples, whose head says how many
//! make a second, and MPEG audio, which has a lowest rate. Whatever else sound is packed in may hold hours of silence in a few
//! bytes, and what its container announces its sender has written.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ownkey_domain::hold::Extent;

/// The lowest rate at which MPEG audio is written: 8 kbit/s.
const MPEG_BYTES_PER_SECOND: u64 = 1_000;
/// Of sound in base64 as much is decoded, for its head; a whole number of groups of four.
const HEAD_LEN: usize = 64 << 10;
/// Codings of plain samples: integers, floats, and the two of telephones.
const PLAIN: [u16; 4] = [1, 3, 6, 7];
/// The coding stands further behind.
const EXTENSIBLE: u16 = 0xFFFE;

/// The seconds of a file.
pub fn seconds(file: &[u8]) -> Extent {
    u64::try_from(file.len()).map_or(Extent::Unknown, |length| of_length(file, length))
}

/// The seconds of a file in base64.
pub fn seconds_of_base64(text: &str) -> Extent {
    let head = text.get(..HEAD_LEN.min(text.len())).and_then(|head| STANDARD.decode(head).ok());
    let length = u64::try_from(text.len()).ok();
    head.zip(length).map_or(Extent::Unknown, |(head, length)| of_length(&head, length.div_ceil(4).saturating_mul(3)))
}

fn of_length(head: &[u8], length: u64) -> Extent {
    let rate = wave(head).or_else(|| mpeg(head));
    rate.map_or(Extent::Unknown, |rate| Extent::AtMost(length.div_ceil(rate)))
}

/// The bytes of a second of a WAV file of plain samples. What describes them must stand before them, once.
fn wave(file: &[u8]) -> Option<u64> {
    let mut chunks = file.strip_prefix(b"RIFF")?.get(4..)?.strip_prefix(b"WAVE")?;
    let mut rate = None;
    loop {
        let (id, rest) = chunks.split_first_chunk::<4>()?;
        if id == b"data" {
            return rate;
        }
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let body = rest.get(..length)?;
        if id == b"fmt " && rate.replace(rate_of(body)?).is_some() {
            return None;
        }
        // A chunk of odd length is filled up.
        chunks = rest.get(length.checked_add(length % 2)?..)?;
    }
}

fn rate_of(format: &[u8]) -> Option<u64> {
    let short = |at: usize| format.get(at..)?.first_chunk().copied().map(u16::from_le_bytes);
    let coding = short(0).and_then(|coding| if coding == EXTENSIBLE { short(24) } else { Some(coding) })?;
    let (channels, bytes, bits) = (short(2)?, short(12)?, short(14)?);
    let samples = u32::from_le_bytes(*format.get(4..)?.first_chunk()?);
    let is_plain = PLAIN.contains(&coding) && bits > 0 && channels.checked_mul(bits.div_ceil(8)) == Some(bytes);
    let rate = u64::from(samples).saturating_mul(u64::from(bytes));
    (is_plain && rate > 0).then_some(rate)
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
mod tests {
    use super::*;

    /// A WAV file of so many bytes, with these chunks before its samples.
    fn file(chunks: &[(&[u8; 4], &[u8])], length: usize) -> Vec<u8> {
        let mut file = b"RIFF\0\0\0\0WAVE".to_vec();
        for (id, body) in chunks {
            file.extend_from_slice(*id);
            file.extend_from_slice(&u32::try_from(body.len()).unwrap().to_le_bytes());
            file.extend_from_slice(body);
            file.resize(file.len() + body.len() % 2, 0);
        }
        file.extend_from_slice(b"data\xFF\xFF\xFF\xFF");
        file.resize(length, 0);
        file
    }

    fn format(coding: u16, channels: u16, samples: u32, bits: u16) -> Vec<u8> {
        let align = channels * bits.div_ceil(8);
        let rate = samples * u32::from(align);
        let shorts = [coding.to_le_bytes(), channels.to_le_bytes()].concat();
        let longs = [samples.to_le_bytes(), rate.to_le_bytes()].concat();
        [shorts, longs, [align.to_le_bytes(), bits.to_le_bytes()].concat()].concat()
    }

    fn both(file: &[u8]) -> Option<u64> {
        let told = seconds(file).get();
        let in_base64 = seconds_of_base64(&STANDARD.encode(file)).get();
        assert!(told == in_base64 || told.map(|told| told + 1) == in_base64, "{told:?} {in_base64:?}");
        told
    }

    #[test]
    fn plain_samples_last_as_long_as_their_head_says() {
        let wav = |format: &[u8]| both(&file(&[(b"LIST", b"abc"), (b"fmt ", format)], 96_000));
        assert_eq!(wav(&format(1, 1, 16_000, 16)), Some(3));
        assert_eq!(wav(&format(7, 1, 8_000, 8)), Some(12));
        // The slowest that can be: a byte lasts a second.
        assert_eq!(wav(&format(1, 1, 1, 8)), Some(96_000));
        let mut extensible = [format(EXTENSIBLE, 2, 24_000, 32), vec![22, 0, 32, 0, 0, 0, 0, 0]].concat();
        extensible.extend_from_slice(&[3, 0, 0, 0, 0, 0, 16, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71]);
        assert_eq!(wav(&extensible), Some(1));
    }

    #[test]
    fn mpeg_has_a_lowest_rate() {
        let frames = |head: &[u8]| both(&[head, &[0; 5_996][..]].concat());
        assert_eq!(frames(&[0xFF, 0xFB, 0x90, 0x00]), Some(6));
        assert_eq!(both(&[&b"ID3\x04\0\0\0\0\0\x02ab\xFF\xE3\x18\xC4"[..], &[0; 84]].concat()), Some(1));
        // No frame, another layer, any rate, no such rate or frequency.
        for head in [[0xFE, 0xFB, 0x90, 0], [0xFF, 0xF1, 0x50, 0x80], [0xFF, 0xFB, 0, 0], [0xFF, 0xFB, 0xF0, 0]] {
            assert_eq!(frames(&head), None, "{head:?}");
        }
        assert_eq!(frames(&[0xFF, 0xFB, 0x9C, 0]), None);
    }

    #[test]
    fn of_all_else_bytes_do_not_tell() {
        let (plain, odd) = (format(1, 1, 16_000, 16), [format(1, 1, 16_000, 16), vec![0]].concat());
        let packed: [&[u8]; 6] =
            [b"", b"fLaC\0\0\0\x22", b"OggS\0\x02", b"\0\0\0\x20ftypM4A ", b"\x1A\x45\xDF\xA3", b"RIFF"];
        assert!(packed.iter().all(|file| both(file).is_none()));
        for chunks in [
            vec![],
            vec![(b"fmt ", format(0x55, 1, 16_000, 16))],
            vec![(b"fmt ", format(1, 1, 0, 16))],
            vec![(b"fmt ", format(1, 0, 16_000, 16))],
            vec![(b"fmt ", plain[..14].to_vec())],
            // Two descriptions: a reader may take either.
            vec![(b"fmt ", odd), (b"fmt ", plain)],
        ] {
            let chunks: Vec<_> = chunks.iter().map(|(id, body)| (*id, body.as_slice())).collect();
            assert_eq!(both(&file(&chunks, 96_000)), None);
        }
        assert_eq!(seconds_of_base64("é"), Extent::Unknown);
    }
}
