//! Between the vault's types and the store's bytes.

use ownkey_domain::id::{ConnectionId, WorkspaceId};
use ownkey_vault::{Context, Keyring, Origin, Sealed, Secret, Token, VaultError, WrappedDek};

/// Where a connection's tokens belong: what their sealed bytes are bound to.
pub(crate) struct Place<'a> {
    pub(crate) workspace: WorkspaceId,
    pub(crate) connection: ConnectionId,
    pub(crate) provider: &'a str,
    pub(crate) issuer: &'a Origin,
    pub(crate) generation: u32,
}

impl Place<'_> {
    fn context(&self, token: Token) -> Context<'_> {
        Context::ConnectionToken {
            workspace: self.workspace,
            connection: self.connection,
            provider: self.provider,
            issuer: self.issuer,
            token,
            generation: self.generation,
        }
    }

    pub(crate) fn seal(
        &self,
        (keyring, dek): (&Keyring, &ownkey_store::WrappedDek),
        token: Token,
        secret: &Secret,
    ) -> Result<Vec<u8>, VaultError> {
        let dek = WrappedDek::from_bytes(dek.wrapped.clone())?;
        Ok(keyring.seal(&dek, &self.context(token), secret)?.as_bytes().to_vec())
    }

    pub(crate) fn open(
        &self,
        (keyring, dek): (&Keyring, &ownkey_store::WrappedDek),
        token: Token,
        sealed: &[u8],
    ) -> Result<Secret, VaultError> {
        let dek = WrappedDek::from_bytes(dek.wrapped.clone())?;
        keyring.open(&dek, &self.context(token), &Sealed::from_bytes(sealed.to_vec())?)
    }
}
