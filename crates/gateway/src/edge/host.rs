//! What every connection of a listener is served with.

use std::convert::Infallible;
use std::future::Future;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::timeout;

use super::Answer;
use super::activity::{Activity, Answering};
use super::arriving::arriving;
use super::connection::{Socket, drive};
use super::tls::{HTTP1, Identity};
use super::writer::Streams;
use crate::limits::Limits;

/// How HTTP/2 begins where nothing else says that it is spoken; no request of HTTP/1 does.
const H2_BEGINS: &[u8] = b"PRI *";
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
    http1: http1::Builder,
    any_http: auto::Builder<Streams>,
    identity: Option<watch::Receiver<Identity>>,
    handshake: Duration,
}

impl<A: Answer> Host<A> {
    /// Puts it together.
    pub fn new(answer: Arc<A>, identity: Option<watch::Receiver<Identity>>, limits: &Limits) -> Self {
        Self { answer, http1: http1(), any_http: any_http(limits), identity, handshake: limits.header_read }
    }

    /// Serves a connection until its end. When `stop` resolves it is told to end.
    pub async fn serve(&self, socket: Socket, mut stop: Pin<&mut impl Future<Output = ()>>) {
        let peer = socket.peer().ok().map(|peer| peer.ip());
        match &self.identity {
            None => {
                let activity = Arc::clone(&socket.activity);
                let spoken = tokio::select! {
                    biased;
                    () = &mut stop => None,
                    spoken = self.spoken_by(&socket) => spoken,
                };
                if let Some(spoken) = spoken {
                    self.converse(spoken, (socket, peer), &activity, stop).await;
                }
            }
            Some(identity) => {
                // The one of this moment: it may be renewed while the server runs.
                let identity = identity.borrow().clone();
                // Boxed, so that plain connections need no room for it.
                Box::pin(self.converse_secretly(identity, (socket, peer), stop)).await;
            }
        }
    }

    /// What its first bytes say that the peer speaks; nothing if none come in time.
    async fn spoken_by(&self, socket: &Socket) -> Option<Spoken> {
        let mut first = [0; H2_BEGINS.len()];
        let came = timeout(self.handshake, socket.peek(&mut first)).await.ok()?.ok()?;
        // A part of it may be the beginning of either.
        Some(if H2_BEGINS.starts_with(&first[..came]) { Spoken::Any } else { Spoken::Http1 })
    }

    async fn converse_secretly(
        &self,
        identity: Identity,
        (socket, peer): (Socket, Option<IpAddr>),
        mut stop: Pin<&mut impl Future<Output = ()>>,
    ) {
        let activity = Arc::clone(&socket.activity);
        let stream = tokio::select! {
            biased;
            () = &mut stop => None,
            stream = identity.shake_hands(socket, self.handshake) => stream,
        };
        if let Some(stream) = stream {
            let is_http1 = stream.get_ref().1.alpn_protocol() == Some(HTTP1);
            let spoken = if is_http1 { Spoken::Http1 } else { Spoken::Any };
            self.converse(spoken, (stream, peer), &activity, stop).await;
        }
    }

    async fn converse<S>(
        &self,
        spoken: Spoken,
        (stream, peer): (S, Option<IpAddr>),
        activity: &Arc<Activity>,
        stop: Pin<&mut impl Future<Output = ()>>,
    ) where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let service = service_fn(|request: Request<Incoming>| {
            let open = activity.open(request.version());
            let (answer, activity) = (Arc::clone(&self.answer), Arc::clone(activity));
            let (request, unread) = arriving(request);
            // Boxed: a connection has room for it as long as it lives, a call needs it until its head is out.
            Box::pin(async move {
                let mut response = answer.answer(request, peer).await;
                if let Some(unread) = unread
                    && !unread.settle(response.headers_mut()).await
                {
                    activity.leave_unread();
                }
                Ok::<_, Infallible>(response.map(|body| Answering::new(body, open)))
            })
        });
        let stream = TokioIo::new(stream);
        match spoken {
            Spoken::Http1 => drive(pin!(self.http1.serve_connection(stream, service)), activity, stop).await,
            // Boxed, so that most connections need no room for it.
            Spoken::Any => {
                let mut connection = Box::pin(self.any_http.serve_connection(stream, service));
                drive(connection.as_mut(), activity, stop).await;
            }
        }
    }

    /// Ends what is still going on.
    pub fn cut_off(&self) {
        self.answer.cut_off();
    }
}

/// What a connection may speak.
enum Spoken {
    Http1,
    /// HTTP/2, or what is still to be found out. hyper-util does that by bytes that it reads for itself; a connection
    /// of HTTP/1 then begins with a buffer of twice the size, and keeps it for as long as it lives.
    Any,
}

fn http1() -> http1::Builder {
    let mut builder = http1::Builder::new();
    // The time of a head is bounded by `Activity`, which tells a slow head from an idle connection.
    builder.timer(TokioTimer::new()).header_read_timeout(None).max_buf_size(HEAD_BYTES_MAX);
    builder
}

fn any_http(limits: &Limits) -> auto::Builder<Streams> {
    let mut builder = auto::Builder::new(Streams { patience: limits.stream_idle });
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
