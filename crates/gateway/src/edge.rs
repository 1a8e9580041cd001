//! The accept loop: our own, because time-outs, connection caps, TCP_NODELAY and draining must be ours.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use http::header::{HOST, TRANSFER_ENCODING};
use http::request::Parts;
use http::{Request, Response, Version};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use crate::body::Body;
use crate::limits::Limits;

/// What hyper may buffer of a request's head.
const HEAD_BYTES_MAX: usize = 64 << 10;
/// Streams a caller may have open on one HTTP/2 connection.
const H2_STREAMS_MAX: u32 = 100;
/// Pause after the system refused another connection, so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Whoever answers requests.
pub trait Answer: Send + Sync + 'static {
    /// Answers one request. Dropped when the caller leaves.
    fn answer(self: Arc<Self>, request: Request<Incoming>) -> impl Future<Output = Response<Body>> + Send;
}

/// Serves the listener until `stop` resolves, then lets open calls end for [`Limits::drain`].
pub async fn serve<A: Answer>(listener: TcpListener, answer: Arc<A>, limits: &Limits, stop: impl Future<Output = ()>) {
    let connections = Arc::new(Semaphore::new(limits.connections_max));
    let graceful = GracefulShutdown::new();
    let builder = builder(limits);
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut stop => break,
            accepted = accept(&listener, &connections) => accepted,
        };
        let Some((stream, permit)) = accepted else { continue };
        let answer = Arc::clone(&answer);
        let service = service_fn(move |request| {
            let answer = Arc::clone(&answer);
            async move { Ok::<_, std::convert::Infallible>(answer.answer(request).await) }
        });
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        let connection = graceful.watch(connection.into_owned());
        tokio::spawn(async move {
            // An error here is the caller's connection breaking: the call's own receipt tells of it.
            let _ = connection.await;
            drop(permit);
        });
    }
    drop(listener);
    if tokio::time::timeout(limits.drain, graceful.shutdown()).await.is_err() {
        tracing::warn!("some calls were still open after the drain time and were cut off");
    }
}

async fn accept(
    listener: &TcpListener,
    connections: &Arc<Semaphore>,
) -> Option<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let permit = Arc::clone(connections).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _peer)) => {
            // Without it a stream's small writes wait for the caller's delayed acknowledgements: 40 ms each.
            let _ = stream.set_nodelay(true);
            Some((stream, permit))
        }
        Err(error) => {
            tracing::warn!(%error, "a connection could not be accepted");
            tokio::time::sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}

fn builder(limits: &Limits) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(limits.header_read).max_buf_size(HEAD_BYTES_MAX);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(H2_STREAMS_MAX)
        .max_header_list_size(u32::try_from(HEAD_BYTES_MAX).unwrap_or(u32::MAX))
        .keep_alive_interval(Duration::from_secs(30));
    builder
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
    if codings.next().is_some_and(|first| first != "chunked") || codings.next().is_some() {
        return Some("the only transfer-encoding supported is chunked");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(headers: &[(&str, &str)]) -> Parts {
        headers.iter().fold(Request::builder(), |r, (n, v)| r.header(*n, *v)).body(()).unwrap().into_parts().0
    }

    #[test]
    fn ambiguous_requests_are_told() {
        assert_eq!(ambiguity(&request(&[("host", "a"), ("transfer-encoding", "chunked")])), None);
        for odd in [
            &[][..],
            &[("host", "a"), ("host", "b")],
            &[("host", "a"), ("transfer-encoding", "identity, chunked")],
            &[("host", "a"), ("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")],
        ] {
            assert!(ambiguity(&request(odd)).is_some(), "{odd:?}");
        }
    }
}
