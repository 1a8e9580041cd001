use std::collections::VecDeque;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http_body_util::BodyExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::super::tests::{A_MOMENT, LARGE, OK, Peer, SOON, answer, call, client, hi, read_request, request};
use super::*;

#[tokio::test]
async fn nobody_reads_ahead_of_a_slow_reader() {
    let (peer, client) = (Peer::new().await, client());
    let written = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&written);
    let (response, ()) = tokio::join!(client.request(request(&peer.uri(), b"hello")), async {
        let mut stream = peer.accept().await;
        answer(&mut stream, b"HTTP/1.1 200 OK\r\n\r\n").await;
        tokio::spawn(async move {
            while stream.write_all(&[b'x'; 1 << 16]).await.is_ok() {
                count.fetch_add(1 << 16, Ordering::Relaxed);
            }
        });
    });
    let mut body = response.unwrap().into_body();
    let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert!(first.len() <= 1 << 20);
    sleep(Duration::from_millis(300)).await;
    let before = written.load(Ordering::Relaxed);
    sleep(Duration::from_millis(300)).await;
    assert_eq!(written.load(Ordering::Relaxed), before, "what nobody reads goes on");
    assert!(before < LARGE);
}

#[tokio::test]
async fn a_short_answer_takes_two_polls() {
    let (peer, client) = (Peer::new().await, client());
    let uri = peer.uri();
    let (went, stream) = tokio::join!(call(&client, &uri), async {
        let mut stream = peer.accept().await;
        answer(&mut stream, OK).await;
        stream
    });
    assert_eq!(went, hi());
    tokio::spawn(async move {
        let mut stream = stream;
        read_request(&mut stream, 5).await;
        sleep(Duration::from_millis(50)).await;
        stream.write_all(OK).await.unwrap();
    });
    let asking = async {
        let response = client.request(request(&uri, b"hello")).await.unwrap();
        response.into_body().collect().await.unwrap().to_bytes()
    };
    let (mut asking, mut polls) = (pin!(asking), 0);
    let body = std::future::poll_fn(|cx| {
        polls += 1;
        asking.as_mut().poll(cx)
    });
    assert_eq!(body.await, "hi");
    assert_eq!(polls, 2);
    // Nor is it woken when it is done.
    let mut polls = 0;
    let waiting = timeout(
        A_MOMENT,
        std::future::poll_fn::<(), _>(|_| {
            polls += 1;
            Poll::Pending
        }),
    );
    waiting.await.unwrap_err();
    assert!(polls <= 2, "{polls}");
}

/// Numbers that look like chance, the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}

/// An answer in pieces of odd sizes, with pauses of odd lengths.
async fn dribble(stream: &mut TcpStream, dice: &mut Dice) {
    let size = dice.below(20_000) + 1;
    let mut bytes = format!("HTTP/1.1 200 OK\r\nx-size: {size}\r\n").into_bytes();
    let text: Vec<u8> = (0..size).map(|at| b'a' + u8::try_from(at % 26).unwrap()).collect();
    if dice.below(2) == 0 {
        bytes.extend(format!("content-length: {size}\r\n\r\n").bytes().chain(text));
    } else {
        bytes.extend(b"transfer-encoding: chunked\r\n\r\n");
        let mut rest = VecDeque::from(text);
        while !rest.is_empty() {
            let chunk: Vec<u8> = rest.drain(..rest.len().min(dice.below(3_000) + 1)).collect();
            bytes.extend(format!("{:x}\r\n", chunk.len()).bytes().chain(chunk).chain(*b"\r\n"));
        }
        bytes.extend(b"0\r\n\r\n");
    }
    let mut at = 0;
    while at < bytes.len() {
        let most = if dice.below(3) == 0 { 8 } else { 4_000 };
        let next = bytes.len().min(at + dice.below(most) + 1);
        stream.write_all(&bytes[at..next]).await.unwrap();
        at = next;
        match dice.below(4) {
            0 => sleep(Duration::from_micros(dice.below(1_500) as u64)).await,
            1 => tokio::task::yield_now().await,
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_wake_up_is_lost() {
    let (peer, client) = (Peer::new().await, client());
    let uri = peer.uri();
    tokio::spawn(async move {
        for seed in 0.. {
            let mut stream = peer.0.accept().await.unwrap().0;
            stream.set_nodelay(true).unwrap();
            tokio::spawn(async move {
                let mut dice = Dice(seed);
                loop {
                    read_request(&mut stream, 5).await;
                    dribble(&mut stream, &mut dice).await;
                }
            });
        }
    });
    let callers = (0..16).map(|_| {
        let (client, uri) = (client.clone(), uri.clone());
        tokio::spawn(async move {
            for _ in 0..40 {
                let response = timeout(SOON, client.request(request(&uri, b"hello"))).await.expect("no head").unwrap();
                let size: usize = response.headers()["x-size"].to_str().unwrap().parse().unwrap();
                // Its body may be read by another task than asked.
                let reading = tokio::spawn(response.into_body().collect());
                let body = timeout(SOON, reading).await.expect("no end").unwrap().unwrap().to_bytes();
                assert_eq!(body.len(), size);
                assert!(body.iter().enumerate().all(|(at, &byte)| usize::from(byte - b'a') == at % 26));
            }
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await.unwrap();
    }
}
