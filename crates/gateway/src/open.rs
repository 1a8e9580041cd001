//! Step 5: the provider key, unsealed in this request, for this request.

use std::sync::Arc;

use ownkey_domain::id::WorkspaceId;
use ownkey_domain::payer::{PayerKind, Refusal};
use ownkey_vault::{Context, Keyring, Origin, ProviderKey};

use crate::decide::Decision;
use crate::directory::{Credential, Workspace};
use crate::error::Error;

/// The key that the decision names: the workspace's, opened for this call, or the operator's.
pub fn key_for(keyring: &Keyring, decision: &Decision<'_>) -> Result<Arc<ProviderKey>, Error> {
    if decision.payer.kind() == PayerKind::Managed {
        let key = decision.managed_key.map(Arc::clone);
        return key.ok_or_else(|| Error::from(Refusal::ManagedUnavailable));
    }
    let credential = decision.credential().ok_or_else(|| Error::from(Refusal::KeySealed))?;
    open(keyring, &decision.workspace, credential, decision.base.origin()).map(Arc::new)
}

/// Opens a workspace's key for the destination it is about to be sent to. Bytes that were changed or moved, or
/// sealed for another destination, don't open.
fn open(
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
