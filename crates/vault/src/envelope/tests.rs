//! The published vectors: made by `tests/vectors.py`, an implementation of its own.

use ownkey_domain::id::{CredentialId, WorkspaceId};
use serde::Deserialize;

use super::*;
use crate::{Context, DekOwner, KekId, Keyring, Origin, Sealed, SystemPurpose, WrappedDek};

#[derive(Deserialize)]
struct Vector {
    name: String,
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
    for v in Vector::all() {
        let origin = v.origin.as_ref().map(|o| o.parse().unwrap());
        let mut context = Vec::new();
        v.context(&origin).encode(&mut context);
        let freshness = Freshness { salt: array(&v.salt), nonce: array(&v.nonce) };
        let header = Header { kek: "", dek_version: v.dek_version };
        let sealed = seal(&array(&v.dek), header, &context, v.plaintext.as_bytes(), freshness).unwrap();
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

        let dek = WrappedDek::from_bytes(hex(&v.wrapped_dek)).unwrap();
        assert_eq!((dek.kek_id(), dek.version()), (&id, v.dek_version), "{}", v.name);
        let origin = v.origin.as_ref().map(|o| o.parse().unwrap());
        let sealed = Sealed::from_bytes(hex(&v.sealed)).unwrap();
        let context = v.context(&origin);
        assert_eq!(context.owner(), v.owner());
        let secret = ring.open(&dek, &context, &sealed).unwrap();
        assert_eq!(secret.expose(), v.plaintext.as_bytes(), "{}", v.name);
    }
}

#[test]
fn a_wrapped_dek_is_an_envelope_too() {
    for v in Vector::all() {
        let mut context = Vec::new();
        crate::context::encode_dek(v.owner(), v.dek_version, &mut context);
        let freshness = Freshness { salt: array(&v.dek_salt), nonce: array(&v.dek_nonce) };
        let header = Header { kek: &v.kek_id, dek_version: v.dek_version };
        let kek = base64_key(v.keyring.rsplit(':').next().unwrap());
        let wrapped = seal(&kek, header, &context, &hex(&v.dek), freshness).unwrap();
        assert_eq!(wrapped, hex(&v.wrapped_dek), "{}", v.name);
    }
}

#[test]
fn the_commitment_is_checked_before_the_ciphertext() {
    // Same key and context, commitment of another salt: GCM alone would have opened it.
    let key = [7; KEY_LEN];
    let freshness = Freshness { salt: [1; 32], nonce: [2; 12] };
    let mut blob = seal(&key, Header { kek: "", dek_version: 1 }, b"context", b"secret", freshness).unwrap();
    assert_eq!(open(&key, &blob, b"context").unwrap().expose(), b"secret");
    let commitment_at = blob.len() - TAG_LEN - b"secret".len() - COMMITMENT_LEN;
    blob[commitment_at] ^= 1;
    assert_eq!(open(&key, &blob, b"context").err(), Some(VaultError::Damaged));
}

#[test]
fn an_unknown_version_or_algorithm_is_an_error() {
    let freshness = Freshness { salt: [1; 32], nonce: [2; 12] };
    let blob = seal(&[7; KEY_LEN], Header { kek: "", dek_version: 1 }, b"", b"secret", freshness).unwrap();
    for at in [4, 5] {
        for value in (0..=255).filter(|&value| value != blob[at]) {
            let mut other = blob.clone();
            other[at] = value;
            assert_eq!(header(&other), Err(VaultError::UnknownFormat));
        }
    }
}

fn base64_key(text: &str) -> Key {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.decode(text).unwrap().try_into().unwrap()
}
