//! New connections.

use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use hyper::client::conn::http1::{self, Connection, SendRequest};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower::ServiceExt;

use super::line::Line;
use super::listening::Listening;
use super::signal::Signal;
use super::{NoRoots, Unanswered};
use crate::forward::Outgoing;

/// Resolves names, connects and encrypts.
pub type Connector = HttpsConnector<HttpConnector>;
/// What bytes go over.
pub type Stream = Listening<MaybeHttpsStream<TokioIo<TcpStream>>>;
/// The two ends that a connection has here. Bodies are boxed, because it has room for one as long as it lives.
pub type Ends = (SendRequest<Box<Outgoing>>, Connection<Stream, Box<Outgoing>>);

/// How long a connection may be silent before the system asks whether its peer is still there.
const KEEPALIVE: Duration = Duration::from_secs(60);

/// The connector.
pub fn connector(time: Duration) -> Result<Connector, NoRoots> {
    let mut tcp = HttpConnector::new();
    tcp.set_nodelay(true);
    tcp.enforce_http(false);
    tcp.set_connect_timeout(Some(time));
    tcp.set_keepalive(Some(KEEPALIVE));
    Ok(HttpsConnectorBuilder::new().with_native_roots()?.https_or_http().enable_http1().wrap_connector(tcp))
}

/// A new connection to that address. It is given up with the call that it is for.
pub async fn connect(connector: &Connector, address: Uri) -> Result<Box<Line>, Unanswered> {
    let stream = connector.clone().oneshot(address).await.map_err(Unanswered::NoConnection)?;
    let signal = Arc::new(Signal::default());
    let ends = http1::handshake(Listening::new(stream, Arc::clone(&signal))).await;
    Ok(Box::new(Line::new(ends.map_err(|error| Unanswered::NoConnection(error.into()))?, signal)))
}
