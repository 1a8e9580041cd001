//! The published vectors: made by `tests/vectors.py`, an implementation of its own. Each is there once for each
//! algorithm, of the same keys and salts.

use ownkey_domain::id::{CredentialId, WorkspaceId};
use serde::Deserialize;

use super::*;
use crate::{Context, DekOwner, KekId, Keyring, Origin, Sealed, SystemPurpose, WrappedDek};

#[derive(Deserialize)]
struct Vector {
    name: String,
    algorithm: u8,
    keyring: String,
    kek_id: String,
    check_value: String,
    workspace: Option<String>,
    dek: String,
    dek_version: u32,
    dek_salt: String,
    dek_nonce: String,
    wrapped_dek: String,
    purpose: String,
    credential: Option<String>,
    provider: Option<String>,
    origin: Option<String>,
    version: u32,
    plaintext: String,
    salt: String,
    nonce: String,
    sealed: String,
}

impl Vector {
    fn all() -> Vec<Self> {
        serde_json::from_str(include_str!("../../tests/vectors.json")).unwrap()
    }

    fn of(algorithm: Algorithm) -> Vec<Self> {
        let all: Vec<Self> = Self::all().into_iter().filter(|v| v.algorithm == algorithm.byte()).collect();
        assert!(!all.is_empty(), "{algorithm:?}");
        all
    }

    fn workspace(&self) -> Option<WorkspaceId> {
        self.workspace.as_ref().map(|hex| format!("ws_{hex}").parse().unwrap())
    }

    fn owner(&self) -> DekOwner {
        self.workspace().map_or(DekOwner::System, DekOwner::Workspace)
    }

    fn context<'a>(&self, origin: &'a Option<Origin>) -> Context<'a> {
        let Some(workspace) = self.workspace() else {
            let all = [SystemPurpose::Pepper, SystemPurpose::Session, SystemPurpose::Cursor, SystemPurpose::Audit];
            let purpose = all.into_iter().find(|p| p.as_str() == self.purpose).unwrap();
            return Context::SystemKey { purpose, version: self.version };
        };
        let credential: CredentialId = format!("cred_{}", self.credential.as_ref().unwrap()).parse().unwrap();
        let provider = self.provider.as_ref().unwrap().parse().unwrap();
        let origin = origin.as_ref().unwrap();
        Context::ProviderKey { workspace, credential, provider, origin, version: self.version }
    }
}

