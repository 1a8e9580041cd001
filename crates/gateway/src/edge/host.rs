//! What every connection of a listener is served with.

use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;

use super::activity::{Activity, Answering};
use super::arriving::arriving;
use super::connection::{Socket, drive};
use super::tls::Identity;
use super::writer::Streams;
use super::{Answer, Peer};
use crate::limits::Limits;

/// What hyper may buffer of a request's head.
const HEAD_BYTES_MAX: usize = 64 << 10;
/// Streams a caller may have open on one HTTP/2 connection.
const H2_STREAMS_MAX: u32 = 100;
/// How often an HTTP/2 peer is asked whether it is still there, and how long it may take to say so: a peer that
/// vanished must not hold a call.
const H2_PING_EVERY: Duration = Duration::from_secs(30);
const H2_PING_WAIT: Duration = Duration::from_secs(20);

/// Whoever answers, in which protocols, and under which certificate.
pub struct Host<A> {
    answer: Arc<A>,
    http: auto::Builder<Streams>,
    identity: Option<watch::Receiver<Identity>>,
    handshake: Duration,
}

impl<A: Answer> Host<A> {
    /// Puts it together.
    pub fn new(answer: Arc<A>, identity: Option<watch::Receiver<Identity>>, limits: &Limits) -> Self {
        Self { answer, http: builder(limits), identity, handshake: limits.header_read }
    }

    /// Serves a connection until its end. When `stop` resolves it is told to end.
    pub async fn serve(&self, socket: Socket, stop: impl Future<Output = ()>) {
        let peer = socket.peer().ok().map(|peer| Peer(peer.ip()));
        match &self.identity {
            None => {
                let activity = Arc::clone(&socket.activity);
                self.converse((socket, peer), &activity, stop).await;
            }
            Some(identity) => {
                // The one of this moment: it may be renewed while the server runs.
                let identity = identity.borrow().clone();
                // Boxed, so that plain connections need no room for it.
                Box::pin(self.converse_secretly(identity, (socket, peer), stop)).await;
            }
        }
    }

    async fn converse_secretly(
        &self,
        identity: Identity,
        (socket, peer): (Socket, Option<Peer>),
        stop: impl Future<Output = ()>,
    ) {
        let activity = Arc::clone(&socket.activity);
        let mut stop = pin!(stop);
        let stream = tokio::select! {
            biased;
            () = &mut stop => None,
            stream = identity.shake_hands(socket, self.handshake) => stream,
        };
        if let Some(stream) = stream {
            self.converse((stream, peer), &activity, stop).await;
        }
    }

    async fn converse<S>(
        &self,
        (stream, peer): (S, Option<Peer>),
        activity: &Arc<Activity>,
        stop: impl Future<Output = ()>,
    ) where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let service = service_fn(|mut request: Request<Incoming>| {
            if let Some(peer) = peer {
                request.extensions_mut().insert(peer);
            }
            let open = activity.open(request.version());
            let (answer, activity) = (Arc::clone(&self.answer), Arc::clone(activity));
            let (request, unread) = arriving(request);
            // Boxed: a connection has room for it as long as it lives, a call needs it until its head is out.
            Box::pin(async move {
                let mut response = answer.answer(request).await;
                if let Some(unread) = unread
                    && !unread.settle(response.headers_mut()).await
                {
                    activity.leave_unread();
                }
                Ok::<_, Infallible>(response.map(|body| Answering::new(body, open)))
            })
        });
        let connection = pin!(self.http.serve_connection(TokioIo::new(stream), service));
        drive(connection, activity, stop).await;
    }

    /// Ends what is still going on.
    pub fn cut_off(&self) {
        self.answer.cut_off();
    }
}

fn builder(limits: &Limits) -> auto::Builder<Streams> {
    let mut builder = auto::Builder::new(Streams { patience: limits.stream_idle });
    // The time of a head is bounded by `Activity`, which tells a slow head from an idle connection.
    builder.http1().timer(TokioTimer::new()).header_read_timeout(None).max_buf_size(HEAD_BYTES_MAX);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(H2_STREAMS_MAX)
        .max_header_list_size(u32::try_from(HEAD_BYTES_MAX).unwrap_or(u32::MAX))
        .keep_alive_interval(H2_PING_EVERY)
        .keep_alive_timeout(H2_PING_WAIT);
    builder
}
