//! `[vault]`: where the key-encryption keys come from. The database never sees them.

use std::path::PathBuf;

use anyhow::{Context, bail};
use ownkey_vault::Keyring;
use serde::Deserialize;

use super::{Hidden, private};

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
                let text = private::read(path, "KEK file")?;
                let text = std::str::from_utf8(&text).ok().with_context(|| format!("{} is no text", path.display()))?;
                Keyring::parse(text).with_context(|| format!("the KEK file {} is not valid", path.display()))
            }
        }
    }
}
