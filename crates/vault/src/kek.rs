//! Key-encryption keys: they come from the configuration and wrap data keys, nothing else.

use std::fmt;

use aws_lc_rs::{digest, hmac};
use zeroize::Zeroizing;

use crate::envelope::Key;

/// Length of a key-check value.
pub const CHECK_VALUE_LEN: usize = 32;

const ID_LEN_MAX: usize = 32;
const DERIVED_ID_BYTES: usize = 4;
const ID_LABEL: &[u8] = b"ownkey kek id v1\0";
const CHECK_LABEL: &[u8] = b"ownkey kek check value v1\0";

/// The name of a KEK: 1 to 32 ASCII letters, digits, `.`, `_` or `-`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KekId(Box<str>);

impl KekId {
    /// Reads an id, for instance from the store; `None` if it is not well-formed.
    pub fn parse(text: &str) -> Option<Self> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        let well_formed = (1..=ID_LEN_MAX).contains(&text.len()) && text.bytes().all(allowed);
        well_formed.then(|| Self(text.into()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KekId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A KEK: no `Debug`, `Display` or `Clone`, wiped on drop.
pub(crate) struct Kek {
    id: KekId,
    key: Zeroizing<Key>,
}

impl Kek {
    pub(crate) fn new(id: KekId, key: Zeroizing<Key>) -> Self {
        Self { id, key }
    }

    /// A KEK that was given without a name is named by 32 bits of its hash: stable, and of no use to guess a
    /// random key by.
    pub(crate) fn unnamed(key: Zeroizing<Key>) -> Self {
        let mut hash = digest::Context::new(&digest::SHA256);
        hash.update(ID_LABEL);
        hash.update(key.as_slice());
        let hash = hash.finish();
        let id: String = hash.as_ref().iter().take(DERIVED_ID_BYTES).map(|b| format!("{b:02x}")).collect();
        Self { id: KekId(id.into()), key }
    }

    pub(crate) fn id(&self) -> &KekId {
        &self.id
    }

    pub(crate) fn key(&self) -> &Key {
        &self.key
    }

    /// What the store keeps to tell this key from another of the same name.
    pub(crate) fn check_value(&self) -> [u8; CHECK_VALUE_LEN] {
        let mut message = CHECK_LABEL.to_vec();
        message.extend_from_slice(self.id.as_str().as_bytes());
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, self.key.as_slice()), &message);
        let mut value = [0; CHECK_VALUE_LEN];
        value.copy_from_slice(tag.as_ref());
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_short_and_printable() {
        for good in ["a", "2026-11", "kek_1.b", &"x".repeat(32)] {
            assert!(KekId::parse(good).is_some(), "{good}");
        }
        for bad in ["", " a", "a:b", "a,b", "ä", &"x".repeat(33)] {
            assert!(KekId::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn an_unnamed_key_has_a_stable_name() {
        let name = || Kek::unnamed(Zeroizing::new([7; 32])).id().clone();
        assert_eq!(name(), name());
        assert_eq!(name().as_str().len(), 8);
        assert_ne!(name(), Kek::unnamed(Zeroizing::new([8; 32])).id().clone());
    }
}
