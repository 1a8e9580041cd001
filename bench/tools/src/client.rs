//! One connection to what is measured.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// Longer than any answer of the benchmark takes, even by the slowest gateway.
const PATIENCE: Duration = Duration::from_secs(60);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("not connected")]
    Connect(#[from] std::io::Error),
    #[error("broken off")]
    Broken(#[from] hyper::Error),
    #[error("status {0}")]
    Status(StatusCode),
    #[error("too late")]
    Late,
    #[error("another answer")]
    Other,
}

/// An answer and when its parts came.
pub struct Timed {
    pub body: Bytes,
    /// From sending to the first byte of the body.
    pub first: Duration,
    /// From sending to the last one.
    pub total: Duration,
    /// The longest time between two parts of the body.
    pub gap: Duration,
}

/// A connection that is opened when there is a call to make, and anew when the other side has closed it.
pub struct Connection {
    to: SocketAddr,
    open: Option<SendRequest<Full<Bytes>>>,
}

impl Connection {
    pub fn new(to: SocketAddr) -> Self {
        Self { to, open: None }
    }

    pub async fn call(&mut self, request: Request<Full<Bytes>>) -> Result<Timed, Failure> {
        let mut sender = self.ready().await?;
        let answer =
            tokio::time::timeout(PATIENCE, exchange(&mut sender, request)).await.map_err(|_| Failure::Late)??;
        self.open = Some(sender);
        Ok(answer)
    }

    async fn ready(&mut self) -> Result<SendRequest<Full<Bytes>>, Failure> {
        if let Some(mut sender) = self.open.take()
            && sender.ready().await.is_ok()
        {
            return Ok(sender);
        }
        let stream = TcpStream::connect(self.to).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(sender)
    }
}

async fn exchange(sender: &mut SendRequest<Full<Bytes>>, request: Request<Full<Bytes>>) -> Result<Timed, Failure> {
    let begun = Instant::now();
    let response = sender.send_request(request).await?;
    let status = response.status();
    let mut body = response.into_body();
    let mut taken = BytesMut::new();
    let (mut first, mut gap, mut before) = (None, Duration::ZERO, begun);
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        let now = Instant::now();
        match first {
            None => first = Some(now - begun),
            Some(_) => gap = gap.max(now - before),
        }
        before = now;
        taken.extend_from_slice(&data);
    }
    let total = begun.elapsed();
    if status != StatusCode::OK {
        return Err(Failure::Status(status));
    }
    Ok(Timed { body: taken.freeze(), first: first.unwrap_or(total), total, gap })
}
