//! The HTTP client towards providers: HTTP/1.1 with a pool, no redirects, no proxy, no decompression.
//!
//! A connection has no task of its own: whoever waits for an answer drives what carries it, so that nothing is handed
//! from task to task. Nothing is sent twice that may have reached a provider: a request is sent anew only if the client
//! has it back whole, from a pooled connection that turned out dead before it carried a byte.

mod connect;
mod driven;
mod line;
mod listening;
mod pool;
mod signal;
#[cfg(test)]
mod tests;

use std::pin::Pin;
use std::sync::{Arc, Once};
use std::time::Duration;

use http::header::HOST;
use http::{Request, Response, Uri};
use hyper::body::Incoming;
use tokio::sync::watch;
use tokio::time::Instant;

use self::connect::Connector;
use self::driven::Carrier;
pub use self::driven::Driven;
use self::line::Line;
use self::pool::{Address, Pool, Shelf};
use crate::forward::Outgoing;
use crate::limits::Limits;

/// Shorter than the providers keep theirs, so that a pooled connection is rarely dead.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// The client. A stream owns its connection, so one caller can't slow another down, and cancelling a call closes what
/// carried it.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    pool: Arc<Pool>,
    connector: Connector,
    sweeping: Once,
}

/// The system's trusted certificates can't be used.
#[derive(Debug, thiserror::Error)]
#[error("no trusted certificates: {0}")]
pub struct NoRoots(#[from] std::io::Error);

/// There is no answer. Neither this nor what caused it names more than hosts: no headers, no bodies.
#[derive(Debug, thiserror::Error)]
pub enum Unanswered {
    /// Only addresses with a scheme and a host can be asked.
    #[error("the address is not absolute")]
    NoAddress,
    /// There is no connection.
    #[error("no connection")]
    NoConnection(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The connection was closed before it carried anything.
    #[error("the connection was closed before the request went out")]
    NotSent(#[source] hyper::Error),
    /// The request may have reached the provider.
    #[error("the exchange broke off")]
    BrokeOff(#[source] hyper::Error),
}

/// Builds the client.
pub fn client(limits: &Limits) -> Result<Client, NoRoots> {
    Ok(Client::new(connect::connector(limits.connect)?, IDLE_TIMEOUT))
}

/// What becomes of a request. It is boxed, so that no call has room for it longer than it takes.
pub type Answered = Pin<Box<dyn Future<Output = Result<Response<Driven>, Unanswered>> + Send>>;

impl Client {
    fn new(connector: Connector, idle_max: Duration) -> Self {
        Self(Arc::new(Inner { pool: Arc::new(Pool::new(idle_max)), connector, sweeping: Once::new() }))
    }

    /// Sends the request and waits for the head of its answer.
    pub fn request(&self, request: Request<Box<Outgoing>>) -> Answered {
        Box::pin(Arc::clone(&self.0).send(request))
    }
}

impl Inner {
    async fn send(self: Arc<Self>, mut request: Request<Box<Outgoing>>) -> Result<Response<Driven>, Unanswered> {
        let way = Way { shelf: self.shelf(&mut request)?, upload: request.body().progress() };
        while let Some(mut line) = way.shelf.take() {
            match line.carry(request).await {
                Ok(response) => return Ok(way.answer(response, line)),
                Err(mut refused) => match refused.take_message() {
                    Some(whole) => request = whole,
                    None => return Err(Unanswered::BrokeOff(refused.into_error())),
                },
            }
        }
        let mut line = connect::connect(&self.connector, way.shelf.address()).await?;
        self.sweeping.call_once(|| drop(tokio::spawn(pool::sweep(Arc::downgrade(&self.pool)))));
        match line.carry(request).await {
            Ok(response) => Ok(way.answer(response, line)),
            Err(refused) if refused.message().is_some() => Err(Unanswered::NotSent(refused.into_error())),
            Err(refused) => Err(Unanswered::BrokeOff(refused.into_error())),
        }
    }

    /// Where the connections are that may carry it. On these goes a path with a `Host`.
    fn shelf(&self, request: &mut Request<Box<Outgoing>>) -> Result<Arc<Shelf>, Unanswered> {
        let parts = std::mem::take(request.uri_mut()).into_parts();
        let shelf = self.pool.shelf(Address::new(parts.scheme, parts.authority)?)?;
        *request.uri_mut() = parts.path_and_query.map_or_else(Uri::default, Uri::from);
        request.headers_mut().entry(HOST).or_insert_with(|| shelf.host());
        Ok(shelf)
    }
}

/// The way that a request takes.
struct Way {
    shelf: Arc<Shelf>,
    /// Tells, of one whose caller is still sending, when its provider takes something; it ends when all is out.
    upload: Option<watch::Receiver<Instant>>,
}

impl Way {
    /// The head is there. Mostly all of a short answer is, too, and its connection can carry the next call already.
    fn answer(self, response: Response<Incoming>, line: Box<Line>) -> Response<Driven> {
        let is_uploading = self.upload.is_some_and(|upload| upload.has_changed().is_ok());
        let carrier = if is_uploading || line.is_stuck() {
            // The provider answers while the request is still going out. Whoever reads the answer may wait with that
            // until all of it is out, so it goes out by itself.
            tokio::spawn(line.finish(self.shelf));
            None
        } else if line.is_idle() {
            self.shelf.put(line);
            None
        } else {
            Some(Carrier::new(line, self.shelf))
        };
        response.map(|incoming| Driven::new(incoming, carrier))
    }
}
