//! The provider ports as HTTP servers.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::body::{Broken, Played};
use crate::call::{Call, credential};
use crate::clock::now_ms;
use crate::control;
use crate::digest::sha256_hex;
use crate::log::{Entry, KEEP_BODY, Outcome, Recorder};
use crate::provider::Provider;
use crate::reply::Wait;
use crate::sim::Sim;

/// Anthropic's limit; OpenAI's is not published and taken to be the same.
const LONGEST_BODY: usize = 32 * 1024 * 1024;

/// What a port plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Port {
    /// A provider.
    Provider(Provider),
    /// The identity provider.
    Identity,
    /// The control port.
    Control,
}

/// Listens. The queue of connections to accept is long: a caller that opens
/// hundreds at once would wait a second for each that does not fit.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(4096)
}

/// Serves a port for ever.
pub async fn serve(listener: TcpListener, sim: Arc<Sim>, port: Port) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // Without it small writes of a stream wait for each other.
                let _ = stream.set_nodelay(true);
                tokio::spawn(connection(stream, Arc::clone(&sim), port));
            }
            // Out of file descriptors, most likely: some will be freed.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

async fn connection(stream: TcpStream, sim: Arc<Sim>, port: Port) {
    let mut builder = Builder::new(TokioExecutor::new());
    // A caller that closes its side is gone: that is how a cancelled call is
    // noticed while nothing is written.
    builder.http1().half_close(false).timer(TokioTimer::new()).header_read_timeout(None);
    builder.http2().timer(TokioTimer::new()).max_concurrent_streams(4096);
    let io = TokioIo::new(stream);
    // Broken connections are what tests are about; the log tells of them.
    let _ = match port {
        Port::Provider(provider) => {
            // Opened here and not in the future: one that is dropped before its
            // first poll, by a caller that is gone at once, has its entry too.
            let service = service_fn(move |request| exchange(Arc::clone(&sim), open(&sim, provider, request)));
            builder.serve_connection(io, service).await
        }
        Port::Identity => {
            let service = service_fn(move |request| Arc::clone(&sim.identity).answer(request));
            builder.serve_connection(io, service).await
        }
        Port::Control => {
            let service = service_fn(move |request| {
                let sim = Arc::clone(&sim);
                async move { Ok::<_, Infallible>(control::answer(&sim, request).await) }
            });
            builder.serve_connection(io, service).await
        }
    };
}

/// A request whose head has come, and its entry in the log.
struct Opened {
    call: Call,
    recorder: Recorder,
    body: Incoming,
}

fn open(sim: &Sim, provider: Provider, request: Request<Incoming>) -> Opened {
    let (head, body) = request.into_parts();
    let seq = sim.log.next_seq();
    let call = Call {
        provider,
        method: head.method,
        path: head.uri.path().to_owned(),
        query: head.uri.query().map(str::to_owned),
        id: request_id(provider, seq),
        seq,
        key: credential(&head.headers),
        headers: head.headers,
        body: Bytes::new(),
        oversize: false,
        model: None,
    };
    let recorder = sim.log.begin(entry(&call));
    Opened { call, recorder, body }
}

async fn exchange(sim: Arc<Sim>, opened: Opened) -> Result<Response<Played>, Broken> {
    let Opened { mut call, mut recorder, body } = opened;
    let takes_all = !call.asked_aside().has("early");
    match read(body, takes_all, &recorder).await? {
        Some(body) => call.body = body,
        None => call.oversize = true,
    }
    note_body(&mut call, &recorder);
    let reply = sim.answer(&call, &mut recorder);
    match reply.wait {
        Wait::None => {}
        Wait::For(pause) => tokio::time::sleep(pause).await,
        Wait::Forever => std::future::pending().await,
        Wait::Break => {
            recorder.end(Outcome::Failed);
            return Err(Broken);
        }
    }
    recorder.note(|entry| entry.status = Some(reply.status));
    let mut response = Response::new(Played::new(reply.content.script(), recorder, reply.outcome));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    *response.headers_mut() = reply.headers;
    Ok(response)
}

/// The whole body, or nothing if it is too long. A body that is too long is
/// read to its end all the same: a caller that is still writing when the
/// connection closes would never see the answer. That is what comes to pass
/// where not all is taken, which `[[sim:early]]` asks for.
async fn read(mut body: Incoming, takes_all: bool, recorder: &Recorder) -> Result<Option<Bytes>, Broken> {
    let mut first: Option<Bytes> = None;
    let mut rest = BytesMut::new();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Broken)?.into_data() else { continue };
        length += data.len();
        // Who looks into the log sees it come.
        recorder.note(|entry| entry.body_len = length);
        if !takes_all {
            return Ok(None);
        }
        if length > LONGEST_BODY {
            continue;
        }
        // Most bodies are one piece and need no copy.
        match first.take() {
            None if rest.is_empty() => first = Some(data),
            before => {
                rest.extend_from_slice(&before.unwrap_or_default());
                rest.extend_from_slice(&data);
            }
        }
    }
    Ok((length <= LONGEST_BODY).then(|| first.unwrap_or_else(|| rest.freeze())))
}

fn note_body(call: &mut Call, recorder: &Recorder) {
    let json: Option<serde_json::Value> = serde_json::from_slice(&call.body).ok();
    let member = |name: &str| json.as_ref().and_then(|json| json.get(name));
    call.model = member("model").and_then(|model| model.as_str()).map(str::to_owned);
    let stream = member("stream").and_then(serde_json::Value::as_bool).unwrap_or(false);
    let text = (call.body.len() <= KEEP_BODY).then(|| String::from_utf8_lossy(&call.body).into_owned());
    let digest = (!call.body.is_empty()).then(|| sha256_hex(&call.body));
    recorder.body(text);
    recorder.note(|entry| {
        entry.body_len = call.body.len();
        entry.body_sha256 = digest;
        entry.model.clone_from(&call.model);
        entry.stream = stream;
    });
}

fn entry(call: &Call) -> Entry {
    Entry {
        seq: call.seq,
        id: call.id.clone(),
        client_request_id: call.header("x-client-request-id").map(str::to_owned),
        provider: call.provider,
        method: call.method.to_string(),
        path: call.path.clone(),
        query: call.query.clone(),
        headers: pairs(&call.headers),
        key: call.key.clone(),
        body_len: 0,
        body_sha256: None,
        body: None,
        model: None,
        stream: false,
        status: None,
        usage: None,
        cost_usd: Some("0".to_owned()),
        outcome: Outcome::Open,
        started_ms: now_ms(),
        ended_ms: None,
        bytes_sent: 0,
    }
}

fn pairs(headers: &HeaderMap) -> Vec<(String, String)> {
    let pair = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    headers.iter().map(pair).collect()
}

fn request_id(provider: Provider, seq: u64) -> String {
    let mixed = sha256_hex(format!("{provider:?} {seq} {}", now_ms()).as_bytes());
    match provider {
        Provider::Anthropic => format!("req_011C{}", &mixed[..20]),
        Provider::OpenAi | Provider::Service => format!("req_{}", &mixed[..32]),
    }
}
