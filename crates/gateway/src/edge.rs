//! The accept loop: our own, because time-outs, connection caps, TCP_NODELAY and draining must be ours.

mod activity;
mod arriving;
mod connection;
mod host;
mod peers;
#[cfg(test)]
mod tests;
mod tls;
pub(crate) mod writer;

use std::future::Future;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::header::{HOST, TRANSFER_ENCODING};
use http::request::Parts;
use http::{Request, Response, Version};
use ipnet::IpNet;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use self::activity::Activity;
pub use self::arriving::Arriving;
use self::connection::Socket;
use self::host::Host;
use self::peers::Peers;
pub use self::tls::{BadIdentity, Identity};
use crate::body::Body;
use crate::limits::Limits;

/// Pause after the system refused another connection, so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Whoever answers requests.
pub trait Answer: Send + Sync + 'static {
    /// Answers one request, which came over a connection from that peer, if it still has one. Dropped when the caller
    /// leaves. The request is boxed: it goes from step to step, and each would have room for it twice.
    fn answer(
        self: Arc<Self>,
        request: Box<Request<Arriving>>,
        peer: Option<IpAddr>,
    ) -> impl Future<Output = Response<Body>> + Send;

    /// Ends what is still going on: the server stops now.
    fn cut_off(&self) {}

    /// Resolves when nothing goes on any more that no connection waits for.
    fn rest_is_over(&self) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }
}

/// Where callers come in.
pub struct Entrance {
    /// Bound already.
    pub listener: TcpListener,
    /// Who the listener is to those who come from now on; plain HTTP if absent.
    pub identity: Option<watch::Receiver<Identity>>,
    /// Proxies, which bring many callers over few addresses: the bound on connections of one address is not for them.
    pub proxies: Vec<IpNet>,
    /// Whether other machines may come by those proxies only, because all else would travel unencrypted.
    pub proxies_only: bool,
}

impl Entrance {
    /// Plain HTTP, for whoever reaches the listener.
    pub fn plain(listener: TcpListener) -> Self {
        Self { listener, identity: None, proxies: Vec::new(), proxies_only: false }
    }
}

/// Serves the entrance until `stop` resolves, then lets open calls end for [`Limits::drain`].
pub async fn serve<A: Answer>(entrance: Entrance, answer: Arc<A>, limits: &Limits, stop: impl Future<Output = ()>) {
    let Entrance { listener, identity, proxies, proxies_only } = entrance;
    let door = Door::new(limits, Peers::new(limits.connections_per_peer(), proxies), proxies_only);
    let rest = Arc::clone(&answer);
    let host = Arc::new(Host::new(answer, identity, limits));
    let (stopping, _) = watch::channel(());
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut stop => break,
            accepted = door.accept(&listener) => accepted,
        };
        let Some((stream, entry)) = accepted else { continue };
        let socket = Socket::new(stream, Activity::new(limits));
        let writer = Arc::clone(socket.activity.writer());
        let host = Arc::clone(&host);
        let mut stopped = stopping.subscribe();
        tokio::spawn(async move {
            let stop = async {
                // An error means that the sender is gone, which is as good a reason to stop.
                let _ = stopped.changed().await;
            };
            writer.write(host.serve(socket, pin!(stop))).await;
            drop((entry, stopped));
        });
    }
    drop(listener);
    let _ = stopping.send(());
    let over = || async {
        // Every connection has a receiver until it ends.
        stopping.closed().await;
        rest.rest_is_over().await;
    };
    if tokio::time::timeout(limits.drain, over()).await.is_err() {
        tracing::warn!("some calls are still open after the drain time and are cut off");
        host.cut_off();
        // What does not go now is a caller who takes nothing; dropping it settles its call too.
        let _ = tokio::time::timeout(CUT_OFF_GRACE, over()).await;
    }
}

/// How long calls that are cut off have to tell their callers.
const CUT_OFF_GRACE: Duration = Duration::from_secs(2);

/// Who may come in.
struct Door {
    connections: Arc<Semaphore>,
    peers: Arc<Peers>,
    proxies_only: bool,
    crowd_told: std::sync::Once,
    stranger_told: std::sync::Once,
}

/// A connection's place, given back when it ends.
type Entry = (OwnedSemaphorePermit, peers::Counted);

impl Door {
    fn new(limits: &Limits, peers: Arc<Peers>, proxies_only: bool) -> Self {
        let (wanted, connections) = (limits.connections_max, limits.connections());
        if connections < wanted {
            tracing::warn!(wanted, connections, "fewer connections than configured: raise the limit of open files");
        }
        Self {
            connections: Arc::new(Semaphore::new(connections)),
            peers,
            proxies_only,
            crowd_told: std::sync::Once::new(),
            stranger_told: std::sync::Once::new(),
        }
    }

    async fn accept(&self, listener: &TcpListener) -> Option<(TcpStream, Entry)> {
        let permit = Arc::clone(&self.connections).acquire_owned().await.ok()?;
        match listener.accept().await {
            Ok((stream, peer)) => {
                // Without it a stream's small writes wait for the caller's delayed acknowledgements: 40 ms each.
                let _ = stream.set_nodelay(true);
                Some((stream, (permit, self.admit(peer.ip())?)))
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                None
            }
        }
    }

    fn admit(&self, peer: IpAddr) -> Option<peers::Counted> {
        if self.proxies_only && !self.peers.trusts(peer) {
            self.stranger_told.call_once(|| {
                tracing::warn!(
                    %peer,
                    "a connection came past the proxies, unencrypted, and was closed (server.trusted_proxies, or \
                     server.tls_cert and tls_key)"
                );
            });
            return None;
        }
        let counted = self.peers.admit(peer);
        if counted.is_none() {
            // Once: whoever does this does it often.
            self.crowd_told.call_once(|| {
                tracing::warn!("one address has too many connections; more are closed (limits.connections_per_peer)");
            });
        }
        counted
    }
}

/// What hyper lets through and we don't: a request that two readers could understand differently.
pub fn ambiguity(head: &Parts) -> Option<&'static str> {
    let headers = &head.headers;
    let hosts = headers.get_all(HOST).iter().count();
    if hosts > 1 {
        return Some("the request has more than one host header");
    }
    if head.version == Version::HTTP_11 && hosts == 0 {
        return Some("the request has no host header");
    }
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    if codings.next().is_some_and(|first| !first.as_bytes().eq_ignore_ascii_case(b"chunked"))
        || codings.next().is_some()
    {
        return Some("the only transfer-encoding supported is chunked");
    }
    None
}
