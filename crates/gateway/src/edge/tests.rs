use std::io;
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Empty};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Notify;

use super::*;

/// Far longer than anything here takes, far shorter than the bounds that must not be what ends a wait.
const PATIENCE: Duration = Duration::from_secs(30);
const NEVER: Duration = Duration::from_secs(3_600);
const SHORT: Duration = Duration::from_millis(500);

/// Answers `/wait` when told to and everything else at once.
#[derive(Default)]
struct Simple {
    waiting: Notify,
    go: Notify,
    gone: Arc<Notify>,
}

/// An answer without end that tells when nobody wants it any more.
struct Flood(Arc<Notify>);

impl http_body::Body for Flood {
    type Data = bytes::Bytes;
    type Error = crate::body::BodyError;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Self::Data>, Self::Error>>> {
        std::task::Poll::Ready(Some(Ok(http_body::Frame::data(bytes::Bytes::from_static(&[0; 64 << 10])))))
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

impl Answer for Simple {
    async fn answer(self: Arc<Self>, request: Box<Request<Arriving>>, _: Option<IpAddr>) -> Response<Body> {
        if request.uri().path() == "/wait" {
            self.waiting.notify_one();
            self.go.notified().await;
        }
        if request.uri().path() == "/flood" {
            return Response::new(Flood(Arc::clone(&self.gone)).boxed_unsync());
        }
        if request.uri().path() == "/read" {
            let read = request.into_body().collect().await.map(|body| body.to_bytes());
            return Response::new(crate::body::full(read.unwrap_or_default()));
        }
        if let Some(what) = ambiguity(&request.into_parts().0) {
            return Response::new(crate::body::full(what));
        }
        Response::new(crate::body::full("ok"))
    }
}

struct Served {
    address: std::net::SocketAddr,
    answer: Arc<Simple>,
}

impl Served {
    async fn new(limits: Limits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let answer = Arc::new(Simple::default());
        let answering = Arc::clone(&answer);
        tokio::spawn(async move { serve(Entrance::plain(listener), answering, &limits, std::future::pending()).await });
        Self { address, answer }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// How long it takes until a connection that sends this and no more is closed.
    async fn open_for(&self, bytes: &[u8]) -> Duration {
        let mut stream = self.connect().await;
        let start = Instant::now();
        stream.write_all(bytes).await.unwrap();
        closed(&mut stream).await;
        start.elapsed()
    }
}

/// Waits until the server has closed the connection, in whichever way.
async fn closed(stream: &mut TcpStream) {
    let mut rest = Vec::new();
    match tokio::time::timeout(PATIENCE, stream.read_to_end(&mut rest)).await.expect("the connection stays open") {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), io::ErrorKind::ConnectionReset),
    }
}

/// One request over a connection that stays open, and the answer's body.
async fn ask(stream: &mut TcpStream, head: &str) -> String {
    stream.write_all(head.as_bytes()).await.unwrap();
    answer(stream).await.1
}

/// An answer's head and body.
async fn answer(stream: &mut TcpStream) -> (String, String) {
    let mut text = Vec::new();
    loop {
        assert_ne!(stream.read_buf(&mut text).await.unwrap(), 0, "closed before the answer");
        let text = String::from_utf8_lossy(&text);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        if body.len() == length.parse::<usize>().unwrap() {
            return (head.to_owned(), body.to_owned());
        }
    }
}

const GET: &str = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";
const WAIT: &str = "GET /wait HTTP/1.1\r\nhost: a\r\n\r\n";

/// Sends these bytes so that they arrive one by one.
async fn dribble(stream: &mut TcpStream, bytes: &[u8]) {
    stream.set_nodelay(true).unwrap();
    for byte in bytes {
        stream.write_all(&[*byte]).await.unwrap();
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_is_spoken_is_found_out_however_the_first_bytes_come() {
    let served = Served::new(Limits::default()).await;
    let mut stream = served.connect().await;
    dribble(&mut stream, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await;
    let mut frame = [0; 9];
    stream.read_exact(&mut frame).await.unwrap();
    assert_eq!(frame[3], 4, "HTTP/2 begins with settings");
    for request in [GET, "PUT / HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n", "P / HTTP/1.1\r\nhost: a\r\n\r\n"] {
        let mut stream = served.connect().await;
        dribble(&mut stream, request.as_bytes()).await;
        assert_eq!(answer(&mut stream).await.1, "ok", "{request}");
    }
}

/// Hyper closes it then without a word, and the caller's next request is lost.
#[tokio::test]
async fn who_is_answered_before_his_body_was_read_is_told_if_the_connection_ends() {
    let served = Served::new(Limits::default()).await;
    for request in [
        "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nabc",
        "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\nexpect: 100-continue\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n",
    ] {
        let mut stream = served.connect().await;
        stream.write_all(request.as_bytes()).await.unwrap();
        let (head, body) = answer(&mut stream).await;
        assert!(head.contains("connection: close") && body == "ok", "{request}{head}");
        closed(&mut stream).await;
    }
}

#[tokio::test]
async fn a_small_body_that_nobody_read_costs_no_connection() {
    let served = Served::new(Limits::default()).await;
    let mut stream = served.connect().await;
    let text = "x".repeat(60_000);
    for path in ["/", "/read", "/"] {
        let head = format!("POST {path} HTTP/1.1\r\nhost: a\r\ncontent-length: {}\r\n\r\n", text.len());
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        let (head, body) = answer(&mut stream).await;
        assert!(!head.contains("connection:") && body == if path == "/read" { &text } else { "ok" }, "{head}");
    }
    let chunked = "POST /read HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n";
    assert_eq!(ask(&mut stream, chunked).await, "a");
    assert_eq!(ask(&mut stream, GET).await, "ok");
}

#[tokio::test]
async fn a_connection_without_a_request_is_closed_in_time() {
    let served = Served::new(Limits { header_read: SHORT, connection_idle: NEVER, ..Limits::default() }).await;
    let settings: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    let (silent, begun, preface, head) = tokio::join!(
        served.open_for(b""),
        served.open_for(b"P"),
        served.open_for(settings),
        served.open_for(b"GET / HTTP/1.1\r\nhost"),
    );
    for took in [silent, begun, preface, head] {
        assert!(took >= SHORT - Duration::from_millis(100), "{took:?}");
    }
}

#[tokio::test]
async fn an_idle_connection_outlives_a_slow_head_and_not_its_own_bound() {
    let served = Served::new(Limits { header_read: SHORT, connection_idle: NEVER, ..Limits::default() }).await;
    let mut kept = served.connect().await;
    assert_eq!(ask(&mut kept, GET).await, "ok");
    // Each silent connection is closed after the time that a head may take; the answered one isn't.
    served.open_for(b"").await;
    served.open_for(b"").await;
    assert_eq!(ask(&mut kept, GET).await, "ok");
    // What has begun is a head again.
    kept.write_all(b"GET / HT").await.unwrap();
    closed(&mut kept).await;

    let served = Served::new(Limits { header_read: NEVER, connection_idle: SHORT, ..Limits::default() }).await;
    let mut idle = served.connect().await;
    assert_eq!(ask(&mut idle, GET).await, "ok");
    closed(&mut idle).await;
}

#[tokio::test]
async fn an_open_call_is_not_idle() {
    let limits = Limits { header_read: SHORT, connection_idle: SHORT, ..Limits::default() };
    let served = Served::new(limits).await;
    let mut calling = served.connect().await;
    calling.write_all(WAIT.as_bytes()).await.unwrap();
    for _ in 0..3 {
        served.open_for(b"").await;
    }
    served.answer.go.notify_one();
    assert_eq!(answer(&mut calling).await.1, "ok");
}

#[tokio::test]
async fn a_peer_that_stops_reading_is_let_go() {
    let limits = Limits { stream_idle: SHORT, ..Limits::default() };
    let served = Served::new(limits).await;
    let mut stream = served.connect().await;
    stream.write_all(b"GET /flood HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    tokio::time::timeout(PATIENCE, served.answer.gone.notified()).await.expect("the answer is kept for nobody");
}

type Sender = http2::SendRequest<Empty<bytes::Bytes>>;

async fn h2(served: &Served) -> (Sender, tokio::task::JoinHandle<hyper::Result<()>>) {
    let io = TokioIo::new(served.connect().await);
    let (sender, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
    (sender, tokio::spawn(connection))
}

fn request(path: &str) -> Request<Empty<bytes::Bytes>> {
    Request::get(format!("http://a{path}")).body(Empty::new()).unwrap()
}

#[tokio::test]
async fn a_stream_that_is_not_taken_is_let_go_and_its_neighbour_is_not() {
    let served = Served::new(Limits { stream_idle: SHORT, ..Limits::default() }).await;
    let io = TokioIo::new(served.connect().await);
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder.initial_stream_window_size(1 << 10);
    let (mut sender, connection) = builder.handshake(io).await.unwrap();
    tokio::spawn(connection);
    let flood = sender.send_request(request("/flood")).await.unwrap();
    let waiting = sender.send_request(request("/wait"));
    tokio::time::timeout(PATIENCE, served.answer.gone.notified()).await.expect("the answer is kept for nobody");
    let (_, mut body) = flood.into_parts();
    let broken = loop {
        if let Err(error) = body.frame().await.expect("the stream ends in form") {
            break error;
        }
    };
    assert!(!broken.is_canceled(), "{broken}");
    served.answer.go.notify_one();
    assert_eq!(waiting.await.unwrap().into_body().collect().await.unwrap().to_bytes(), "ok");
}

#[tokio::test]
async fn an_http2_connection_without_streams_is_told_to_go_and_one_with_a_stream_stays() {
    let limits = Limits { header_read: NEVER, connection_idle: SHORT, ..Limits::default() };
    let served = Served::new(limits).await;
    let (mut sender, busy) = h2(&served).await;
    let waiting = tokio::spawn(async move {
        let response = sender.send_request(request("/wait")).await.unwrap();
        response.into_body().collect().await.unwrap().to_bytes()
    });
    for _ in 0..2 {
        let (mut sender, idle) = h2(&served).await;
        let response = sender.send_request(request("/")).await.unwrap();
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "ok");
        // Ended by GOAWAY, which is no error.
        tokio::time::timeout(PATIENCE, idle).await.expect("the connection stays open").unwrap().unwrap();
    }
    assert!(!busy.is_finished());
    served.answer.go.notify_one();
    assert_eq!(waiting.await.unwrap(), "ok");
}

#[tokio::test]
async fn a_stop_lets_open_calls_end_and_closes_the_rest() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let served = Served { address, answer: Arc::new(Simple::default()) };
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let answering = Arc::clone(&served.answer);
    let serving = tokio::spawn(async move {
        let limits = Limits { drain: NEVER, header_read: NEVER, ..Limits::default() };
        serve(Entrance::plain(listener), answering, &limits, async { drop(stopped.await) }).await;
    });
    // Accepted before the next ones.
    let mut silent = served.connect().await;
    let mut idle = served.connect().await;
    assert_eq!(ask(&mut idle, GET).await, "ok");
    let io = TokioIo::new(served.connect().await);
    let (mut sender, connection) = http1::handshake::<_, Empty<bytes::Bytes>>(io).await.unwrap();
    tokio::spawn(connection);
    let waiting = Request::get("/wait").header(HOST, "a").body(Empty::new()).unwrap();
    let waiting = tokio::spawn(async move { sender.send_request(waiting).await.unwrap().status() });
    served.answer.waiting.notified().await;
    stop.send(()).unwrap();
    closed(&mut silent).await;
    closed(&mut idle).await;
    served.answer.go.notify_one();
    assert_eq!(waiting.await.unwrap(), 200);
    tokio::time::timeout(PATIENCE, serving).await.expect("connections are left").unwrap();
}

fn head(headers: &[(&str, &str)]) -> Parts {
    headers.iter().fold(Request::builder(), |r, (n, v)| r.header(*n, *v)).body(()).unwrap().into_parts().0
}

#[test]
fn ambiguous_requests_are_told() {
    for plain in ["chunked", "Chunked"] {
        assert_eq!(ambiguity(&head(&[("host", "a"), ("transfer-encoding", plain)])), None);
    }
    for odd in [
        &[][..],
        &[("host", "a"), ("host", "b")],
        &[("host", "a"), ("transfer-encoding", "identity, chunked")],
        &[("host", "a"), ("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")],
    ] {
        assert!(ambiguity(&head(odd)).is_some(), "{odd:?}");
    }
}

#[tokio::test]
async fn the_coding_of_a_body_may_be_written_in_any_case() {
    let served = Served::new(Limits::default()).await;
    let chunked = "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: Chunked\r\n\r\n0\r\n\r\n";
    assert_eq!(ask(&mut served.connect().await, chunked).await, "ok");
}

#[test]
fn unencrypted_from_elsewhere_is_for_proxies_only() {
    let limits = Limits::default();
    let door = |proxies_only| {
        let peers = Peers::new(limits.connections_per_peer(), vec!["10.1.0.0/16".parse().unwrap()]);
        Door::new(&limits, peers, proxies_only)
    };
    let comes_in = |door: &Door, from: &str| door.admit(from.parse().unwrap()).is_some();
    let (open, plain) = (door(false), door(true));
    for (from, known) in [("127.0.0.1", true), ("10.1.2.3", true), ("::ffff:10.1.2.3", true), ("192.0.2.9", false)] {
        assert!(comes_in(&open, from) && comes_in(&plain, from) == known, "{from}");
    }
}

#[test]
fn the_task_of_a_writer_has_room_for_its_work_once() {
    let large = [0_u8; 4 << 10];
    let work = async move {
        std::future::ready(()).await;
        std::hint::black_box(&large);
    };
    let room = size_of_val(&work);
    assert!(size_of_val(&writer::Writer::new(NEVER).write(work)) < room + room / 2);
}
