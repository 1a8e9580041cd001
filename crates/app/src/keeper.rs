//! For commands that need the store: whoever has it. A running server is asked; only when there is none does the
//! command open the store itself.

mod pin;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, bail};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use ownkey_store::{Actor, By, Store, StoreConfig, StoreError};
use ownkey_vault::Keyring;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::clock;
use crate::config::{Hidden, Settings, Tls};
use crate::vaulting::{self, SystemKeys};

/// A server on this machine takes a connection at once or not at all.
const CONNECT: Duration = Duration::from_secs(5);
/// The longest a single operator's request takes: a copy of a large database.
const ANSWER: Duration = Duration::from_secs(3600);
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// Who has the store.
pub enum Keeper {
    /// This process.
    Us(Box<OpenStore>),
    /// A running server.
    Server(ServerClient),
}

/// The store, opened by a command.
pub struct OpenStore {
    /// The KEKs.
    pub keyring: Keyring,
    /// The store, ready for changes.
    pub store: Store,
    /// The installation's own keys.
    pub keys: SystemKeys,
}

/// Asks the running server, as the operator.
pub struct ServerClient {
    address: SocketAddr,
    token: Option<Hidden>,
    /// The certificate that the server must show, as PEM; it speaks plain HTTP if absent.
    certificate: Option<Vec<u8>>,
}

impl Keeper {
    /// Finds out.
    pub async fn find(settings: &Settings) -> anyhow::Result<Self> {
        let client = ServerClient::new(settings)?;
        // On PostgreSQL nothing keeps a second process away.
        if !settings.database.is_sqlite() && client.connect().await.is_ok() {
            return Ok(Self::Server(client));
        }
        let (keyring, config) = (settings.vault.keyring()?, StoreConfig::new(&settings.database.url));
        vaulting::check_store(&keyring, &config).await?;
        match Store::open(&config).await {
            Ok(store) => Ok(Self::Us(Box::new(OpenStore::new(keyring, store).await?))),
            Err(StoreError::AlreadyOpen(_)) => Ok(Self::Server(client)),
            Err(error) => Err(error).context("cannot open the store"),
        }
    }
}

impl OpenStore {
    async fn new(keyring: Keyring, store: Store) -> anyhow::Result<Self> {
        vaulting::record_keks(&keyring, &store).await?;
        let keys = SystemKeys::open(&keyring, &store).await?;
        store.set_audit_mac(keys.audit_mac(&keyring, &store).await?);
        Ok(Self { keyring, store, keys })
    }

    /// By the operator, now: whoever can read the KEK is that.
    pub fn by() -> By {
        By::new(Actor::Operator, clock::now())
    }
}

impl ServerClient {
    fn new(settings: &Settings) -> anyhow::Result<Self> {
        let mut address = settings.server.listen;
        if address.ip().is_unspecified() {
            address.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
        }
        let certificate = settings.server.tls.as_ref().map(Tls::chain).transpose()?;
        Ok(Self { address, token: settings.operator.tokens.first().cloned(), certificate })
    }

    /// Reaches it.
    pub async fn connect(&self) -> anyhow::Result<TcpStream> {
        let connecting = tokio::time::timeout(CONNECT, TcpStream::connect(self.address)).await;
        let connected = connecting.map_err(anyhow::Error::from).and_then(|done| done.map_err(anyhow::Error::from));
        connected.with_context(|| {
            format!("another process has the store, and no server answers at {} (the configured address)", self.address)
        })
    }

    /// Posts to a path under `/api/v1/operator`.
    pub async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let Some(token) = &self.token else {
            bail!("a server is running and is asked with the operator token: set `[operator] token` here too");
        };
        let request = Request::post(format!("/api/v1/operator/{path}"))
            .header(HOST, self.address.to_string())
            .header(AUTHORIZATION, format!("Bearer {}", token.expose()))
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body.to_string())))?;
        let stream = self.connect().await?;
        let (status, bytes) = match &self.certificate {
            None => ask(stream, request).await?,
            Some(certificate) => ask(self.secured(stream, certificate).await?, request).await?,
        };
        let value: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        if !status.is_success() {
            let detail = value.get("detail").and_then(Value::as_str).unwrap_or("no reason given");
            bail!("the server answers {}: {detail}", status.as_u16());
        }
        Ok(value)
    }

    async fn secured(&self, stream: TcpStream, certificate: &[u8]) -> anyhow::Result<TlsStream<TcpStream>> {
        let shaking = tokio::time::timeout(CONNECT, pin::connect(stream, certificate)).await;
        shaking.map_err(anyhow::Error::from).flatten().with_context(|| {
            format!(
                "the server at {} does not show the configured certificate (`tls_cert`); if that was renewed, send \
                 the server SIGHUP first",
                self.address
            )
        })
    }
}

async fn ask<S>(stream: S, request: Request<Full<Bytes>>) -> anyhow::Result<(StatusCode, Bytes)>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let answering = async {
        let (head, body) = sender.send_request(request).await?.into_parts();
        let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await.map_err(anyhow::Error::from_boxed)?;
        anyhow::Ok((head.status, body.to_bytes()))
    };
    tokio::time::timeout(ANSWER, answering)
        .await
        .context("the server did not answer in time")?
        .context("the server went away in the middle; run the command again")
}
