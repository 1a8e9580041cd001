//! The one construction for everything sealed: a fresh key and a commitment from HKDF, AES-256-GCM under that key.
//!
//! A key per message ends the limit on random nonces, and the stored commitment ends the possibility that one
//! ciphertext opens under two keys, which plain GCM allows.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hkdf;
use zeroize::Zeroizing;

use crate::error::VaultError;
use crate::random::random_bytes;
use crate::secret::Secret;

#[cfg(test)]
mod tests;

/// Length of every symmetric key here.
pub(crate) const KEY_LEN: usize = 32;
/// A symmetric key.
pub(crate) type Key = [u8; KEY_LEN];

const MAGIC: &[u8; 4] = b"OwnK";
const FORMAT_VERSION: u8 = 1;
const SALT_LEN: usize = 32;
const COMMITMENT_LEN: usize = 32;
const TAG_LEN: usize = 16;
/// Enough for a header and its context unless a host has a long name.
const BOUND_LEN_MOSTLY: usize = 256;

/// What the key of an envelope is derived with. AES-256-GCM and a commitment of 32 bytes follow either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Algorithm {
    /// Older envelopes have it, and go on opening.
    HkdfSha512,
    HkdfSha256,
}

impl Algorithm {
    /// What new envelopes are sealed with.
    const NEW: Self = Self::HkdfSha256;

    fn of(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::HkdfSha512),
            2 => Some(Self::HkdfSha256),
            _ => None,
        }
    }

    const fn byte(self) -> u8 {
        match self {
            Self::HkdfSha512 => 1,
            Self::HkdfSha256 => 2,
        }
    }

    const fn hkdf(self) -> hkdf::Algorithm {
        match self {
            Self::HkdfSha512 => hkdf::HKDF_SHA512,
            Self::HkdfSha256 => hkdf::HKDF_SHA256,
        }
    }
}

/// The part of an envelope that can be read without a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header<'a> {
    /// The KEK that wraps, as text; empty when a DEK seals.
    pub(crate) kek: &'a str,
    /// The version of the DEK that seals or is wrapped.
    pub(crate) dek_version: u32,
}

/// What makes one envelope differ from the next: random, except in tests.
pub(crate) struct Freshness {
    salt: [u8; SALT_LEN],
    nonce: [u8; NONCE_LEN],
}

impl Freshness {
    pub(crate) fn random() -> Result<Self, VaultError> {
        Ok(Self { salt: random_bytes()?, nonce: random_bytes()? })
    }
}

/// An envelope taken apart.
struct Parts<'a> {
    algorithm: Algorithm,
    /// The bytes of the header as they came.
    head: &'a [u8],
    header: Header<'a>,
    salt: &'a [u8; SALT_LEN],
    nonce: &'a [u8; NONCE_LEN],
    commitment: &'a [u8; COMMITMENT_LEN],
    ciphertext: &'a [u8],
    tag: &'a [u8; TAG_LEN],
}

/// Seals under `key` and the context, which it is given a buffer to append to.
pub(crate) fn seal(
    key: &Key,
    header: Header<'_>,
    context: impl FnOnce(&mut Vec<u8>),
    plaintext: &[u8],
    freshness: Freshness,
) -> Result<Vec<u8>, VaultError> {
    let Freshness { salt, nonce } = freshness;
    let mut blob = head_of(header)?;
    let bound = bound(&blob, context);
    let derived = Derived::from(Algorithm::NEW, key, &salt, &bound)?;
    blob.extend_from_slice(&salt);
    blob.extend_from_slice(&nonce);
    blob.extend_from_slice(derived.commitment());

    let mut ciphertext = Zeroizing::new(Vec::with_capacity(plaintext.len() + TAG_LEN));
    ciphertext.extend_from_slice(plaintext);
    let nonce = Nonce::assume_unique_for_key(nonce);
    derived.cipher()?.seal_in_place_append_tag(nonce, Aad::from(bound), &mut *ciphertext)?;
    blob.extend_from_slice(&ciphertext);
    Ok(blob)
}

/// Opens what `seal` made under the same key and context.
pub(crate) fn open(key: &Key, blob: &[u8], context: impl FnOnce(&mut Vec<u8>)) -> Result<Secret, VaultError> {
    let parts = Parts::parse(blob)?;
    let mut plain = Zeroizing::new(vec![0; parts.ciphertext.len()]);
    parts.open(key, context, &mut plain)?;
    Ok(Secret::new(std::mem::take(&mut *plain)))
}

