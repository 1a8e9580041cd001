//! Seals and opens secrets. Knows no database and no network; the only state is the key ring it is given, and what
//! that keeps at hand beside data keys.
//!
//! A key-encryption key (KEK) from the configuration wraps one data key (DEK) per workspace and one for the
//! system. Each secret is sealed under a key of its own, derived from the DEK, a random salt and the [`Context`]
//! it belongs to, so a sealed secret that is moved to another row, workspace, provider or destination does not
//! open. The bytes are described in `docs/vault-format.md`.

#![warn(missing_docs)]

mod at_hand;
mod context;
mod dek;
mod envelope;
mod error;
mod kek;
mod keyring;
mod origin;
mod platform_key_hasher;
mod random;
mod sealed;
mod secret;
mod signature;

pub use context::{Context, DekOwner, SystemPurpose, Token};
pub use dek::WrappedDek;
pub use error::VaultError;
pub use kek::{CHECK_VALUE_LEN, KekId};
pub use keyring::{Keyring, KeyringError};
pub use origin::{BadOrigin, Origin, Scheme};
pub use platform_key_hasher::{KeyHash, PepperId, PlatformKeyHasher};
pub use random::random_bytes;
pub use sealed::Sealed;
pub use secret::{ProviderKey, Secret};
pub use signature::sign;
