//! Secrets as the store keeps them.

use crate::context::Context;
use crate::envelope::{self, Freshness, Header, Key};
use crate::error::VaultError;
use crate::secret::Secret;

/// A sealed secret: safe to store, to back up and to show to nobody in particular.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    blob: Box<[u8]>,
    dek_version: u32,
}

impl Sealed {
    /// Reads what `as_bytes` gave. Checks the form only: whether it opens shows when it is opened.
    pub fn from_bytes(blob: Vec<u8>) -> Result<Self, VaultError> {
        let header = envelope::header(&blob)?;
        if !header.kek.is_empty() {
            return Err(VaultError::Damaged);
        }
        let dek_version = header.dek_version;
        Ok(Self { blob: blob.into(), dek_version })
    }

    /// The bytes to store.
    pub fn as_bytes(&self) -> &[u8] {
        &self.blob
    }

    /// Which of its owner's data keys opens it.
    pub fn dek_version(&self) -> u32 {
        self.dek_version
    }

    pub(crate) fn seal(dek: &Key, dek_version: u32, context: &Context<'_>, plain: &Secret) -> Result<Self, VaultError> {
        let header = Header { kek: "", dek_version };
        let blob = envelope::seal(dek, header, |out| context.encode(out), plain.expose(), Freshness::random()?)?;
        Ok(Self { blob: blob.into(), dek_version })
    }

    pub(crate) fn open(&self, dek: &Key, context: &Context<'_>) -> Result<Secret, VaultError> {
        envelope::open(dek, &self.blob, |out| context.encode(out))
    }
}
