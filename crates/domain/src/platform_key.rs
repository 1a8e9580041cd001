//! Platform keys: `ok_` + 12 characters id + 43 secret + 6 CRC-32, all base62.
//! The id finds the row, the whole key is compared by HMAC, the checksum tells typos without a database read.

/// Length of the id inside a key.
pub const LOOKUP_LEN: usize = 12;
const SECRET_LEN: usize = 43;
const CHECK_LEN: usize = 6;
/// What every platform key starts with.
pub const PREFIX: &str = "ok_";
/// Length of a whole platform key.
pub const KEY_LEN: usize = PREFIX.len() + LOOKUP_LEN + SECRET_LEN + CHECK_LEN;
/// Random bytes needed to make a key: one for each random character.
pub const ENTROPY_LEN: usize = 2 * (LOOKUP_LEN + SECRET_LEN);

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The public part of a platform key, by which its row is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LookupId([u8; LOOKUP_LEN]);

impl LookupId {
    /// As text, for the store and for people ("ok_4f…").
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Reads the id alone, as the store keeps it.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; LOOKUP_LEN] = text.as_bytes().try_into().ok()?;
        bytes.iter().all(u8::is_ascii_alphanumeric).then_some(Self(bytes))
    }
}

/// The lookup id of a well-formed platform key; `None` when form or checksum is wrong.
pub fn parse(key: &[u8]) -> Option<LookupId> {
    let body = key.strip_prefix(PREFIX.as_bytes())?;
    if key.len() != KEY_LEN || !body.iter().all(u8::is_ascii_alphanumeric) {
        return None;
    }
    let (random, check) = body.split_at(LOOKUP_LEN + SECRET_LEN);
    if check != checksum(random) {
        return None;
    }
    random.first_chunk().copied().map(LookupId)
}

/// Makes a key from random bytes. The key is a secret: the caller must not keep it.
pub fn generate(entropy: &[u8; ENTROPY_LEN]) -> (LookupId, String) {
    // Two bytes a character keep the bias of the modulo under 0.1 %.
    let random: Vec<u8> =
        entropy.chunks_exact(2).map(|pair| base62(u64::from(u16::from_be_bytes([pair[0], pair[1]])))).collect();
    let mut lookup = [0; LOOKUP_LEN];
    lookup.copy_from_slice(&random[..LOOKUP_LEN]);
    let mut key = String::with_capacity(KEY_LEN);
    key.push_str(PREFIX);
    key.extend(random.iter().chain(&checksum(&random)).map(|&b| char::from(b)));
    (LookupId(lookup), key)
}

/// Whether the text holds what could be a platform key: used to keep them from leaving the house.
pub fn appears_in(text: &[u8]) -> bool {
    text.windows(KEY_LEN).any(|window| parse(window).is_some())
}

fn checksum(random: &[u8]) -> [u8; CHECK_LEN] {
    let mut rest = u64::from(crc32fast::hash(random));
    let mut text = [b'0'; CHECK_LEN];
    for place in text.iter_mut().rev() {
        *place = base62(rest % 62);
        rest /= 62;
    }
    text
}

fn base62(n: u64) -> u8 {
    let index = usize::try_from(n % 62).unwrap_or_default();
    BASE62[index]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_made_key_parses_and_a_changed_one_does_not(entropy in prop::array::uniform32(any::<u8>()), at in PREFIX.len()..KEY_LEN) {
            let mut full = [7; ENTROPY_LEN];
            full[..32].copy_from_slice(&entropy);
            let (lookup, key) = generate(&full);
            prop_assert_eq!(key.len(), KEY_LEN);
            prop_assert_eq!(parse(key.as_bytes()), Some(lookup));
            let mut changed = key.into_bytes();
            changed[at] = if changed[at] == b'x' { b'y' } else { b'x' };
            prop_assert_eq!(parse(&changed), None);
        }

        #[test]
        fn nothing_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&bytes);
            let _ = appears_in(&bytes);
        }
    }

    #[test]
    fn a_key_is_found_inside_text() {
        let (_, key) = generate(&[9; ENTROPY_LEN]);
        assert!(appears_in(format!("Bearer {key};").as_bytes()));
        assert!(!appears_in(b"ok_not-a-key"));
    }
}
