//! Over real sockets, against peers that say what each test has them say.

use bytes::Bytes;
use http_body_util::BodyExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use super::*;

/// Long enough for anything that comes at all.
pub(super) const SOON: Duration = Duration::from_secs(10);
/// Long enough to see that nothing comes.
pub(super) const A_MOMENT: Duration = Duration::from_millis(200);

pub(super) struct Peer(pub(super) TcpListener);

impl Peer {
    pub(super) async fn new() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    pub(super) fn uri(&self) -> String {
        format!("http://{}/v1/chat?a=b", self.0.local_addr().unwrap())
    }

    pub(super) async fn accept(&self) -> TcpStream {
        timeout(SOON, self.0.accept()).await.expect("nobody connects").unwrap().0
    }

    /// Whether nobody else connects.
    async fn is_left_alone(&self) -> bool {
        timeout(A_MOMENT, self.0.accept()).await.is_err()
    }
}

fn client_with(idle_max: Duration) -> Client {
    Client::new(connect::connector(Duration::from_secs(5)).unwrap(), idle_max)
}

pub(super) fn client() -> Client {
    client_with(IDLE_TIMEOUT)
}

pub(super) fn request(uri: &str, body: &[u8]) -> Request<Box<Outgoing>> {
    let room = Arc::new(Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap());
    let pieces = if body.is_empty() { Vec::new() } else { vec![Bytes::copy_from_slice(body)] };
    Request::post(uri).body(Box::new(Outgoing::unleased(pieces, room))).unwrap()
}

/// A call whose answer is read to its end.
pub(super) async fn call(client: &Client, uri: &str) -> Result<(u16, Bytes), String> {
    let answered = timeout(SOON, client.request(request(uri, b"hello"))).await.expect("no head");
    let response = answered.map_err(|error| format!("{error:?}"))?;
    let status = response.status().as_u16();
    let body = timeout(SOON, response.into_body().collect()).await.expect("no end");
    Ok((status, body.map_err(|error| format!("{error:?}"))?.to_bytes()))
}

/// Reads a request of this length behind its head, and returns the head.
pub(super) async fn read_request(stream: &mut TcpStream, body: usize) -> String {
    let mut came = Vec::new();
    loop {
        if let Some(at) = memchr::memmem::find(&came, b"\r\n\r\n").filter(|at| came.len() >= at + 4 + body) {
            assert_eq!(came.len(), at + 4 + body, "more than a request");
            return String::from_utf8_lossy(&came[..at]).into_owned();
        }
        let read = timeout(SOON, stream.read_buf(&mut came)).await.expect("no request").unwrap();
        assert_ne!(read, 0, "closed in mid-request");
    }
}

/// Whether the other side closes.
async fn is_closed(stream: &mut TcpStream) -> bool {
    matches!(timeout(SOON, stream.read(&mut [0; 64])).await, Ok(Ok(0) | Err(_)))
}

/// The answer to the next request.
pub(super) async fn answer(stream: &mut TcpStream, bytes: &[u8]) -> String {
    let head = read_request(stream, 5).await;
    stream.write_all(bytes).await.unwrap();
    head
}

pub(super) const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";

pub(super) fn hi() -> Result<(u16, Bytes), String> {
    Ok((200, Bytes::from_static(b"hi")))
}

