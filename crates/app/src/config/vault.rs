//! `[vault]`: where the key-encryption keys come from. The database never sees them.

use std::path::PathBuf;

use anyhow::{Context, bail};
use ownkey_vault::Keyring;
use serde::Deserialize;

use super::Hidden;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct RawVault {
    kek: Hidden,
    kek_file: Option<PathBuf>,
}

/// Where the key-encryption keys come from.
#[derive(Debug)]
pub enum Vault {
    /// The text itself.
    Text(Hidden),
    /// A file.
    File(PathBuf),
    /// Nowhere: `serve` refuses.
    Missing,
}

impl RawVault {
    pub fn check(self) -> anyhow::Result<Vault> {
        match (self.kek.is_empty(), self.kek_file) {
            (false, Some(_)) => bail!("set either `kek` or `kek_file`, not both"),
            (false, None) => Ok(Vault::Text(self.kek)),
            (true, Some(file)) => Ok(Vault::File(file)),
            (true, None) => Ok(Vault::Missing),
        }
    }
}

impl Vault {
    /// Reads the key ring.
    pub fn keyring(&self) -> anyhow::Result<Keyring> {
        match self {
            Self::Missing => {
                bail!(
                    "there is no key-encryption key: run `ownkey init`, or set OWNKEY_VAULT__KEK_FILE or OWNKEY_VAULT__KEK"
                )
            }
            Self::Text(text) => Keyring::parse(text.expose()).context("OWNKEY_VAULT__KEK is not valid"),
            Self::File(path) => {
                check_mode(path)?;
                let text = std::fs::read_to_string(path).map(zeroize::Zeroizing::new);
                let text = text.with_context(|| format!("cannot read the KEK file {}", path.display()))?;
                Keyring::parse(&text).with_context(|| format!("the KEK file {} is not valid", path.display()))
            }
        }
    }
}

/// A key that others on the machine can read is no secret.
fn check_mode(path: &std::path::Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = std::fs::metadata(path).with_context(|| format!("cannot read the KEK file {}", path.display()))?;
    if metadata.permissions().mode() & 0o077 != 0 {
        bail!("the KEK file {} can be read by others: run `chmod 600` on it", path.display());
    }
    Ok(())
}
