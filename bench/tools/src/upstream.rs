//! The upstream: both protocols on one port, plain or over TLS, in one thread. It does as little as it can, because it
//! shares its processor with the load.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Either, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use memchr::memmem;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::json;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket};
use tokio_rustls::TlsAcceptor;

use crate::answers::{self, Protocol, Tokens};
use crate::ask::Ask;
use crate::body::Events;

/// Hundreds of callers connect at once.
const BACKLOG: u32 = 4_096;
/// Tells what was answered since the start.
const COUNTS: &str = "/bench/counts";
/// What gateways ask that test keys.
const MODELS: &str = r#"{"object":"list","data":[{"id":"gpt-4o-mini","object":"model"},{"id":"claude-haiku-4-5","type":"model"}],"has_more":false}"#;
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const EVENT_STREAM: HeaderValue = HeaderValue::from_static("text/event-stream; charset=utf-8");

#[derive(clap::Args)]
pub struct Options {
    #[arg(long)]
    listen: SocketAddr,
    /// Where it speaks TLS; nowhere if absent.
    #[arg(long, requires_all = ["cert", "key"])]
    listen_tls: Option<SocketAddr>,
    #[arg(long)]
    cert: Option<PathBuf>,
    #[arg(long)]
    key: Option<PathBuf>,
}

/// What was answered, as receipts must have it.
#[derive(Default)]
pub struct Counts {
    calls: AtomicU64,
    input: AtomicU64,
    output: AtomicU64,
}

impl Counts {
    pub fn add(&self, tokens: Tokens) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.input.fetch_add(tokens.input, Ordering::Relaxed);
        self.output.fetch_add(tokens.output, Ordering::Relaxed);
    }

    fn told(&self) -> String {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let (calls, input, output) = (read(&self.calls), read(&self.input), read(&self.output));
        json!({"calls": calls, "input_tokens": input, "output_tokens": output}).to_string()
    }
}

/// Serves until it is killed.
pub async fn run(options: &Options) -> Result<(), String> {
    let counts = Arc::new(Counts::default());
    let plain = listen(options.listen)?;
    if let (Some(address), Some(cert), Some(key)) = (options.listen_tls, &options.cert, &options.key) {
        let tls = TlsAcceptor::from(Arc::new(tls(cert, key)?));
        tokio::spawn(accept_tls(listen(address)?, tls, Arc::clone(&counts)));
    }
    loop {
        let (stream, _) = plain.accept().await.map_err(|error| error.to_string())?;
        // Small writes of a stream must not wait for each other.
        let _ = stream.set_nodelay(true);
        tokio::spawn(serve(stream, Arc::clone(&counts)));
    }
}

async fn accept_tls(listener: TcpListener, tls: TlsAcceptor, counts: Arc<Counts>) {
    while let Ok((stream, _)) = listener.accept().await {
        let _ = stream.set_nodelay(true);
        let (tls, counts) = (tls.clone(), Arc::clone(&counts));
        tokio::spawn(async move {
            if let Ok(stream) = tls.accept(stream).await {
                serve(stream, counts).await;
            }
        });
    }
}

fn listen(address: SocketAddr) -> Result<TcpListener, String> {
    let bound = || {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    bound().map_err(|error: std::io::Error| format!("cannot listen on {address}: {error}"))
}

fn tls(cert: &PathBuf, key: &PathBuf) -> Result<rustls::ServerConfig, String> {
    let unusable = |error: &dyn std::fmt::Display| format!("the certificate is not usable: {error}");
    let chain = CertificateDer::pem_file_iter(cert).map_err(|error| unusable(&error))?;
    let chain = chain.collect::<Result<Vec<_>, _>>().map_err(|error| unusable(&error))?;
    let key = PrivateKeyDer::from_pem_file(key).map_err(|error| unusable(&error))?;
    let config = rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key);
    config.map_err(|error| unusable(&error))
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin, counts: Arc<Counts>) {
    let service = service_fn(move |request| answer(request, Arc::clone(&counts)));
    // A caller that goes away is no failure of the upstream.
    let _ = http1::Builder::new().header_read_timeout(None).serve_connection(TokioIo::new(stream), service).await;
}

type Answered = Response<Either<Full<Bytes>, Events>>;

async fn answer(request: Request<Incoming>, counts: Arc<Counts>) -> Result<Answered, Infallible> {
    let (head, body) = request.into_parts();
    let path = head.uri.path();
    Ok(match (&head.method, Protocol::at(path)) {
        (&Method::POST, Some(protocol)) => match body.collect().await {
            Ok(body) => complete(protocol, &body.to_bytes(), &counts),
            Err(_) => with(StatusCode::BAD_REQUEST, Bytes::new()),
        },
        (&Method::GET, _) if path == COUNTS => with(StatusCode::OK, Bytes::from(counts.told())),
        (&Method::GET, _) if path.ends_with("/models") => with(StatusCode::OK, Bytes::from_static(MODELS.as_bytes())),
        _ => with(StatusCode::NOT_FOUND, Bytes::from_static(b"{}")),
    })
}

fn complete(protocol: Protocol, body: &[u8], counts: &Arc<Counts>) -> Answered {
    let ask = Ask::of(body);
    let tokens = answers::tokens(&ask);
    if !is_stream(body) {
        counts.add(tokens);
        return with(StatusCode::OK, answers::plain(protocol, &ask));
    }
    let events = Events::new(answers::stream(protocol, &ask), ask.pace, Arc::clone(counts), tokens);
    let mut response = Response::new(Either::Right(events));
    response.headers_mut().insert(CONTENT_TYPE, EVENT_STREAM);
    response
}

/// Whether a stream is asked for, without reading the request as JSON: prompts of the benchmark do not say this.
fn is_stream(body: &[u8]) -> bool {
    [&br#""stream":true"#[..], br#""stream": true"#].iter().any(|member| memmem::find(body, member).is_some())
}

fn with(status: StatusCode, body: Bytes) -> Answered {
    let mut response = Response::new(Either::Left(Full::new(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response
}
