//! Step 6: the same bytes upstream, with our credential instead of the caller's.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, Uri};
use http_body::{Body, Frame, SizeHint};
use ownkey_domain::payer::Payer;
use ownkey_domain::provider::Provider;
use ownkey_domain::time::Timestamp;
use ownkey_providers::facts;
use ownkey_vault::ProviderKey;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout_at};
use zeroize::Zeroizing;

use crate::body::BodyError;
use crate::client::{Client, Driven, Unanswered};
use crate::connections::Grant;
use crate::directory::{Caller, Directory, Generation, Workspace};
use crate::error::{Code, Error};
use crate::headers;
use crate::read::broke_off;
use crate::services::Admitted;
use crate::upload::{Flow, Upload};

/// A request to a provider. There is no way to make one without a [`Payer`], to a metered service without [`Admitted`],
/// or over a connection without a [`Grant`].
pub struct Upstreamed(Request<Box<Outgoing>>);

/// What makes up a request to a provider.
pub struct Draft<'a> {
    /// The provider.
    pub provider: Provider,
    /// How.
    pub method: Method,
    /// Where to.
    pub uri: Uri,
    /// The caller's headers.
    pub headers: &'a HeaderMap,
    /// The key it goes out with.
    pub key: &'a ProviderKey,
    /// The body.
    pub body: Outgoing,
}

impl Upstreamed {
    /// Builds the request that `payer` pays for.
    pub fn new(payer: &Payer, draft: Draft<'_>) -> Result<Self, Error> {
        let mut request = Request::new(Box::new(draft.body));
        *request.method_mut() = draft.method;
        *request.uri_mut() = draft.uri;
        *request.headers_mut() = headers::forwarded(draft.headers, payer.kind(), draft.provider);
        let known = facts(draft.provider);
        // In one piece from the start: a text that grows leaves a copy behind.
        let text = Zeroizing::new([known.credential_prefix, draft.key.expose_str()].concat());
        let mut value = HeaderValue::from_str(&text)
            .map_err(|_| Error::new(Code::KeySealed, "The stored key cannot be sent. Paste it again."))?;
        value.set_sensitive(true);
        request.headers_mut().insert(&known.credential_header, value);
        Ok(Self(request))
    }
}

impl Upstreamed {
    /// A request to a metered service: made only with what it may cost set aside.
    pub fn to_service(_: &Admitted, request: Request<Outgoing>) -> Self {
        Self(request.map(Box::new))
    }

    /// A request over a connection, to a host that its token may go to.
    pub fn over_connection(_: &Grant, request: Request<Outgoing>) -> Self {
        Self(request.map(Box::new))
    }
}

/// How sending ended.
pub enum Sent {
    /// The provider's head is there.
    Answered(Response<Driven>),
    /// The workspace or the platform key changed before anything went out: decide anew.
    Outdated,
}

/// Sends the request and waits for the provider's head. Connections that broke before they carried anything are
/// replaced by the client; nothing that may have reached the provider is ever sent twice.
pub fn forward(
    client: &Client,
    request: Upstreamed,
    head_timeout: Duration,
) -> impl Future<Output = Result<Sent, Error>> + use<> {
    let progress = request.0.body().progress();
    // The client boxes what it does, so no room for the request is needed here.
    let answered = client.request(request.0);
    async move {
        tokio::select! {
            biased;
            sent = answered => told(sent),
            () = silence(progress, head_timeout) => {
                let error = Error::of_provider(Code::ProviderUnavailable, "The provider took too long to answer.");
                Err(error.with_status(http::StatusCode::GATEWAY_TIMEOUT))
            }
        }
    }
}

/// What sending came to.
fn told(sent: Result<Response<Driven>, Unanswered>) -> Result<Sent, Error> {
    sent.map(Sent::Answered).or_else(|error| {
        if cause::<Outdated>(&error).is_some() {
            return Ok(Sent::Outdated);
        }
        // The caller's own body broke off, or is none.
        if let Some(told) = cause::<Error>(&error) {
            return Err(told.clone());
        }
        tracing::info!(error = %Chain(&error), "the provider could not be reached");
        Err(Error::of_provider(Code::ProviderUnavailable, "The provider could not be reached. Try again shortly."))
    })
}

/// Resolves when the provider has said and taken nothing for so long.
async fn silence(progress: Option<watch::Receiver<Instant>>, time: Duration) {
    let Some(mut progress) = progress else { return sleep(time).await };
    loop {
        let until = *progress.borrow_and_update() + time;
        match timeout_at(until, progress.changed()).await {
            Ok(Ok(())) => {}
            // All of it is out.
            Ok(Err(_)) => return sleep_until(until).await,
            Err(_) => return,
        }
    }
}

/// An error with its causes. Those of the HTTP client name hosts and system errors, never headers or bodies.
struct Chain<'a>(&'a dyn std::error::Error);

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        std::iter::successors(self.0.source(), |e| e.source()).try_for_each(|cause| write!(f, ": {cause}"))
    }
}

/// The cause of that type, if there is one.
fn cause<E: std::error::Error + 'static>(error: &Unanswered) -> Option<&E> {
    let first = std::error::Error::source(error);
    std::iter::successors(first, |e| e.source()).find_map(|cause| cause.downcast_ref())
}

/// The workspace or the platform key changed before the request went out.
#[derive(Debug, thiserror::Error)]
#[error("the workspace or the platform key changed before the request went out")]
struct Outdated;

