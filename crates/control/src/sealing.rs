//! Between the vault's types and the store's bytes.

use ownkey_domain::id::{CredentialId, WorkspaceId};
use ownkey_domain::provider::Provider;
use ownkey_store::StoredCredential;
use ownkey_vault::{Context, Keyring, Origin, ProviderKey, Sealed, VaultError, WrappedDek};

/// A provider key is sealed once per row: rotation makes a new row.
pub(crate) const SECRET_VERSION: u32 = 1;

/// Where a provider key belongs: what its sealed bytes are bound to.
pub(crate) struct Place<'a> {
    pub(crate) workspace: WorkspaceId,
    pub(crate) credential: CredentialId,
    pub(crate) provider: Provider,
    pub(crate) origin: &'a Origin,
    pub(crate) version: u32,
}

impl Place<'_> {
    fn context(&self) -> Context<'_> {
        Context::ProviderKey {
            workspace: self.workspace,
            credential: self.credential,
            provider: self.provider,
            origin: self.origin,
            version: self.version,
        }
    }
}

/// A data key as the store keeps it.
pub(crate) fn to_store(dek: &WrappedDek) -> ownkey_store::WrappedDek {
    ownkey_store::WrappedDek { wrapped: dek.as_bytes().to_vec(), version: dek.version() }
}

/// Seals a provider key where it belongs.
pub(crate) fn seal(
    keyring: &Keyring,
    dek: &ownkey_store::WrappedDek,
    place: &Place<'_>,
    key: &ProviderKey,
) -> Result<Vec<u8>, VaultError> {
    let dek = WrappedDek::from_bytes(dek.wrapped.clone())?;
    let sealed = keyring.seal(&dek, &place.context(), key.as_secret())?;
    Ok(sealed.as_bytes().to_vec())
}

/// Opens a stored provider key, and tells where it may be sent.
pub(crate) fn open(
    keyring: &Keyring,
    workspace: WorkspaceId,
    dek: &ownkey_store::WrappedDek,
    stored: &StoredCredential,
) -> Result<(ProviderKey, Origin), VaultError> {
    let origin: Origin = stored.origin.parse().map_err(|_| VaultError::Damaged)?;
    let place = Place {
        workspace,
        credential: stored.id,
        provider: stored.provider.ok_or(VaultError::Damaged)?,
        origin: &origin,
        version: stored.secret_version.ok_or(VaultError::Damaged)?,
    };
    let dek = WrappedDek::from_bytes(dek.wrapped.clone())?;
    let sealed = Sealed::from_bytes(stored.sealed.clone())?;
    let secret = keyring.open(&dek, &place.context(), &sealed)?;
    let key = ProviderKey::new(secret).ok_or(VaultError::Damaged)?;
    Ok((key, origin))
}
