//! What a sealed secret belongs to. The context goes into the key derivation and the authenticated data, so a
//! secret opens only under the very context it was sealed under.

use ownkey_domain::id::{ConnectionId, CredentialId, WebhookId, WorkspaceId};
use ownkey_domain::provider::Provider;

use crate::origin::Origin;

/// Whose data key it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DekOwner {
    /// A workspace; destroying its data key destroys its secrets.
    Workspace(WorkspaceId),
    /// The installation itself.
    System,
}

/// The keys of the installation. One key never serves two purposes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SystemPurpose {
    /// Keyed hash of platform keys.
    Pepper,
    /// Keyed hash of sessions.
    Session,
    /// Authentication of list cursors.
    Cursor,
    /// The audit hash chain.
    Audit,
}

impl SystemPurpose {
    /// The name in the store and in the sealed context.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pepper => "pepper",
            Self::Session => "session",
            Self::Cursor => "cursor",
            Self::Audit => "audit",
        }
    }
}

/// The tokens of an OAuth connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Token {
    /// Opens the account for a while.
    Access,
    /// Fetches the next one.
    Refresh,
}

impl Token {
    const fn purpose(self) -> &'static str {
        match self {
            Self::Access => "oauth_access",
            Self::Refresh => "oauth_refresh",
        }
    }
}

/// Where a secret belongs.
#[derive(Debug, Clone, Copy)]
pub enum Context<'a> {
    /// A workspace's key at a provider.
    ProviderKey {
        /// The workspace.
        workspace: WorkspaceId,
        /// The credential, that is the row.
        credential: CredentialId,
        /// The provider.
        provider: Provider,
        /// The only destination it may be sent to.
        origin: &'a Origin,
        /// The version of the secret within its row.
        version: u32,
    },
    /// A token of an OAuth connection.
    ConnectionToken {
        /// The workspace.
        workspace: WorkspaceId,
        /// The connection, that is the row.
        connection: ConnectionId,
        /// The provider, as the configuration names it.
        provider: &'a str,
        /// Who issued it, and the only destination that a refresh token may be sent to.
        issuer: &'a Origin,
        /// Which one.
        token: Token,
        /// The generation of tokens within the row.
        generation: u32,
    },
    /// What a webhook's messages are signed with.
    WebhookSecret {
        /// The workspace.
        workspace: WorkspaceId,
        /// The webhook, that is the row.
        webhook: WebhookId,
        /// The only destination whose messages it signs.
        destination: &'a Origin,
        /// The generation of secrets within the row.
        generation: u32,
    },
    /// A key of the installation.
    SystemKey {
        /// What it is for.
        purpose: SystemPurpose,
        /// Its number: keys of a purpose are counted, never overwritten.
        version: u32,
    },
}

impl Context<'_> {
    /// Whose data key seals it.
    pub const fn owner(&self) -> DekOwner {
        match self {
            Self::ProviderKey { workspace, .. }
            | Self::ConnectionToken { workspace, .. }
            | Self::WebhookSecret { workspace, .. } => DekOwner::Workspace(*workspace),
            Self::SystemKey { .. } => DekOwner::System,
        }
    }

    /// Appends the canonical form.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::ProviderKey { workspace: _, credential, provider, origin, version } => Fields {
                purpose: "provider_key",
                owner: self.owner(),
                row: credential.uuid().as_bytes(),
                provider: provider.as_str(),
                origin: origin.as_str(),
                version: *version,
            }
            .encode(out),
            Self::ConnectionToken { workspace: _, connection, provider, issuer, token, generation } => Fields {
                purpose: token.purpose(),
                owner: self.owner(),
                row: connection.uuid().as_bytes(),
                provider,
                origin: issuer.as_str(),
                version: *generation,
            }
            .encode(out),
            Self::WebhookSecret { workspace: _, webhook, destination, generation } => Fields {
                purpose: "webhook",
                owner: self.owner(),
                row: webhook.uuid().as_bytes(),
                provider: "",
                origin: destination.as_str(),
                version: *generation,
            }
            .encode(out),
            Self::SystemKey { purpose, version } => Fields {
                purpose: purpose.as_str(),
                owner: DekOwner::System,
                row: &[],
                provider: "",
                origin: "",
                version: *version,
            }
            .encode(out),
        }
    }
}

/// Appends the canonical context of a wrapped data key.
pub(crate) fn encode_dek(owner: DekOwner, version: u32, out: &mut Vec<u8>) {
    Fields { purpose: "dek", owner, row: &[], provider: "", origin: "", version }.encode(out);
}

/// Every context is these six fields, always all of them in this order, each with its length before it: no two
/// contexts have the same bytes, whatever the fields hold.
struct Fields<'a> {
    purpose: &'a str,
    owner: DekOwner,
    row: &'a [u8],
    provider: &'a str,
    origin: &'a str,
    version: u32,
}

impl Fields<'_> {
    fn encode(&self, out: &mut Vec<u8>) {
        field(out, self.purpose.as_bytes());
        match self.owner {
            DekOwner::Workspace(workspace) => field(out, workspace.uuid().as_bytes()),
            // Six bytes, so never mistaken for a workspace's sixteen.
            DekOwner::System => field(out, b"system"),
        }
        field(out, self.row);
        field(out, self.provider.as_bytes());
        field(out, self.origin.as_bytes());
        field(out, &self.version.to_be_bytes());
    }
}

fn field(out: &mut Vec<u8>, bytes: &[u8]) {
    // Eight bytes of length, so that no length has to be cut to fit.
    let len = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    out.extend_from_slice(&len.to_be_bytes());
    out.extend_from_slice(bytes);
}
