//! `tls_cert` and `tls_key` of `[server]`: who the listener is.

use std::path::PathBuf;

use anyhow::{Context, bail};
use ownkey_gateway::edge::Identity;

use super::private;

/// Where the certificate and its key are. They are read when they are needed, because certificates are renewed.
#[derive(Debug)]
pub struct Tls {
    cert: PathBuf,
    key: PathBuf,
}

impl Tls {
    /// Both or neither.
    pub fn check(cert: Option<PathBuf>, key: Option<PathBuf>) -> anyhow::Result<Option<Self>> {
        match (cert, key) {
            (Some(cert), Some(key)) => Ok(Some(Self { cert, key })),
            (None, None) => Ok(None),
            (Some(_), None) => bail!("`tls_cert` is set and `tls_key` is not: TLS needs both"),
            (None, Some(_)) => bail!("`tls_key` is set and `tls_cert` is not: TLS needs both"),
        }
    }

    /// Reads both.
    pub fn identity(&self) -> anyhow::Result<Identity> {
        let key = private::read(&self.key, "TLS key file")?;
        Identity::from_pem(&self.chain()?, &key)
            .with_context(|| format!("{} and {} can't be used for TLS", self.cert.display(), self.key.display()))
    }

    /// The certificate and its chain, as PEM.
    pub fn chain(&self) -> anyhow::Result<Vec<u8>> {
        std::fs::read(&self.cert).with_context(|| format!("cannot read the TLS certificate {}", self.cert.display()))
    }
}
