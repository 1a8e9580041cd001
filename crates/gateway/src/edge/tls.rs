//! TLS at the door: whose certificate is shown, and the handshake, which fails for nobody but whoever fails at it.

use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::version::{TLS12, TLS13};
use rustls::{InconsistentKeys, ServerConfig};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::connection::Socket;

/// What is spoken over TLS, the better first.
const ALPN: [&[u8]; 2] = [b"h2", HTTP1];
/// The name of HTTP/1 there.
pub(super) const HTTP1: &[u8] = b"http/1.1";

/// A certificate with its chain and key, as a listener shows it.
#[derive(Clone)]
pub struct Identity(Arc<ServerConfig>);

/// Why two PEM files are no identity. Nothing of them is quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadIdentity {
    /// No certificate can be read.
    #[error("the certificate file holds no usable PEM certificate; it should hold the server's, then its chain")]
    Certificate,
    /// No key can be read.
    #[error("the key file holds no usable PEM private key; it must be PKCS#8, PKCS#1 or SEC1, and not encrypted")]
    Key,
    /// Both can be read and do not belong together.
    #[error("the private key is not that of the (first) certificate")]
    Mismatch,
}

impl Identity {
    /// The identity in a certificate file and a key file, both PEM.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, BadIdentity> {
        let chain = CertificateDer::pem_slice_iter(chain).collect::<Result<Vec<_>, _>>();
        let chain = chain.ok().filter(|chain| !chain.is_empty()).ok_or(BadIdentity::Certificate)?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| BadIdentity::Key)?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_protocol_versions(&[&TLS13, &TLS12])
            .and_then(|versions| versions.with_no_client_auth().with_single_cert(chain, key))
            .map_err(|error| match error {
                rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => BadIdentity::Mismatch,
                rustls::Error::InvalidCertificate(_) => BadIdentity::Certificate,
                _ => BadIdentity::Key,
            })?;
        config.alpn_protocols = ALPN.map(<[u8]>::to_vec).to_vec();
        Ok(Self(Arc::new(config)))
    }

    /// Shakes hands with a peer; nothing if that fails or is not done in time.
    pub(super) async fn shake_hands(&self, socket: Socket, within: Duration) -> Option<TlsStream<Socket>> {
        let shaking = TlsAcceptor::from(Arc::clone(&self.0)).accept(socket);
        match tokio::time::timeout(within, shaking).await {
            Ok(Ok(stream)) => Some(stream),
            Ok(Err(error)) => {
                // Scanners and callers without the right authority do this all the time.
                tracing::debug!(%error, "a TLS handshake failed");
                None
            }
            Err(_) => None,
        }
    }
}
