//! A platform key is what the published form says, and nothing else; one changed letter is noticed.

use ownkey_domain::platform_key::{ENTROPY_LEN, KEY_LEN, LOOKUP_LEN, LookupId, PREFIX, appears_in, generate, parse};

use crate::filled::filled;

const BASE62: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// `{KEY}` in the input stands for a good key.
pub fn target(input: &[u8]) {
    let (lookup, key) = generate(&[7; ENTROPY_LEN]);
    let text = filled(input, "{KEY}", key.as_bytes());
    assert_eq!(parse(&text).is_some(), by_the_form(&text));
    assert_eq!(appears_in(&text), text.windows(KEY_LEN).any(by_the_form));
    if text == key.as_bytes() {
        assert_eq!(parse(&text), Some(lookup));
    }
    if parse(&text).is_some() {
        (PREFIX.len()..KEY_LEN).for_each(|at| assert_eq!(parse(&with_another_letter(&text, at)), None, "{at}"));
    }
    let text = String::from_utf8_lossy(&text);
    if let Some(id) = LookupId::parse(&text) {
        assert_eq!((id.as_str(), id.as_str().len()), (&*text, LOOKUP_LEN));
    }
}

/// `^ok_[0-9A-Za-z]{61}$`, the last six being the CRC-32 of the 55 before.
fn by_the_form(text: &[u8]) -> bool {
    let Some(body) = text.strip_prefix(b"ok_").filter(|body| body.len() == 61) else { return false };
    let digit = |byte: &u8| BASE62.iter().position(|known| known == byte);
    let check = body[55..].iter().try_fold(0, |sum, byte| Some(sum * 62 + u64::try_from(digit(byte)?).ok()?));
    body.iter().all(|byte| digit(byte).is_some()) && check == Some(u64::from(crc_32(&body[..55])))
}

/// Bit by bit, as the standard tells it.
fn crc_32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| (crc >> 1) ^ (0xEDB8_8320 * (crc & 1));
    !bytes.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

fn with_another_letter(key: &[u8], at: usize) -> Vec<u8> {
    let mut key = key.to_vec();
    let digit = BASE62.iter().position(|known| *known == key[at]).unwrap();
    key[at] = BASE62[(digit + 1) % BASE62.len()];
    key
}

#[test]
fn corpus() {
    crate::drive::corpus("platform_key", target);
}

#[test]
fn random() {
    crate::drive::random(
        "platform_key",
        target,
        crate::drive::CASES,
        crate::drive::soup(&["{KEY}", "ok_", "0", "Bearer ", "-", "\u{e9}", "{KEY"]),
    );
}