#[tokio::test]
async fn a_connection_is_used_again() {
    let (peer, client) = (Peer::new().await, client());
    let uri = peer.uri();
    let (went, ()) = tokio::join!(call(&client, &uri), async {
        let mut stream = peer.accept().await;
        let head = answer(&mut stream, OK).await;
        assert!(head.starts_with("POST /v1/chat?a=b HTTP/1.1\r\n"), "{head}");
        assert!(head.contains(&format!("host: {}", peer.0.local_addr().unwrap())), "{head}");
        tokio::spawn(async move {
            answer(&mut stream, b"HTTP/1.1 204 No Content\r\n\r\n").await;
            // In pieces, the last of which comes when its head has been taken.
            answer(&mut stream, b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nh\r\n").await;
            sleep(Duration::from_millis(20)).await;
            stream.write_all(b"1\r\ni\r\n0\r\n\r\n").await.unwrap();
            answer(&mut stream, OK).await;
        });
    });
    assert_eq!(went, hi());
    assert_eq!(call(&client, &uri).await, Ok((204, Bytes::new())));
    assert_eq!(call(&client, &uri).await, hi());
    assert_eq!(call(&client, &uri).await, hi());
    assert!(peer.is_left_alone().await);
}

#[tokio::test]
async fn an_answer_whose_body_is_all_there_frees_its_connection_unread() {
    let (peer, client) = (Peer::new().await, client());
    let uri = peer.uri();
    let serving = async {
        let mut stream = peer.accept().await;
        answer(&mut stream, OK).await;
        answer(&mut stream, OK).await;
        stream
    };
    let calling = async {
        let first = client.request(request(&uri, b"hello")).await.unwrap();
        let second = call(&client, &uri).await;
        (first.into_body().collect().await.unwrap().to_bytes(), second)
    };
    let (stream, went) = tokio::join!(serving, calling);
    assert_eq!(went, (Bytes::from_static(b"hi"), hi()));
    assert!(peer.is_left_alone().await);
    drop(stream);
}

/// What an idle connection may do that makes it useless.
async fn is_replaced(last_words: &[u8]) {
    let (peer, client) = (Peer::new().await, client());
    let uri = peer.uri();
    let (went, ()) = tokio::join!(call(&client, &uri), async {
        let mut stream = peer.accept().await;
        answer(&mut stream, OK).await;
        sleep(Duration::from_millis(50)).await;
        stream.write_all(last_words).await.unwrap();
        if !last_words.is_empty() {
            tokio::spawn(async move {
                sleep(SOON).await;
                drop(stream)
            });
        }
    });
    assert_eq!(went, hi());
    sleep(Duration::from_millis(50)).await;
    let (went, _) = tokio::join!(call(&client, &uri), async {
        let mut stream = peer.accept().await;
        answer(&mut stream, OK).await
    });
    assert_eq!(went, hi());
}

#[tokio::test]
async fn one_that_was_closed_while_idle_is_replaced() {
    is_replaced(b"").await;
}

#[tokio::test]
async fn one_that_spoke_while_idle_is_replaced() {
    is_replaced(b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n").await;
}

#[tokio::test]
async fn one_with_more_than_an_answer_is_not_used_again() {
    for behind in ["garbage", "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nbad"] {
        let (peer, client) = (Peer::new().await, client());
        let uri = peer.uri();
        for _ in 0..2 {
            let (went, closed) = tokio::join!(call(&client, &uri), async {
                let mut stream = peer.accept().await;
                answer(&mut stream, &[OK, behind.as_bytes()].concat()).await;
                is_closed(&mut stream).await
            });
            assert_eq!(went, hi());
            assert!(closed);
        }
    }
}

#[tokio::test]
async fn nothing_is_sent_twice_that_may_have_arrived() {
    let (peer, client) = (Peer::new().await, client());
    let uri = peer.uri();
    let (went, mut stream) = tokio::join!(call(&client, &uri), async {
        let mut stream = peer.accept().await;
        answer(&mut stream, OK).await;
        stream
    });
    assert_eq!(went, hi());
    let (went, ()) = tokio::join!(call(&client, &uri), async {
        read_request(&mut stream, 5).await;
        drop(stream);
    });
    assert!(went.unwrap_err().starts_with("BrokeOff"));
    assert!(peer.is_left_alone().await);
}

#[tokio::test]
async fn a_new_connection_that_fails_is_told() {
    let uri = Peer::new().await.uri();
    assert!(call(&client(), &uri).await.unwrap_err().starts_with("NoConnection"));
    let nowhere = client().request(request("/v1/chat", b"")).await;
    assert!(matches!(nowhere, Err(Unanswered::NoAddress)));
    let (peer, client) = (Peer::new().await, client());
    let uri = peer.uri();
    let (went, ()) = tokio::join!(call(&client, &uri), async { drop(peer.accept().await) });
    assert!(went.is_err());
    assert!(peer.is_left_alone().await);
}

#[tokio::test]
async fn leaving_before_the_head_closes() {
    let (peer, client) = (Peer::new().await, client());
    let mut asking = client.request(request(&peer.uri(), b"hello"));
    let mut stream = tokio::select! {
        _ = &mut asking => panic!("nobody answered"),
        stream = async { let mut stream = peer.accept().await; read_request(&mut stream, 5).await; stream } => stream,
    };
    drop(asking);
    assert!(is_closed(&mut stream).await);
}

#[tokio::test]
async fn leaving_amid_an_answer_closes() {
    let (peer, client) = (Peer::new().await, client());
    let asking = client.request(request(&peer.uri(), b"hello"));
    let (response, mut stream) = tokio::join!(asking, async {
        let mut stream = peer.accept().await;
        answer(&mut stream, b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n").await;
        stream
    });
    let mut body = response.unwrap().into_body();
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "hi");
    drop(body);
    assert!(is_closed(&mut stream).await);
    assert!(peer.is_left_alone().await);
}

#[tokio::test]
async fn leaving_when_all_is_there_closes_nothing() {
    let (peer, client) = (Peer::new().await, client());
    let uri = peer.uri();
    let (response, ()) = tokio::join!(client.request(request(&uri, b"hello")), async {
        let mut stream = peer.accept().await;
        answer(&mut stream, b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n").await;
        tokio::spawn(async move { answer(&mut stream, OK).await });
    });
    let mut body = response.unwrap().into_body();
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "hi");
    drop(body);
    assert_eq!(call(&client, &uri).await, hi());
    assert!(peer.is_left_alone().await);
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_an_error() {
    let (peer, client) = (Peer::new().await, client());
    for cut in ["content-length: 9\r\n\r\nhi", "transfer-encoding: chunked\r\n\r\n2\r\nhi\r\n"] {
        let uri = peer.uri();
        let (went, ()) = tokio::join!(call(&client, &uri), async {
            let mut stream = peer.accept().await;
            answer(&mut stream, format!("HTTP/1.1 200 OK\r\n{cut}").as_bytes()).await;
        });
        assert!(went.is_err(), "{went:?}");
    }
}

#[tokio::test]
async fn one_that_is_to_be_closed_is() {
    let (peer, client) = (Peer::new().await, client());
    let uri = peer.uri();
    for head in ["HTTP/1.1 200 OK\r\nconnection: close", "HTTP/1.0 200 OK"] {
        let (went, closed) = tokio::join!(call(&client, &uri), async {
            let mut stream = peer.accept().await;
            answer(&mut stream, format!("{head}\r\ncontent-length: 2\r\n\r\nhi").as_bytes()).await;
            is_closed(&mut stream).await
        });
        assert_eq!(went, hi());
        assert!(closed);
    }
}

#[tokio::test]
async fn a_body_may_end_with_its_connection() {
    let (peer, client) = (Peer::new().await, client());
    let uri = peer.uri();
    for head in ["HTTP/1.1 200 OK", "HTTP/1.0 200 OK"] {
        let (went, ()) = tokio::join!(call(&client, &uri), async {
            let mut stream = peer.accept().await;
            answer(&mut stream, format!("{head}\r\n\r\nh").as_bytes()).await;
            sleep(Duration::from_millis(20)).await;
            stream.write_all(b"i").await.unwrap();
        });
        assert_eq!(went, hi());
    }
}

#[tokio::test]
async fn what_comes_before_the_answer_is_passed_over() {
    let (peer, client) = (Peer::new().await, client());
    let uri = peer.uri();
    let (went, ()) = tokio::join!(call(&client, &uri), async {
        let mut stream = peer.accept().await;
        answer(&mut stream, b"HTTP/1.1 100 Continue\r\n\r\n").await;
        sleep(Duration::from_millis(20)).await;
        stream.write_all(b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n").await.unwrap();
        stream.write_all(OK).await.unwrap();
        tokio::spawn(async move { answer(&mut stream, OK).await });
    });
    assert_eq!(went, hi());
    assert_eq!(call(&client, &uri).await, hi());
}

#[tokio::test]
async fn trailers_come_and_the_connection_stays() {
    let (peer, client) = (Peer::new().await, client());
    let uri = peer.uri();
    let trailed = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nx-sum: 7\r\n\r\n";
    let (response, ()) = tokio::join!(client.request(request(&uri, b"hello")), async {
        let mut stream = peer.accept().await;
        answer(&mut stream, trailed).await;
        tokio::spawn(async move { answer(&mut stream, OK).await });
    });
    let body = timeout(SOON, response.unwrap().into_body().collect()).await.unwrap().unwrap();
    assert_eq!(body.trailers().unwrap()["x-sum"], "7");
    assert_eq!(body.to_bytes(), "hi");
    assert_eq!(call(&client, &uri).await, hi());
    assert!(peer.is_left_alone().await);
}

/// More than the system keeps for a peer that reads nothing.
pub(super) const LARGE: usize = 32 << 20;

#[tokio::test]
async fn an_early_answer_is_read_while_the_request_goes_on_by_itself() {
    let (peer, client) = (Peer::new().await, client());
    let (uri, large) = (peer.uri(), vec![b'x'; LARGE]);
    let (response, stream) = tokio::join!(client.request(request(&uri, &large)), async {
        let mut stream = peer.accept().await;
        stream.write_all(b"HTTP/1.1 413 Content Too Large\r\ncontent-length: 2\r\n\r\nno").await.unwrap();
        stream
    });
    let response = response.unwrap();
    assert_eq!(response.status(), 413);
    // Nobody reads the answer meanwhile.
    let (head, stream) = tokio::spawn(async move {
        let mut stream = stream;
        let head = read_request(&mut stream, LARGE).await;
        (head, stream)
    })
    .await
    .unwrap();
    assert!(head.starts_with("POST"));
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "no");
    sleep(Duration::from_millis(50)).await;
    tokio::spawn(async move {
        let mut stream = stream;
        answer(&mut stream, OK).await
    });
    assert_eq!(call(&client, &uri).await, hi());
    assert!(peer.is_left_alone().await);
}

#[tokio::test]
async fn an_early_answer_is_read_though_the_peer_closed() {
    let (peer, client) = (Peer::new().await, client());
    let (uri, large) = (peer.uri(), vec![b'x'; LARGE]);
    let (response, ()) = tokio::join!(client.request(request(&uri, &large)), async {
        let mut stream = peer.accept().await;
        let mut some = vec![0; 1 << 16];
        stream.read_exact(&mut some).await.unwrap();
        stream.write_all(b"HTTP/1.1 413 Content Too Large\r\nconnection: close\r\n\r\nno").await.unwrap();
        stream.shutdown().await.unwrap();
        // Nothing may be unread when it is closed: that would take back the answer.
        tokio::spawn(async move { while stream.read(&mut some).await.is_ok_and(|read| read > 0) {} });
    });
    let response = response.unwrap();
    assert_eq!(response.status(), 413);
    assert_eq!(timeout(SOON, response.into_body().collect()).await.unwrap().unwrap().to_bytes(), "no");
}

#[tokio::test]
async fn what_is_idle_for_long_is_closed() {
    let (peer, client) = (Peer::new().await, client_with(Duration::from_millis(300)));
    let uri = peer.uri();
    for _ in 0..2 {
        let (went, closed) = tokio::join!(call(&client, &uri), async {
            let mut stream = peer.accept().await;
            answer(&mut stream, OK).await;
            is_closed(&mut stream).await
        });
        assert_eq!(went, hi());
        assert!(closed);
    }
    sleep(Duration::from_millis(200)).await;
    assert_eq!(client.0.pool.addresses(), 0);
}

#[tokio::test]
async fn no_more_are_kept_than_may_be() {
    const CALLS: usize = 260;
    let (peer, client) = (Peer::new().await, client());
    let uri = peer.uri();
    let calls: Vec<_> = (0..CALLS).map(|_| tokio::spawn(client.request(request(&uri, b"hello")))).collect();
    let mut streams = Vec::new();
    for _ in 0..CALLS {
        let mut stream = peer.accept().await;
        read_request(&mut stream, 5).await;
        streams.push(stream);
    }
    for stream in &mut streams {
        stream.write_all(OK).await.unwrap();
    }
    for call in calls {
        let response = timeout(SOON, call).await.unwrap().unwrap().unwrap();
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "hi");
    }
    sleep(Duration::from_millis(50)).await;
    let mut closed = 0;
    for mut stream in streams {
        let read = timeout(Duration::from_millis(1), stream.read(&mut [0; 8])).await;
        closed += usize::from(read.is_ok());
    }
    assert_eq!(closed, CALLS - 256);
}
