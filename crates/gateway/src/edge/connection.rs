//! One connection from its acceptance to its end, which comes at the latest when its [`Activity`] says so.

use std::future::Future;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper_util::server::graceful::GracefulConnection;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep, sleep_until};

use super::activity::Activity;

/// A socket that tells when bytes come and go.
pub struct Socket {
    stream: TcpStream,
    /// Is told.
    pub activity: Arc<Activity>,
    /// Until when what is still being sent is read away, once our end is closed.
    parting: Option<Pin<Box<Sleep>>>,
}

/// For how long a request that was answered early may still be sent. To close while bytes come resets the connection,
/// and a reset takes from the caller the answer that he has not read yet (RFC 9112, 9.6).
const PARTING: Duration = Duration::from_secs(10);

impl Socket {
    /// The socket of a new connection.
    pub fn new(stream: TcpStream, activity: Arc<Activity>) -> Self {
        Self { stream, activity, parting: None }
    }

    /// Who is at its other end.
    pub fn peer(&self) -> io::Result<SocketAddr> {
        self.stream.peer_addr()
    }

    /// Looks at the first bytes that come, which are still to be read then.
    pub async fn peek(&self, first: &mut [u8]) -> io::Result<usize> {
        self.stream.peek(first).await
    }

    /// Reads away what comes, until the peer ends too or has had its time.
    fn poll_part(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { stream, parting: Some(time), .. } = self else { return Poll::Ready(Ok(())) };
        let mut away = [0; 4096];
        while time.as_mut().poll(context).is_pending() {
            let mut buffer = ReadBuf::new(&mut away);
            let read = ready!(Pin::new(&mut *stream).poll_read(context, &mut buffer));
            if read.is_err() || buffer.filled().is_empty() {
                break;
            }
        }
        Poll::Ready(Ok(()))
    }

    fn wrote(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.activity.sent();
        } else {
            self.activity.blocked();
        }
        written
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.activity.seems_whole() {
            // Then closing resets the connection. Without that it only looks whole, and no worse can be done.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = ready!(Pin::new(&mut self.stream).poll_read(context, buffer));
        if buffer.filled().len() > before {
            self.activity.received();
        }
        Poll::Ready(read)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.wrote(written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.parting.is_none() {
            ready!(Pin::new(&mut self.stream).poll_shutdown(context))?;
            if !self.activity.leaves_unread() {
                return Poll::Ready(Ok(()));
            }
            self.parting = Some(Box::pin(sleep(PARTING)));
        }
        self.poll_part(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.wrote(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

/// Drives a connection until it ends or has been idle for too long. When `stop` resolves it is told to end.
pub async fn drive(
    mut connection: Pin<&mut impl GracefulConnection>,
    activity: &Activity,
    mut stop: Pin<&mut impl Future<Output = ()>>,
) {
    let mut stopped = false;
    let mut timer = pin!(sleep_until(Instant::now() + activity.longest()));
    std::future::poll_fn(|context| {
        if !stopped && stop.as_mut().poll(context).is_ready() {
            stopped = true;
            activity.closing();
            connection.as_mut().graceful_shutdown();
        }
        loop {
            // An error here is the caller's connection breaking: the call's own receipt tells of it.
            if connection.as_mut().poll(context).is_ready() {
                return Poll::Ready(());
            }
            ready!(too_late(activity, timer.as_mut(), context));
            if !activity.can_be_told() {
                return Poll::Ready(());
            }
            activity.closing();
            connection.as_mut().graceful_shutdown();
        }
    })
    .await;
}

/// Ready when the deadline has passed. The timer is moved as rarely as can be: a deadline that moves away is looked
/// up when the timer fires.
fn too_late(activity: &Activity, mut timer: Pin<&mut Sleep>, context: &mut Context<'_>) -> Poll<()> {
    loop {
        let deadline = activity.deadline(context);
        if let Some(deadline) = deadline
            && deadline < timer.deadline()
        {
            timer.as_mut().reset(deadline);
        }
        ready!(timer.as_mut().poll(context));
        let now = Instant::now();
        match deadline {
            Some(deadline) if deadline <= now => return Poll::Ready(()),
            later => timer.as_mut().reset(later.unwrap_or(now + activity.longest())),
        }
    }
}
