//! Step 5: the provider key, unsealed in this request, for this request.

use ownkey_domain::id::WorkspaceId;
use ownkey_vault::{Context, Keyring, Origin, ProviderKey};

use crate::directory::{Credential, Workspace};
use crate::error::Error;
use ownkey_domain::payer::Refusal;

/// Opens a workspace's key for the destination it is about to be sent to. Bytes that were changed or moved, or
/// sealed for another destination, don't open.
pub fn open(
    keyring: &Keyring,
    workspace: &Workspace,
    credential: &Credential,
    destination: &Origin,
) -> Result<ProviderKey, Error> {
    let (Some(dek), Some(sealed)) = (&workspace.dek, &credential.sealed) else {
        return Err(sealed_for_good(workspace.id, credential, "the row is damaged"));
    };
    let context = Context::ProviderKey {
        workspace: workspace.id,
        credential: credential.id,
        provider: credential.provider,
        origin: destination,
        version: credential.version,
    };
    let secret = keyring
        .open(dek, &context, sealed)
        .map_err(|error| sealed_for_good(workspace.id, credential, &error.to_string()))?;
    ProviderKey::new(secret).ok_or_else(|| sealed_for_good(workspace.id, credential, "not a key"))
}

fn sealed_for_good(workspace: WorkspaceId, credential: &Credential, reason: &str) -> Error {
    tracing::error!(%workspace, credential = %credential.id, reason, "a provider key can't be opened");
    Error::from(Refusal::KeySealed)
}
