//! A request's body while it comes. One that is answered before it was read to its end comes back, because on HTTP/1
//! what is left of it stands before the next request: it is read away or the connection ends, and the answer says so.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, EXPECT, HeaderMap, HeaderValue};
use http::{Request, Version};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::sync::oneshot;
use tokio::time::timeout;

/// What is read away at most; a larger rest is not worth a connection.
const READ_AWAY_BYTES: u64 = 64 << 10;
/// How long an answer waits for that. Most callers have sent it already.
const READ_AWAY_WAIT: Duration = Duration::from_millis(250);

/// The body of a request.
pub struct Arriving {
    /// Absent when it has ended.
    body: Option<Incoming>,
    back: Option<oneshot::Sender<Incoming>>,
}

/// What may be left of a request's body when the answer is there.
pub struct Unread {
    left: oneshot::Receiver<Incoming>,
    /// Whether the caller sends it only when asked to.
    is_held_back: bool,
}

/// The request, and what will be left of it. On HTTP/2 nothing stands behind it.
pub fn arriving(request: Request<Incoming>) -> (Box<Request<Arriving>>, Option<Unread>) {
    let (back, left) = oneshot::channel();
    let unread = Unread { left, is_held_back: request.headers().contains_key(EXPECT) };
    let unread = (request.version() < Version::HTTP_2).then_some(unread);
    (Box::new(request.map(|body| Arriving { body: Some(body), back: Some(back) })), unread)
}

impl Unread {
    /// Makes the connection fit for the next request, or tells in the answer's head that it ends, and returns false.
    pub async fn settle(mut self, answer: &mut HeaderMap) -> bool {
        let is_clean = match self.left.try_recv() {
            Ok(rest) => !self.is_held_back && read_away(rest).await,
            Err(error) => error == oneshot::error::TryRecvError::Closed,
        };
        if !is_clean {
            answer.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        is_clean
    }
}

async fn read_away(mut rest: Incoming) -> bool {
    if rest.size_hint().upper().is_none_or(|bytes| bytes > READ_AWAY_BYTES) {
        return false;
    }
    let reading = async {
        while !rest.is_end_stream() {
            match rest.frame().await {
                Some(Ok(_)) => {}
                Some(Err(_)) => return false,
                None => break,
            }
        }
        true
    };
    timeout(READ_AWAY_WAIT, reading).await.unwrap_or(false)
}

impl Body for Arriving {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let frame = ready!(Pin::new(body).poll_frame(context));
        if frame.is_none() {
            self.body = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl Drop for Arriving {
    fn drop(&mut self) {
        let unread = self.body.take().filter(|body| !body.is_end_stream());
        if let (Some(body), Some(back)) = (unread, self.back.take()) {
            // Nobody waits for it where it does not matter.
            let _ = back.send(body);
        }
    }
}