fn hex(text: &str) -> Vec<u8> {
    text.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn array<const N: usize>(text: &str) -> [u8; N] {
    hex(text).try_into().unwrap()
}

#[test]
fn the_same_bytes_come_out() {
    for v in Vector::of(Algorithm::NEW) {
        let origin = v.origin.as_ref().map(|o| o.parse().unwrap());
        let context = |out: &mut Vec<u8>| v.context(&origin).encode(out);
        let freshness = Freshness { salt: array(&v.salt), nonce: array(&v.nonce) };
        let header = Header { kek: "", dek_version: v.dek_version };
        let sealed = seal(&array(&v.dek), header, context, v.plaintext.as_bytes(), freshness).unwrap();
        assert_eq!(sealed, hex(&v.sealed), "{}", v.name);
    }
}

#[test]
fn the_published_bytes_open() {
    for v in Vector::all() {
        let ring = Keyring::parse(&v.keyring).unwrap();
        let id = KekId::parse(&v.kek_id).unwrap();
        assert_eq!(ring.active_id(), &id, "{}", v.name);
        assert_eq!(ring.check_value(&id).unwrap().to_vec(), hex(&v.check_value), "{}", v.name);

        let origin = v.origin.as_ref().map(|o| o.parse().unwrap());
        let sealed = Sealed::from_bytes(hex(&v.sealed)).unwrap();
        let context = v.context(&origin);
        assert_eq!(context.owner(), v.owner());
        // A data key is often of another time than what it seals.
        for wrapped in Vector::all().iter().filter(|other| other.name == v.name) {
            let dek = WrappedDek::from_bytes(hex(&wrapped.wrapped_dek)).unwrap();
            assert_eq!((dek.kek_id(), dek.version()), (&id, v.dek_version), "{}", v.name);
            let secret = ring.open(&dek, &context, &sealed).unwrap();
            assert_eq!(secret.expose(), v.plaintext.as_bytes(), "{}", v.name);
        }
    }
}

#[test]
fn wrapping_anew_renews_the_algorithm() {
    for v in Vector::of(Algorithm::HkdfSha512) {
        let ring = Keyring::parse(&v.keyring).unwrap();
        let old = WrappedDek::from_bytes(hex(&v.wrapped_dek)).unwrap();
        let new = ring.rewrap(&old, v.owner()).unwrap();
        assert_eq!((old.as_bytes()[ALGORITHM_AT], new.as_bytes()[ALGORITHM_AT]), (1, 2), "{}", v.name);
        assert_eq!(ring.rewrap(&new, v.owner()).unwrap().version(), v.dek_version, "{}", v.name);
    }
}

#[test]
fn a_wrapped_dek_is_an_envelope_too() {
    for v in Vector::of(Algorithm::NEW) {
        let context = |out: &mut Vec<u8>| crate::context::encode_dek(v.owner(), v.dek_version, out);
        let freshness = Freshness { salt: array(&v.dek_salt), nonce: array(&v.dek_nonce) };
        let header = Header { kek: &v.kek_id, dek_version: v.dek_version };
        let kek = base64_key(v.keyring.rsplit(':').next().unwrap());
        let wrapped = seal(&kek, header, context, &hex(&v.dek), freshness).unwrap();
        assert_eq!(wrapped, hex(&v.wrapped_dek), "{}", v.name);
    }
}

#[test]
fn the_commitment_is_checked_before_the_ciphertext() {
    // Same key and context, commitment of another salt: GCM alone would have opened it.
    let mut blob = sealed();
    assert_eq!(open(&KEY, &blob, context).unwrap().expose(), b"secret");
    let commitment_at = blob.len() - TAG_LEN - b"secret".len() - COMMITMENT_LEN;
    blob[commitment_at] ^= 1;
    assert_eq!(open(&KEY, &blob, context).err(), Some(VaultError::Damaged));
}

#[test]
fn an_unknown_version_or_algorithm_is_an_error() {
    let blob = sealed();
    let unknown = |at: usize, known: std::ops::RangeInclusive<u8>| {
        for value in (0..=255).filter(|value| !known.contains(value)) {
            let mut other = blob.clone();
            other[at] = value;
            assert_eq!(header(&other), Err(VaultError::UnknownFormat), "{value} at {at}");
        }
    };
    unknown(ALGORITHM_AT - 1, 1..=1);
    unknown(ALGORITHM_AT, 1..=2);
}

#[test]
fn an_envelope_does_not_open_as_of_another_algorithm() {
    for v in Vector::all() {
        let ring = Keyring::parse(&v.keyring).unwrap();
        let origin = v.origin.as_ref().map(|o| o.parse().unwrap());
        let opened = |dek: Vec<u8>, sealed: Vec<u8>| {
            let (dek, sealed) = (WrappedDek::from_bytes(dek).unwrap(), Sealed::from_bytes(sealed).unwrap());
            ring.open(&dek, &v.context(&origin), &sealed).map(|secret| secret.expose().to_vec())
        };
        let (dek, sealed) = (hex(&v.wrapped_dek), hex(&v.sealed));
        let as_other = |blob: &[u8]| {
            let mut blob = blob.to_vec();
            blob[ALGORITHM_AT] = 3 - blob[ALGORITHM_AT];
            blob
        };
        assert_eq!(opened(dek.clone(), as_other(&sealed)), Err(VaultError::Damaged), "{}", v.name);
        assert_eq!(opened(as_other(&dek), sealed), Err(VaultError::Damaged), "{}", v.name);
    }
}

/// Another hash alone would make the test above pass: here the hash is right, and only the header's byte is not.
#[test]
fn the_algorithm_is_bound() {
    let made = |bound_as: Algorithm| {
        let mut blob = sealed();
        let head_len = blob.len() - b"secret".len() - TAG_LEN - COMMITMENT_LEN - NONCE_LEN - SALT_LEN;
        blob.truncate(head_len);
        blob[ALGORITHM_AT] = bound_as.byte();
        let (salt, nonce, bound) = ([1; SALT_LEN], [2; NONCE_LEN], bound(&blob, context));
        let derived = Derived::from(Algorithm::NEW, &KEY, &salt, &bound).unwrap();
        let mut ciphertext = b"secret".to_vec();
        let cipher = derived.cipher().unwrap();
        let nonce_once = Nonce::assume_unique_for_key(nonce);
        cipher.seal_in_place_append_tag(nonce_once, Aad::from(bound), &mut ciphertext).unwrap();
        blob[ALGORITHM_AT] = Algorithm::NEW.byte();
        [&blob[..], &salt, &nonce, derived.commitment(), &ciphertext].concat()
    };
    assert_eq!(made(Algorithm::NEW), sealed());
    assert_eq!(open(&KEY, &made(Algorithm::HkdfSha512), context).err(), Some(VaultError::Damaged));
}

#[test]
fn what_is_no_key_does_not_open_as_one() {
    assert_eq!(open_key(&KEY, &sealed(), context).err(), Some(VaultError::Damaged));
}

const ALGORITHM_AT: usize = 5;
const KEY: Key = [7; KEY_LEN];

fn context(out: &mut Vec<u8>) {
    out.extend_from_slice(b"context");
}

fn sealed() -> Vec<u8> {
    let freshness = Freshness { salt: [1; SALT_LEN], nonce: [2; NONCE_LEN] };
    seal(&KEY, Header { kek: "", dek_version: 1 }, context, b"secret", freshness).unwrap()
}

fn base64_key(text: &str) -> Key {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.decode(text).unwrap().try_into().unwrap()
}
