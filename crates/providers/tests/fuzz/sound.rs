//! Sound is never taken to be shorter than a reader hears it that finds its description at any place before the samples.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ownkey_providers::fuzzing::{seconds, seconds_of_base64};

/// The input is the file.
pub fn target(input: &[u8]) {
    let told = seconds(input).get();
    // By its length in base64, which is told in groups of three bytes.
    let again = seconds_of_base64(&STANDARD.encode(input)).get();
    assert!(told == again || told.is_some_and(|told| again > Some(told)), "{told:?} {again:?}");
    let Some(told) = told.filter(|_| input.starts_with(b"RIFF")) else { return };
    let length = u64::try_from(input.len()).unwrap();
    let heard = chunks(input).into_iter().find_map(bytes_of_a_second).unwrap();
    assert!(told >= length.div_ceil(heard), "{told} {heard}");
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
        "x",
    ];
    crate::drive::random("sound", target, crate::drive::CASES, crate::drive::soup(PIECES));
}
