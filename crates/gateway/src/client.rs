//! The HTTP client towards providers: HTTP/1.1 with a pool, no redirects, no proxy, no decompression.

mod listening;

use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::Client as PooledClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tower::ServiceExt;
use tower::util::MapResponse;

use self::listening::Listening;
use crate::forward::Outgoing;
use crate::limits::Limits;

/// The pooled client. A stream owns its connection, so one caller can't slow another down, and cancelling a call
/// closes what carried it.
///
/// Bodies are boxed because a connection has room for many requests, as long as it lives.
pub type Client = PooledClient<Connector, Box<Outgoing>>;
type Connector = MapResponse<HttpsConnector<HttpConnector>, fn(Stream) -> Listening<Stream>>;
type Stream = MaybeHttpsStream<TokioIo<TcpStream>>;

/// Idle connections kept per provider.
const IDLE_PER_HOST_MAX: usize = 256;
/// Shorter than the providers keep theirs, so that a pooled connection is rarely dead.
const IDLE_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(30);

/// The system's trusted certificates can't be used.
#[derive(Debug, thiserror::Error)]
#[error("no trusted certificates: {0}")]
pub struct NoRoots(#[from] std::io::Error);

/// Builds the client.
pub fn client(limits: &Limits) -> Result<Client, NoRoots> {
    let mut tcp = HttpConnector::new();
    tcp.set_nodelay(true);
    tcp.enforce_http(false);
    tcp.set_connect_timeout(Some(limits.connect));
    tcp.set_keepalive(Some(std::time::Duration::from_secs(60)));
    let listening: fn(Stream) -> Listening<Stream> = Listening::new;
    let https = HttpsConnectorBuilder::new().with_native_roots()?.https_or_http().enable_http1().wrap_connector(tcp);
    Ok(PooledClient::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE_TIMEOUT)
        .pool_max_idle_per_host(IDLE_PER_HOST_MAX)
        .build(https.map_response(listening)))
}
