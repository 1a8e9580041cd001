//! Between the vault's types and the store's bytes.

use ownkey_domain::id::{WebhookId, WorkspaceId};
use ownkey_vault::{Context, Keyring, Origin, Sealed, Secret, VaultError, WrappedDek};

/// Where a secret belongs: what its sealed bytes are bound to.
pub(crate) struct Place<'a> {
    pub(crate) workspace: WorkspaceId,
    pub(crate) webhook: WebhookId,
    pub(crate) destination: &'a Origin,
    pub(crate) generation: u32,
}

impl Place<'_> {
    fn context(&self) -> Context<'_> {
        Context::WebhookSecret {
            workspace: self.workspace,
            webhook: self.webhook,
            destination: self.destination,
            generation: self.generation,
        }
    }

    pub(crate) fn seal(
        &self,
        (keyring, dek): (&Keyring, &ownkey_store::WrappedDek),
        secret: &Secret,
    ) -> Result<Vec<u8>, VaultError> {
        let dek = WrappedDek::from_bytes(dek.wrapped.clone())?;
        Ok(keyring.seal(&dek, &self.context(), secret)?.as_bytes().to_vec())
    }

    pub(crate) fn open(
        &self,
        (keyring, dek): (&Keyring, &ownkey_store::WrappedDek),
        sealed: &[u8],
    ) -> Result<Secret, VaultError> {
        let dek = WrappedDek::from_bytes(dek.wrapped.clone())?;
        keyring.open(&dek, &self.context(), &Sealed::from_bytes(sealed.to_vec())?)
    }
}