/// Tells at the last moment whether a decision still stands: whether the workspace's keys, plan and policy are those
/// that it rests on, and whether the caller's platform key still works.
pub struct Lease {
    /// Knows the workspaces as they are.
    pub directory: Arc<Directory>,
    /// The state that the decision rests on.
    pub since: Generation,
    /// The workspace as it was then.
    pub workspace: Arc<Workspace>,
    /// Who calls.
    pub caller: Arc<Caller>,
    /// Tells the time.
    pub clock: fn() -> Timestamp,
}

impl Lease {
    fn holds(&self) -> bool {
        self.directory.still_current(self.since, &self.workspace) && self.caller.may_call((self.clock)())
    }
}

/// A request body on its way out. The client asks for it in the very poll in which it writes the head, so this is
/// the last moment to find that a key was removed or revoked, or the policy changed meanwhile; the connection is then dropped
/// with nothing sent. That is what lets a change be acknowledged without waiting for calls that were about to start.
pub struct Outgoing {
    pieces: std::vec::IntoIter<Bytes>,
    rest: Rest,
    lease: Option<Lease>,
    went_out: Arc<AtomicBool>,
    // Room in memory, given back when the body is gone.
    _room: Arc<OwnedSemaphorePermit>,
}

/// What follows behind the pieces.
enum Rest {
    Nothing,
    /// What its caller has yet to send, and when the provider last took something.
    Waiting(Upload, watch::Sender<Instant>),
    Flowing(Box<Flow>, watch::Sender<Instant>),
}

impl Outgoing {
    /// A body in pieces that goes out only while the lease holds.
    pub fn new(pieces: Vec<Bytes>, lease: Lease, room: Arc<OwnedSemaphorePermit>) -> Self {
        let (pieces, rest) = (pieces.into_iter(), Rest::Nothing);
        Self { pieces, rest, lease: Some(lease), went_out: Arc::default(), _room: room }
    }

    /// A body that goes out in any case, for tests.
    #[cfg(test)]
    pub fn unleased(pieces: Vec<Bytes>, room: Arc<OwnedSemaphorePermit>) -> Self {
        let (pieces, rest, went_out) = (pieces.into_iter(), Rest::Nothing, Arc::default());
        Self { pieces, rest, lease: None, went_out, _room: room }
    }

    /// The same with what its caller has yet to send, if there is any.
    #[must_use]
    pub fn then(self, rest: Option<Upload>) -> Self {
        let rest = rest.map_or(Rest::Nothing, |rest| Rest::Waiting(rest, watch::Sender::new(Instant::now())));
        Self { rest, ..self }
    }

    /// Tells when the provider takes something of a body that its caller is still sending.
    pub fn progress(&self) -> Option<watch::Receiver<Instant>> {
        match &self.rest {
            Rest::Nothing => None,
            Rest::Waiting(_, taken) | Rest::Flowing(_, taken) => Some(taken.subscribe()),
        }
    }

    /// Becomes true when the request goes out: before that, no provider knows of it.
    pub fn went_out(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.went_out)
    }

    /// Asked when the head is about to be written.
    fn may_go_out(&self) -> bool {
        let holds = self.lease.as_ref().is_none_or(Lease::holds);
        self.went_out.fetch_or(holds, Ordering::Relaxed);
        holds
    }

    /// Whether nothing is left of it.
    fn is_over(&self) -> bool {
        let is_rest_over = match &self.rest {
            Rest::Nothing => true,
            Rest::Waiting(..) => false,
            Rest::Flowing(flow, _) => flow.is_end_stream(),
        };
        self.pieces.as_slice().is_empty() && is_rest_over
    }

    /// The next of what its caller sends.
    fn poll_rest(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        self.rest = match std::mem::replace(&mut self.rest, Rest::Nothing) {
            Rest::Nothing => return Poll::Ready(None),
            Rest::Waiting(upload, taken) => match upload.take() {
                Some(flow) => Rest::Flowing(Box::new(flow), taken),
                None => return Poll::Ready(Some(Err(broke_off().into()))),
            },
            flowing @ Rest::Flowing(..) => flowing,
        };
        let Rest::Flowing(flow, taken) = &mut self.rest else { return Poll::Ready(None) };
        taken.send_replace(Instant::now());
        Pin::new(flow.as_mut()).poll_frame(cx)
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if !self.may_go_out() {
            return Poll::Ready(Some(Err(Box::new(Outdated))));
        }
        self.lease = None;
        match self.pieces.next() {
            Some(piece) => Poll::Ready(Some(Ok(Frame::data(piece)))),
            None => self.poll_rest(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        // Of a body that is known to be empty nothing else is asked: this is the last moment before its head goes out.
        // One that has no end yet is asked for, and then says that it may not go.
        self.is_over() && self.may_go_out()
    }

    fn size_hint(&self) -> SizeHint {
        let left: u64 = self.pieces.as_slice().iter().map(|piece| piece.len() as u64).sum();
        let rest = match &self.rest {
            Rest::Nothing => SizeHint::with_exact(0),
            Rest::Waiting(upload, _) => upload.size,
            Rest::Flowing(flow, _) => flow.size_hint(),
        };
        match rest.exact().and_then(|rest| left.checked_add(rest)) {
            // One that may not go has no length, so that it is asked for.
            Some(0) if !self.may_go_out() => SizeHint::default(),
            Some(all) => SizeHint::with_exact(all),
            None => SizeHint::default(),
        }
    }
}
