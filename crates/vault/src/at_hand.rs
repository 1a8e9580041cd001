//! Data keys that were opened once, kept sealed under a key that only this process has and that ends with it. What a dump
//! of the memory shows is no more than before, since the KEKs that open all of them are there too; but to open one again
//! takes one AES-GCM with a schedule that is ready, in place of a derivation as well.

use std::sync::OnceLock;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use zeroize::Zeroizing;

use crate::envelope::{KEY_LEN, Key};
use crate::error::VaultError;
use crate::random::random_bytes;

const TAG_LEN: usize = 16;

/// The key of this process. Nonces are random: it may seal some four thousand million data keys.
pub(crate) struct ProcessKey(LessSafeKey);

/// A data key under it, once there is one.
#[derive(Default)]
pub(crate) struct AtHand(OnceLock<Box<Kept>>);

struct Kept {
    nonce: [u8; NONCE_LEN],
    key: Key,
    tag: [u8; TAG_LEN],
}

impl ProcessKey {
    pub(crate) fn random() -> Result<Self, VaultError> {
        let key = Zeroizing::new(random_bytes::<KEY_LEN>()?);
        Ok(Self(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key.as_slice())?)))
    }

    /// Keeps a data key at hand, bound to what it belongs to. Where another key ring kept it, that stays.
    pub(crate) fn keep(&self, at_hand: &AtHand, bound: &[u8], key: &Key) -> Result<(), VaultError> {
        if at_hand.0.get().is_some() {
            return Ok(());
        }
        let nonce = random_bytes()?;
        let mut sealed = *key;
        let unique = Nonce::assume_unique_for_key(nonce);
        let tag = self.0.seal_in_place_separate_tag(unique, Aad::from(bound), &mut sealed)?;
        let tag = tag.as_ref().try_into().map_err(|_| VaultError::Unavailable)?;
        // Another call may have kept it meanwhile.
        let _ = at_hand.0.set(Box::new(Kept { nonce, key: sealed, tag }));
        Ok(())
    }

    /// The data key that was kept, if it belongs there. `None` if there is none, or another key ring kept it.
    pub(crate) fn open(&self, at_hand: &AtHand, bound: &[u8]) -> Option<Zeroizing<Key>> {
        let Kept { nonce, key, tag } = &**at_hand.0.get()?;
        let mut plain = Zeroizing::new([0; KEY_LEN]);
        let nonce = Nonce::assume_unique_for_key(*nonce);
        self.0.open_separate_gather(nonce, Aad::from(bound), key, tag, &mut *plain).ok()?;
        Some(plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_opens_where_it_belongs_and_for_who_kept_it() {
        let (process, other, at_hand) =
            (ProcessKey::random().unwrap(), ProcessKey::random().unwrap(), AtHand::default());
        let opened = |process: &ProcessKey, bound: &[u8]| process.open(&at_hand, bound).map(|key| *key);
        assert_eq!(opened(&process, b"mine"), None);
        process.keep(&at_hand, b"mine", &[7; KEY_LEN]).unwrap();
        assert_eq!(opened(&process, b"mine"), Some([7; KEY_LEN]));
        assert_eq!(opened(&process, b"theirs"), None);
        assert_eq!(opened(&other, b"mine"), None);
        assert_ne!(at_hand.0.get().unwrap().key, [7; KEY_LEN]);
        // The first one stays.
        other.keep(&at_hand, b"mine", &[8; KEY_LEN]).unwrap();
        assert_eq!(opened(&process, b"mine"), Some([7; KEY_LEN]));
    }
}
