//! The shapes a key takes on its way through headers, JSON, URLs and logs.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

const HEX_LOWER: &[u8; 16] = b"0123456789abcdef";
const HEX_UPPER: &[u8; 16] = b"0123456789ABCDEF";

/// Every form, each once, the plain one first.
pub(super) fn forms(secret: &[u8]) -> Vec<Zeroizing<Vec<u8>>> {
    let mut forms = vec![
        Zeroizing::new(secret.to_vec()),
        json_escaped(secret, false),
        json_escaped(secret, true),
        url_encoded(secret, HEX_UPPER),
        url_encoded(secret, HEX_LOWER),
        hex(secret, HEX_LOWER),
        hex(secret, HEX_UPPER),
        // Escaped more than they have to be: a reader gets the plain key all the same.
        each_byte(secret, b"%", HEX_UPPER),
        each_byte(secret, b"%", HEX_LOWER),
        each_byte(secret, b"\\u00", HEX_LOWER),
        each_byte(secret, b"\\u00", HEX_UPPER),
    ];
    for offset in 0..3 {
        forms.push(base64_inside(secret, offset, &STANDARD_NO_PAD));
        forms.push(base64_inside(secret, offset, &URL_SAFE_NO_PAD));
    }
    let mut once: Vec<Zeroizing<Vec<u8>>> = Vec::with_capacity(forms.len());
    for form in forms {
        if !once.contains(&form) {
            once.push(form);
        }
    }
    once
}

fn json_escaped(secret: &[u8], escape_slash: bool) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(2 * secret.len()));
    for &byte in secret {
        if matches!(byte, b'"' | b'\\') || (escape_slash && byte == b'/') {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out
}

fn url_encoded(secret: &[u8], digits: &[u8; 16]) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(3 * secret.len()));
    for &byte in secret {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(byte);
        } else {
            out.push(b'%');
            out.extend(hex_pair(byte, digits));
        }
    }
    out
}

fn each_byte(secret: &[u8], before: &[u8], digits: &[u8; 16]) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity((before.len() + 2) * secret.len()));
    for &byte in secret {
        out.extend_from_slice(before);
        out.extend(hex_pair(byte, digits));
    }
    out
}

fn hex(secret: &[u8], digits: &[u8; 16]) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(2 * secret.len()));
    out.extend(secret.iter().flat_map(|&byte| hex_pair(byte, digits)));
    out
}

fn hex_pair(byte: u8, digits: &[u8; 16]) -> [u8; 2] {
    [digits[usize::from(byte >> 4)], digits[usize::from(byte & 15)]]
}

/// The secret inside a longer text that is encoded as a whole, so many bytes after a multiple of three: without the
/// characters at both ends that its neighbours have a part in.
fn base64_inside(secret: &[u8], offset: usize, engine: &impl Engine) -> Zeroizing<Vec<u8>> {
    let mut padded = Zeroizing::new(vec![0; offset]);
    padded.extend_from_slice(secret);
    let text = Zeroizing::new(engine.encode(&*padded));
    let shared_start = [0, 2, 3][offset.min(2)];
    let own_end = padded.len() * 8 / 6;
    Zeroizing::new(text.as_bytes().get(shared_start..own_end).unwrap_or_default().to_vec())
}
