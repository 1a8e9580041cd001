//! Sound is never taken to be shorter than a reader hears it: one of WAV that finds its description at any place before the
//! samples, and plain ones of Ogg and WebM that go from page to page and from block to block.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ownkey_providers::fuzzing::{seconds, seconds_of_base64};
use proptest::strategy::Strategy;

/// The input is the file.
pub fn target(input: &[u8]) {
    let told = seconds(input).get();
    // By its length in base64, which is told in groups of three bytes; packets are not looked for in it.
    let again = seconds_of_base64(&STANDARD.encode(input)).get();
    let is_packed = [&b"OggS"[..], b"fLaC", b"\x1A\x45\xDF\xA3"].iter().any(|mark| input.starts_with(mark));
    let is_packed = is_packed || input.get(4..8) == Some(b"ftyp");
    let is_alike =
        if is_packed { again.is_none() } else { told == again || told.is_some_and(|told| again > Some(told)) };
    assert!(is_alike, "{told:?} {again:?}");
    let Some(told) = told else { return };
    if input.starts_with(b"RIFF") {
        let length = u64::try_from(input.len()).unwrap();
        let heard = chunks(input).into_iter().find_map(bytes_of_a_second).unwrap();
        assert!(told >= length.div_ceil(heard), "{told} {heard}");
    } else if input.starts_with(b"OggS") && input.get(28..36) == Some(b"OpusHead") {
        let heard = packets_of_ogg(input).iter().map(|packet| tenths(packet)).sum::<u64>();
        assert!(u128::from(told) * 10_000 >= u128::from(heard), "{told} {heard}");
    } else if input.starts_with(b"\x1A") && input.windows(6).any(|codec| codec == b"A_OPUS") {
        let heard = blocks(input).into_iter().map(|block| tenths(block.get(4..).unwrap_or_default())).sum::<u64>();
        assert!(u128::from(told) * 10_000 >= u128::from(heard), "{told} {heard}");
    }
}

/// The packets of pages that stand one behind the other from the start, put together where they go on.
fn packets_of_ogg(mut file: &[u8]) -> Vec<Vec<u8>> {
    let (mut whole, mut part) = (Vec::new(), Vec::new());
    while file.starts_with(b"OggS\0") && file.len() > 27 {
        let count = usize::from(file[26]);
        let Some((lengths, mut body)) = file[27..].split_at_checked(count) else { break };
        for length in lengths {
            let Some((piece, rest)) = body.split_at_checked(usize::from(*length)) else { return whole };
            part.extend_from_slice(piece);
            body = rest;
            if *length < 255 {
                whole.push(std::mem::take(&mut part));
            }
        }
        file = body;
    }
    whole
}

/// The blocks of a file as our pieces have it: each behind a size of one byte, one behind the other.
fn blocks(file: &[u8]) -> Vec<&[u8]> {
    const CLUSTER: &[u8] = b"\x1F\x43\xB6\x75\xFF";
    let mut found = Vec::new();
    let Some(at) = file.windows(CLUSTER.len()).position(|bytes| bytes == CLUSTER) else { return found };
    let mut rest = &file[at + CLUSTER.len()..];
    while let [0xA3, size @ 0x85..=0xFE, body @ ..] = rest {
        let Some((block, behind)) = body.split_at_checked(usize::from(size & 0x7F)) else { break };
        // Of several packets in a block this reader knows nothing.
        if block[0] >= 0x80 && block[3] & 0x06 == 0 {
            found.push(block);
        }
        rest = behind;
    }
    found
}

/// Tenths of a millisecond that an Opus packet lasts, by the table of its sizes (RFC 6716).
fn tenths(packet: &[u8]) -> u64 {
    let Some(toc) = packet.first() else { return 0 };
    let sizes: [u64; 32] = [
        100, 200, 400, 600, 100, 200, 400, 600, 100, 200, 400, 600, 100, 200, 100, 200, 25, 50, 100, 200, 25, 50, 100,
        200, 25, 50, 100, 200, 25, 50, 100, 200,
    ];
    let frames = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u64::from(packet.get(1).map_or(0, |count| count & 0x3F)),
    };
    // What is longer is no packet.
    Some(sizes[usize::from(toc >> 3)] * frames).filter(|tenths| *tenths <= 1_200).unwrap_or(0)
}

