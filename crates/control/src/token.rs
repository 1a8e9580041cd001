//! The secrets in cookies and links: 256 random bits and a tag by which a made-up one is told without asking the
//! database. What is kept of them is a keyed hash.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ownkey_vault::{PlatformKeyHasher, VaultError, random_bytes};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

const RANDOM_BYTES: usize = 32;
const TAG_BYTES: usize = 16;
const TEXT_CHARS: usize = 64;

/// Makes them and knows them again.
pub struct Tokens(PlatformKeyHasher);

/// A new one.
pub(crate) struct Minted {
    /// For whoever it is made for; shown once.
    pub(crate) text: Zeroizing<String>,
    /// For the store.
    pub(crate) hash: [u8; 32],
}

impl Tokens {
    /// Under the installation's key for sessions.
    pub fn new(key: PlatformKeyHasher) -> Self {
        Self(key)
    }

    pub(crate) fn mint(&self) -> Result<Minted, VaultError> {
        let random = Zeroizing::new(random_bytes::<RANDOM_BYTES>()?);
        let tag = self.mac(b"tag", &*random);
        let mut bytes = Zeroizing::new([0; RANDOM_BYTES + TAG_BYTES]);
        bytes[..RANDOM_BYTES].copy_from_slice(&*random);
        bytes[RANDOM_BYTES..].copy_from_slice(&tag[..TAG_BYTES]);
        Ok(Minted { text: Zeroizing::new(URL_SAFE_NO_PAD.encode(*bytes)), hash: self.mac(b"kept", &*random) })
    }

    /// The hash that is kept of a token, if it is one of ours.
    pub(crate) fn read(&self, text: &str) -> Option<[u8; 32]> {
        if text.len() != TEXT_CHARS {
            return None;
        }
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text).ok()?);
        let (random, tag) = bytes.split_at_checked(RANDOM_BYTES)?;
        let genuine: bool = self.mac(b"tag", random)[..TAG_BYTES].ct_eq(tag).into();
        genuine.then(|| self.mac(b"kept", random))
    }

    /// What proves, of a token of ours, that whoever brings it back left from here (RFC 7636): nobody who sees the token on
    /// its way can tell it.
    pub(crate) fn verifier(&self, text: &str) -> Option<Zeroizing<String>> {
        self.read(text)?;
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text).ok()?);
        Some(Zeroizing::new(URL_SAFE_NO_PAD.encode(self.mac(b"verifier", bytes.get(..RANDOM_BYTES)?))))
    }

    fn mac(&self, purpose: &[u8], random: &[u8]) -> [u8; 32] {
        self.0.hash(&Zeroizing::new([purpose, random].concat())).mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ownkey_vault::{PepperId, Secret};

    #[test]
    fn only_what_was_minted_here_is_known_again() {
        let tokens = |key| Tokens::new(PlatformKeyHasher::new(PepperId(1), &Secret::new(vec![key; 32])));
        let (ours, others) = (tokens(1), tokens(2));
        let minted = ours.mint().unwrap();
        assert_eq!(ours.read(&minted.text), Some(minted.hash));
        assert_eq!(others.read(&minted.text), None);
        assert_ne!(ours.mint().unwrap().hash, minted.hash);
        let verifier = ours.verifier(&minted.text).unwrap();
        assert!(verifier.len() >= 43 && ours.verifier(&minted.text).as_ref() == Some(&verifier));
        assert!(!minted.text.contains(&**verifier) && others.verifier(&minted.text).is_none());
        let made_up = URL_SAFE_NO_PAD.encode([7; RANDOM_BYTES + TAG_BYTES]);
        for text in ["", "x", &made_up, &minted.text[1..], &format!("{}=", &minted.text[1..]), &"!".repeat(TEXT_CHARS)]
        {
            assert_eq!(ours.read(text), None, "{text}");
        }
    }
}
