use std::net::{IpAddr, SocketAddr};

use http::{Request, Response};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::*;
use crate::body::{self, Body};
use crate::edge::{Answer, Entrance, serve};

/// Reads bodies and holds their room until told that the provider answered.
struct Reader {
    limits: Limits,
    room: BodyRoom,
    answered: watch::Sender<bool>,
}

impl Answer for Reader {
    async fn answer(self: Arc<Self>, request: Box<Request<Arriving>>, _: Option<IpAddr>) -> Response<Body> {
        let (head, body) = request.into_parts();
        let read = match read(&self.limits, &self.room, &head.headers, body).await {
            Ok(read) => read,
            Err(error) => return error.respond(ownkey_domain::provider::Protocol::OpenAi, None),
        };
        if head.uri.path() == "/hold" {
            self.answered.subscribe().wait_for(|answered| *answered).await.unwrap();
        }
        Response::new(body::full(read.bytes))
    }
}

struct Served {
    address: SocketAddr,
    reader: Arc<Reader>,
}

impl Served {
    async fn new(limits: Limits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let reader = Reader { room: BodyRoom::new(&limits), limits, answered: watch::Sender::new(false) };
        let reader = Arc::new(reader);
        let answering = Arc::clone(&reader);
        tokio::spawn(async move {
            let limits = answering.limits.clone();
            serve(Entrance::plain(listener), answering, &limits, std::future::pending()).await;
        });
        Self { address, reader }
    }

    /// Sends the beginning of a call.
    async fn begin(&self, path: &str, headers: &str, body: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let head = format!("POST {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{headers}\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        // It may be refused before all is read.
        let _ = stream.write_all(body).await;
        stream
    }

    async fn post(&self, path: &str, body: &[u8]) -> u16 {
        status(self.begin(path, &length(body.len()), body).await).await
    }

    fn taken(&self) -> usize {
        units(self.reader.limits.bodies_bytes_max) - self.reader.room.free.available_permits()
    }

    /// Waits until bodies take so many KiB.
    async fn takes(&self, kib: usize) {
        let patience = std::time::Instant::now() + Duration::from_secs(30);
        while self.taken() != kib {
            assert!(std::time::Instant::now() < patience, "bodies take {} KiB, not {kib}", self.taken());
            tokio::task::yield_now().await;
        }
    }
}

fn length(length: usize) -> String {
    format!("content-length: {length}\r\n")
}

const CHUNKED: &str = "transfer-encoding: chunked\r\n";

async fn status(mut stream: TcpStream) -> u16 {
    let mut text = [0; 12];
    stream.read_exact(&mut text).await.unwrap();
    std::str::from_utf8(&text[9..]).unwrap().parse().unwrap()
}

fn limits() -> Limits {
    Limits { body_bytes_max: 1 << 20, bodies_bytes_max: 4 << 20, ..Limits::default() }
}

#[tokio::test]
async fn announcing_takes_no_room() {
    let served = Served::new(limits()).await;
    let mut held = Vec::new();
    for _ in 0..8 {
        held.push(served.begin("/", &length(1 << 20), b"{").await);
        held.push(served.begin("/", CHUNKED, b"1\r\n{\r\n").await);
    }
    served.takes(16).await;
    assert_eq!(served.post("/", &[b'x'; 1 << 20]).await, 200);
    drop(held);
    served.takes(0).await;
}

#[tokio::test]
async fn surplus_is_given_back() {
    let served = Served::new(limits()).await;
    let body = vec![b'x'; (256 << 10) + 1];
    let large = served.begin("/hold", &length(body.len()), &body).await;
    served.takes(257).await;
    let chunked = served.begin("/hold", CHUNKED, b"5a\r\n").await;
    let mut chunked = chunked;
    chunked.write_all(&[b'x'; 90]).await.unwrap();
    chunked.write_all(b"\r\n0\r\n\r\n").await.unwrap();
    served.takes(258).await;
    served.reader.answered.send_replace(true);
    assert_eq!((status(large).await, status(chunked).await), (200, 200));
    served.takes(0).await;
}

#[tokio::test]
async fn small_bodies_do_not_wait_behind_large_ones() {
    let served = Served::new(limits()).await;
    let large = vec![b'x'; 1 << 20];
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(served.begin("/hold", &length(large.len()), &large).await);
    }
    served.takes(3 * 1_024).await;
    // It grows up to what is left to small ones and waits there.
    let waiting = served.begin("/hold", &length(large.len()), &large).await;
    served.takes(3 * 1_024 + 512).await;
    for _ in 0..3 {
        assert_eq!(served.post("/", &[b'x'; SMALL_BYTES]).await, 200);
    }
    // Room that is given back in time is found; who waits too long is told.
    let late = served.post("/", &large).await;
    assert_eq!((late, status(waiting).await), (503, 503));
    served.reader.answered.send_replace(true);
    for stream in held {
        assert_eq!(status(stream).await, 200);
    }
    served.takes(0).await;
}