/// What follows each `fmt ` on the way from chunk to chunk.
fn chunks(file: &[u8]) -> Vec<&[u8]> {
    let (mut found, mut at) = (Vec::new(), 12);
    while let Some(head) = file.get(at..at + 8).filter(|head| !head.starts_with(b"data")) {
        let length = usize::try_from(u32::from_le_bytes(*head[4..].first_chunk().unwrap())).unwrap();
        if head.starts_with(b"fmt ") {
            found.push(&file[at + 8..]);
        }
        at += 8 + length + length % 2;
    }
    found
}

/// As a reader reckons that trusts the number of channels and bits, or the size of a block.
fn bytes_of_a_second(format: &[u8]) -> Option<u64> {
    let short = |at: usize| Some(u64::from(u16::from_le_bytes(*format.get(at..)?.first_chunk()?)));
    let samples = u64::from(u32::from_le_bytes(*format.get(4..)?.first_chunk()?));
    let (channels, block, bits) = (short(2)?, short(12)?, short(14)?);
    Some(samples.checked_mul(block.min(channels * bits.div_ceil(8)))?).filter(|rate| *rate > 0)
}

#[test]
fn corpus() {
    crate::drive::corpus("sound", target);
}

#[test]
fn random() {
    // Bytes above 0x7F can't stand in these.
    const PIECES: &[&str] = &[
        "RIFF\0\0\0\0WAVE",
        "fmt \x10\0\0\0",
        "\x01\0\x01\0\x40\x1F\0\0\x40\x1F\0\0\x01\0\x08\0",
        "\x03\0\x02\0\x01\0\0\0\x08\0\0\0\x08\0\x20\0",
        "LIST\x03\0\0\0abc\0",
        "data\0\0\0\0",
        "\0\0\0\0",
        "ID3\x04\0\0\0\0\0\x02ab",
        "fLaC",
        "fLaC\0\0\0\x22\0\0\0\0\0\0\0\0\0\0\x01\x01\0\0\0\0\0\0",
        "OggS\0\x02\0\0\0\0\0\0\0\0aaaa\0\0\0\0\0\0\0\0\x01\x08OpusHead",
        "OggS\0\x02\0\0\0\0\0\0\0\0aaaa\0\0\0\0\0\0\0\0\x01\x08OpusHead",
        "OggS\0\0\0\0\0\0\0\0\0\0aaaa\0\0\0\0\0\0\0\0\x03\x02\x01\x02\x1Bx\x03\x18y",
        "OggS\0\x01\0\0\0\0\0\0\0\0aaaa\0\0\0\0\0\0\0\0\x01\x01\x60",
        "\0\0\0\x08ftyp",
        "\0\0\0\x14stsz\0\0\0\0\0\0\0\0\0\0\0\x63",
        "x",
    ];
    crate::drive::random("sound", target, crate::drive::CASES, crate::drive::soup(PIECES));
}

#[test]
fn random_blocks() {
    let head =
        b"\x1A\x45\xDF\xA3\x80\x15\x49\xA9\x66\x80\x16\x54\xAE\x6B\x8A\xAE\x88\x86\x86A_OPUS\x1F\x43\xB6\x75\xFF";
    let block = proptest::collection::vec(proptest::num::u8::ANY, 0..9).prop_map(|packet| {
        let size = 0x84 + u8::try_from(packet.len()).unwrap();
        [&[0xA3, size, 0x81, 0, 0, 0][..], &packet].concat()
    });
    let file = proptest::collection::vec(block, 0..40).prop_map(|blocks| [&head[..], &blocks.concat()].concat());
    crate::drive::random("sound", target, crate::drive::CASES, file.boxed());
}
