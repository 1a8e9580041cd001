//! The KEKs of this installation, and all that is done with them.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use crate::at_hand::ProcessKey;
use crate::context::{Context, DekOwner};
use crate::dek::{self, WrappedDek};
use crate::envelope::{KEY_LEN, Key};
use crate::error::VaultError;
use crate::kek::{CHECK_VALUE_LEN, Kek, KekId};
use crate::random::random_bytes;
use crate::sealed::Sealed;
use crate::secret::Secret;

/// Padding is what people lose when they copy a key, and nothing depends on it.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The text is not a key ring. Names the place by its number: the text itself is secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// Nothing there.
    #[error("the KEK is empty")]
    Empty,
    /// The part before the colon is not an id.
    #[error("KEK number {0}: the id before `:` must be 1 to 32 letters, digits, `.`, `_` or `-`")]
    BadId(usize),
    /// Not base64.
    #[error("KEK number {0} is not base64")]
    NotBase64(usize),
    /// Base64, but not of 32 bytes.
    #[error("KEK number {0} is not 32 bytes long")]
    WrongLength(usize),
    /// Two keys of one name.
    #[error("two KEKs have the id `{0}`")]
    DuplicateId(KekId),
    /// The cryptographic library failed, for instance for want of randomness.
    #[error("the cryptographic library failed")]
    Unavailable,
}

/// The KEKs, the active one first. No `Debug` or `Clone`; wiped on drop.
pub struct Keyring {
    active: Kek,
    older: Vec<Kek>,
    process: ProcessKey,
}

impl Keyring {
    /// Reads `base64` or `id:base64,id:base64`, the first being active. White space around keys is ignored, so
    /// a file with a last newline will do.
    pub fn parse(text: &str) -> Result<Self, KeyringError> {
        if text.trim().is_empty() {
            return Err(KeyringError::Empty);
        }
        let mut keks = text.split(',').zip(1..).map(|(part, number)| parse_kek(part.trim(), number));
        let active = keks.next().ok_or(KeyringError::Empty)??;
        let process = ProcessKey::random().map_err(|_| KeyringError::Unavailable)?;
        let mut ring = Self { active, older: Vec::new(), process };
        for kek in keks {
            let kek = kek?;
            if ring.has(kek.id()) {
                return Err(KeyringError::DuplicateId(kek.id().clone()));
            }
            ring.older.push(kek);
        }
        Ok(ring)
    }

    /// A new KEK in the form `parse` reads.
    pub fn generate_kek_text() -> Result<Secret, VaultError> {
        let key = Zeroizing::new(random_bytes::<KEY_LEN>()?);
        Ok(Secret::from(BASE64.encode(key.as_slice())))
    }

    /// The KEK under which new data keys are wrapped.
    pub fn active_id(&self) -> &KekId {
        self.active.id()
    }

    /// Every id, the active one first.
    pub fn ids(&self) -> impl Iterator<Item = &KekId> {
        std::iter::once(&self.active).chain(&self.older).map(Kek::id)
    }

    /// Whether there is a KEK of that id.
    pub fn has(&self, id: &KekId) -> bool {
        self.kek(id).is_ok()
    }

    /// The id that a KEK has where it is written without one.
    pub fn unnamed_id(&self, id: &KekId) -> Result<KekId, VaultError> {
        Ok(Kek::unnamed(Zeroizing::new(*self.kek(id)?.key())).id().clone())
    }

    /// What the store keeps beside a KEK's id, to tell at start that it is still the same key.
    pub fn check_value(&self, id: &KekId) -> Result<[u8; CHECK_VALUE_LEN], VaultError> {
        self.kek(id).map(Kek::check_value)
    }

    /// Compares a KEK with the check value that the store kept: `KekMissing` or `KekWrong` if it is not that one.
    pub fn verify(&self, id: &KekId, stored_check_value: &[u8]) -> Result<(), VaultError> {
        let value = self.check_value(id)?;
        verify_slices_are_equal(&value, stored_check_value).map_err(|_| VaultError::KekWrong(id.clone()))
    }

    /// A new data key, wrapped under the active KEK. The first version of an owner's data key is 1.
    pub fn new_dek(&self, owner: DekOwner, version: u32) -> Result<WrappedDek, VaultError> {
        WrappedDek::wrap(&self.active, owner, version, &*dek::generate()?)
    }

    /// The same data key, wrapped under the active KEK: one step of a KEK rotation.
    pub fn rewrap(&self, dek: &WrappedDek, owner: DekOwner) -> Result<WrappedDek, VaultError> {
        WrappedDek::wrap(&self.active, owner, dek.version(), &*self.unwrap_dek(dek, owner)?)
    }

    /// Seals a secret where the context says, under its owner's data key.
    pub fn seal(&self, dek: &WrappedDek, context: &Context<'_>, secret: &Secret) -> Result<Sealed, VaultError> {
        let key = self.unwrap_dek(dek, context.owner())?;
        Sealed::seal(&key, dek.version(), context, secret)
    }

    /// Opens a secret, if it was sealed under this data key and this context.
    pub fn open(&self, dek: &WrappedDek, context: &Context<'_>, sealed: &Sealed) -> Result<Secret, VaultError> {
        if sealed.dek_version() != dek.version() {
            return Err(VaultError::Damaged);
        }
        let key = self.unwrap_dek(dek, context.owner())?;
        sealed.open(&key, context)
    }

    fn unwrap_dek(&self, dek: &WrappedDek, owner: DekOwner) -> Result<Zeroizing<Key>, VaultError> {
        dek.unwrap((self.kek(dek.kek_id())?, &self.process), owner)
    }

    fn kek(&self, id: &KekId) -> Result<&Kek, VaultError> {
        let found = std::iter::once(&self.active).chain(&self.older).find(|kek| kek.id() == id);
        found.ok_or_else(|| VaultError::KekMissing(id.clone()))
    }
}

fn parse_kek(text: &str, number: usize) -> Result<Kek, KeyringError> {
    match text.split_once(':') {
        Some((id, key)) => {
            let id = KekId::parse(id.trim()).ok_or(KeyringError::BadId(number))?;
            Ok(Kek::new(id, parse_key(key.trim(), number)?))
        }
        None => Ok(Kek::unnamed(parse_key(text, number)?)),
    }
}

fn parse_key(text: &str, number: usize) -> Result<Zeroizing<Key>, KeyringError> {
    let bytes = BASE64.decode(text).map(Zeroizing::new).map_err(|_| KeyringError::NotBase64(number))?;
    let key: &Key = bytes.as_slice().try_into().map_err(|_| KeyringError::WrongLength(number))?;
    Ok(Zeroizing::new(*key))
}