/// The same of a key: what has another length is none.
pub(crate) fn open_key(
    key: &Key,
    blob: &[u8],
    context: impl FnOnce(&mut Vec<u8>),
) -> Result<Zeroizing<Key>, VaultError> {
    let mut plain = Zeroizing::new([0; KEY_LEN]);
    Parts::parse(blob)?.open(key, context, &mut *plain)?;
    Ok(plain)
}

/// Reads the header, and checks that the rest is long enough to be an envelope.
pub(crate) fn header(blob: &[u8]) -> Result<Header<'_>, VaultError> {
    Parts::parse(blob).map(|parts| parts.header)
}

fn head_of(header: Header<'_>) -> Result<Vec<u8>, VaultError> {
    let kek_len = u8::try_from(header.kek.len()).map_err(|_| VaultError::Unavailable)?;
    let mut head = Vec::with_capacity(256);
    head.extend_from_slice(MAGIC);
    head.extend_from_slice(&[FORMAT_VERSION, Algorithm::NEW.byte(), kek_len]);
    head.extend_from_slice(header.kek.as_bytes());
    head.extend_from_slice(&header.dek_version.to_be_bytes());
    Ok(head)
}

/// What an envelope is bound to: its own header and its context. The header tells where it ends, so the two
/// can't be shifted against each other.
fn bound(head: &[u8], context: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut bound = Vec::with_capacity(BOUND_LEN_MOSTLY);
    bound.extend_from_slice(head);
    context(&mut bound);
    bound
}

impl<'a> Parts<'a> {
    fn parse(blob: &'a [u8]) -> Result<Self, VaultError> {
        let rest = blob.strip_prefix(MAGIC).ok_or(VaultError::Damaged)?;
        let (&[version, algorithm, kek_len], rest) = take(rest)?;
        if version != FORMAT_VERSION {
            return Err(VaultError::UnknownFormat);
        }
        let algorithm = Algorithm::of(algorithm).ok_or(VaultError::UnknownFormat)?;
        let (kek, rest) = rest.split_at_checked(usize::from(kek_len)).ok_or(VaultError::Damaged)?;
        let kek = std::str::from_utf8(kek).map_err(|_| VaultError::Damaged)?;
        let (dek_version, rest) = take(rest)?;
        let head = &blob[..blob.len() - rest.len()];
        let header = Header { kek, dek_version: u32::from_be_bytes(*dek_version) };
        let (salt, rest) = take(rest)?;
        let (nonce, rest) = take(rest)?;
        let (commitment, rest) = take(rest)?;
        let (ciphertext, tag) = rest.split_last_chunk().ok_or(VaultError::Damaged)?;
        Ok(Self { algorithm, head, header, salt, nonce, commitment, ciphertext, tag })
    }

    /// Fills `plain`, which must be as long as the ciphertext.
    fn open(&self, key: &Key, context: impl FnOnce(&mut Vec<u8>), plain: &mut [u8]) -> Result<(), VaultError> {
        let bound = bound(self.head, context);
        let derived = Derived::from(self.algorithm, key, self.salt, &bound)?;
        verify_slices_are_equal(derived.commitment(), self.commitment).map_err(|_| VaultError::Damaged)?;

        let nonce = Nonce::assume_unique_for_key(*self.nonce);
        let opened = derived.cipher()?.open_separate_gather(nonce, Aad::from(bound), self.ciphertext, self.tag, plain);
        opened.map_err(|_| VaultError::Damaged)
    }
}

fn take<const N: usize>(bytes: &[u8]) -> Result<(&[u8; N], &[u8]), VaultError> {
    bytes.split_first_chunk().ok_or(VaultError::Damaged)
}

/// How much is derived.
struct DerivedLen;

impl hkdf::KeyType for DerivedLen {
    fn len(&self) -> usize {
        KEY_LEN + COMMITMENT_LEN
    }
}

/// The key of one envelope, and the commitment to it.
struct Derived(Zeroizing<[u8; KEY_LEN + COMMITMENT_LEN]>);

impl Derived {
    fn from(algorithm: Algorithm, key: &Key, salt: &[u8; SALT_LEN], bound: &[u8]) -> Result<Self, VaultError> {
        let mut okm = Zeroizing::new([0; KEY_LEN + COMMITMENT_LEN]);
        hkdf::Salt::new(algorithm.hkdf(), salt).extract(key).expand(&[bound], DerivedLen)?.fill(&mut *okm)?;
        Ok(Self(okm))
    }

    fn cipher(&self) -> Result<LessSafeKey, VaultError> {
        Ok(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &self.0[..KEY_LEN])?))
    }

    fn commitment(&self) -> &[u8] {
        &self.0[KEY_LEN..]
    }
}