#[tokio::test]
async fn a_body_that_waits_goes_on_when_there_is_room() {
    let limits = Limits { body_bytes_max: 1 << 20, bodies_bytes_max: 1 << 20, ..Limits::default() };
    let served = Served::new(limits).await;
    let large = vec![b'x'; 1 << 20];
    let first = served.begin("/hold", &length(large.len()), &large).await;
    served.takes(1_024).await;
    let second = served.begin("/hold", &length(large.len()), &large).await;
    served.reader.answered.send_replace(true);
    assert_eq!((status(first).await, status(second).await), (200, 200));
}

#[tokio::test]
async fn bodies_that_wait_for_each_other_end() {
    let served = Served::new(limits()).await;
    let large = vec![b'x'; 1 << 20];
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (address, reader, large) = (served.address, Arc::clone(&served.reader), large.clone());
        calls.spawn(async move { Served { address, reader }.post("/", &large).await });
    }
    let ends = calls.join_all().await;
    assert!(ends.contains(&200) && ends.iter().all(|end| [200, 503].contains(end)), "{ends:?}");
    served.takes(0).await;
}

#[tokio::test]
async fn too_large_is_told_on_the_length_alone_and_on_the_bytes() {
    let served = Served::new(limits()).await;
    assert_eq!(status(served.begin("/", &length((1 << 20) + 1), b"").await).await, 413);
    let chunk = [b"100001\r\n".as_slice(), &[b'x'; (1 << 20) + 1]].concat();
    assert_eq!(status(served.begin("/", CHUNKED, &chunk).await).await, 413);
}

#[tokio::test]
async fn a_body_that_pauses_is_cut_off() {
    let served = Served::new(Limits { body_idle: Duration::from_millis(200), ..limits() }).await;
    assert_eq!(status(served.begin("/", &length(500), b"{").await).await, 400);
    served.takes(0).await;
}

#[test]
fn a_body_must_come_at_a_rate() {
    assert!(!is_too_slow(Duration::from_secs(10), 0));
    assert!(is_too_slow(Duration::from_secs(11), 11 * (16 << 10) - 1));
    assert!(!is_too_slow(Duration::from_secs(11), 11 * (16 << 10)));
}

#[test]
fn room_goes_ahead_of_what_has_come_and_not_to_what_was_said() {
    let (chunk, whole) = ([0; 64 << 10], 20 << 20);
    let (mut rest, mut moves) = (BytesMut::new(), 0);
    while rest.len() < whole {
        let (so_far, before) = (rest.len() + chunk.len(), rest.capacity());
        make_room(&mut rest, so_far, whole);
        assert!(rest.capacity() <= ROOM_AHEAD * so_far, "{} for {so_far}", rest.capacity());
        moves += u32::from(rest.capacity() > before);
        rest.extend_from_slice(&chunk);
    }
    assert_eq!((moves, rest.capacity()), (4, whole));
}

#[tokio::test]
async fn the_coding_identity_is_none() {
    let served = Served::new(limits()).await;
    for (coding, expected) in [
        ("", 200),
        ("identity", 200),
        ("Identity", 200),
        ("identity, IDENTITY", 200),
        ("gzip", 415),
        ("identity,br", 415),
    ] {
        let headers = format!("content-encoding: {coding}\r\n{}", length(2));
        assert_eq!(status(served.begin("/", &headers, b"{}").await).await, expected, "{coding}");
    }
}

#[tokio::test]
async fn a_body_is_of_one_type() {
    let served = Served::new(limits()).await;
    for (more, expected) in [("", 200), ("content-type: multipart/form-data; boundary=Y\r\n", 400)] {
        let headers = format!("content-type: multipart/form-data; boundary=X\r\n{more}{}", length(2));
        assert_eq!(status(served.begin("/", &headers, b"{}").await).await, expected, "{more}");
    }
}
