//! Data keys: one per workspace and one for the system. The store keeps them only wrapped under a KEK, the process also at
//! hand once they were opened: see [`crate::at_hand`].

use std::fmt;

use zeroize::Zeroizing;

use crate::at_hand::{AtHand, ProcessKey};
use crate::context::{DekOwner, encode_dek};
use crate::envelope::{self, Freshness, Header, Key};
use crate::error::VaultError;
use crate::kek::{Kek, KekId};
use crate::random::random_bytes;

/// What a data key is bound to is not longer.
const BOUND_LEN: usize = 71;

/// A data key as the store keeps it, and as the process does once it was opened.
pub struct WrappedDek {
    blob: Box<[u8]>,
    kek: KekId,
    version: u32,
    at_hand: AtHand,
}

impl WrappedDek {
    /// Reads what `as_bytes` gave. Checks the form only: whether it opens shows when it is used.
    pub fn from_bytes(blob: Vec<u8>) -> Result<Self, VaultError> {
        let header = envelope::header(&blob)?;
        let kek = KekId::parse(header.kek).ok_or(VaultError::Damaged)?;
        let version = header.dek_version;
        Ok(Self { blob: blob.into(), kek, version, at_hand: AtHand::default() })
    }

    /// The bytes to store.
    pub fn as_bytes(&self) -> &[u8] {
        &self.blob
    }

    /// The KEK it is wrapped under.
    pub fn kek_id(&self) -> &KekId {
        &self.kek
    }

    /// Its number among the data keys of its owner.
    pub fn version(&self) -> u32 {
        self.version
    }

    pub(crate) fn wrap(kek: &Kek, owner: DekOwner, version: u32, dek: &Key) -> Result<Self, VaultError> {
        let header = Header { kek: kek.id().as_str(), dek_version: version };
        let blob = envelope::seal(kek.key(), header, |out| encode_dek(owner, version, out), dek, Freshness::random()?)?;
        Ok(Self { blob: blob.into(), kek: kek.id().clone(), version, at_hand: AtHand::default() })
    }

    pub(crate) fn unwrap(
        &self,
        (kek, process): (&Kek, &ProcessKey),
        owner: DekOwner,
    ) -> Result<Zeroizing<Key>, VaultError> {
        let mut bound = Vec::with_capacity(BOUND_LEN);
        encode_dek(owner, self.version, &mut bound);
        if let Some(key) = process.open(&self.at_hand, &bound) {
            return Ok(key);
        }
        let key = envelope::open_key(kek.key(), &self.blob, |out| out.extend_from_slice(&bound))?;
        process.keep(&self.at_hand, &bound, &key)?;
        Ok(key)
    }
}

impl PartialEq for WrappedDek {
    fn eq(&self, other: &Self) -> bool {
        // All else is read from it.
        self.blob == other.blob
    }
}

impl fmt::Debug for WrappedDek {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WrappedDek").field("kek", &self.kek).field("version", &self.version).finish_non_exhaustive()
    }
}

/// A new data key in clear, to be wrapped at once.
pub(crate) fn generate() -> Result<Zeroizing<Key>, VaultError> {
    random_bytes().map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use ownkey_domain::id::WorkspaceId;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn what_a_data_key_is_bound_to_has_the_room_that_is_made_for_it() {
        for owner in [DekOwner::System, DekOwner::Workspace(WorkspaceId::from_uuid(Uuid::max()))] {
            let mut bound = Vec::new();
            encode_dek(owner, u32::MAX, &mut bound);
            assert!(bound.len() <= BOUND_LEN, "{}", bound.len());
        }
    }
}
