//! Calls over OAuth connections: `/connections/{id}/{host}/…` is what is at that host, called with the connection's
//! access token. The token goes to the hosts that the operator has named for its provider, and nowhere else.
//!
//! The steps: [`path`], identify, read, grant, forward, [`answer`]. Nobody pays Ownkey for such a call; its receipt says
//! that it was made.

mod answer;
mod path;

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use http::header::{ALLOW, AUTHORIZATION, HeaderName, HeaderValue};
use http::request::Parts as Head;
use http::{Method, Request, Response, StatusCode};
use ownkey_domain::id::{ConnectionId, RequestId, WorkspaceId};
use ownkey_domain::receipt::Receipt;
use ownkey_domain::scope::Scope;
use ownkey_domain::time::Timestamp;
use ownkey_vault::ProviderKey;
use zeroize::Zeroizing;

use self::answer::{Answer, relay};
use self::path::ConnectionPath;
use crate::body::Body;
use crate::directory::{Caller, Generation, Workspace};
use crate::edge::{self, Arriving};
use crate::error::{Code, Error};
use crate::forward::{Lease, Outgoing, Sent, Upstreamed, forward};
use crate::headers;
use crate::identify::identify;
use crate::limits::DECISIONS_MAX;
use crate::plane::Plane;
use crate::rates::{Quota, Subject};
use crate::read::{RequestBody, read};
use crate::relay::Watch;
use crate::services::problem::Problem;
use crate::services::receipt::{Book, OpenReceipt};
use crate::settle::kept;
use crate::stop::Stop;
use crate::upstream::BaseUrl;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-ownkey-request-id");
const METHODS: [Method; 6] = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
/// What of the receipt tells which way a call went. Ids and hosts are not repeated there.
const ROUTE: &str = "/connections/{id}";
/// How long a host may take to begin its answer.
const HEAD_TIMEOUT: Duration = Duration::from_secs(120);

/// Where tokens come from. The composition root fills this in.
pub trait Tokens: Send + Sync {
    /// What a call of that workspace over that connection to that host may use.
    fn grant<'a>(
        &'a self,
        workspace: WorkspaceId,
        connection: ConnectionId,
        host: &'a str,
    ) -> BoxFuture<'a, Result<Grant, NotGranted>>;

    /// Likewise where the host has refused the token of that generation: with another one, if there may be another.
    fn renewed<'a>(
        &'a self,
        workspace: WorkspaceId,
        connection: ConnectionId,
        host: &'a str,
        refused: u32,
    ) -> BoxFuture<'a, Result<Grant, NotGranted>>;
}

/// Says that a token may go to a host. Without one no request over a connection can be built.
pub struct Grant {
    /// The token.
    pub token: Arc<ProviderKey>,
    /// Which of the connection's tokens it is.
    pub generation: u32,
    /// The host.
    pub base: BaseUrl,
}

/// Why there is no grant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotGranted {
    /// The workspace has no such connection.
    #[error("there is no such connection")]
    NotFound,
    /// The host is none of the provider's, which are these.
    #[error("the host is none of the provider's")]
    OtherHost(Vec<String>),
    /// Somebody has to sign in at the provider again.
    #[error("the connection needs somebody to sign in again")]
    NeedsReauth,
    /// The token has expired, and the provider gives no new one at the moment.
    #[error("the token can't be refreshed now")]
    NotRefreshed,
    /// The token can't be opened.
    #[error("the token can't be opened")]
    Sealed,
    /// The store does not answer.
    #[error("the store does not answer")]
    Away,
}

/// What serving calls over connections takes.
pub struct Parts {
    /// What all calls are made with.
    pub plane: Plane,
    /// Gives tokens.
    pub tokens: Arc<dyn Tokens>,
}

/// Calls over connections.
pub struct Connections {
    parts: Parts,
    book: Arc<Book>,
}

/// A call of a known caller. Its receipt is open: however the call ends, it is written down.
struct Call<'a> {
    started: Instant,
    head: &'a Head,
    path: ConnectionPath<'a>,
    caller: Arc<Caller>,
    receipt: OpenReceipt,
}

impl Connections {
    /// Puts the parts together.
    pub fn new(parts: Parts) -> Self {
        let book =
            Arc::new(Book { ledger: Arc::clone(&parts.plane.ledger), metrics: Arc::clone(&parts.plane.metrics) });
        Self { parts, book }
    }

    /// Whether a path is a connection's.
    pub fn serves(path: &str) -> bool {
        path::parse(path).is_some()
    }

    /// Tells a bug in a call.
    pub fn broken(error: Error) -> Response<Body> {
        Problem::from(error).respond()
    }

    /// Answers a request. Dropped when the caller leaves; the receipt is written all the same.
    pub async fn handle(&self, request: Box<Request<Arriving>>) -> Response<Body> {
        let (at, started) = ((self.parts.plane.clock)(), Instant::now());
        let id = (self.parts.plane.new_id)(at);
        let (head, body) = request.into_parts();
        let mut response = self.answer((id, at, started), &head, body).await.unwrap_or_else(Problem::respond);
        if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
            response.headers_mut().insert(REQUEST_ID, value);
        }
        response
    }

    async fn answer(
        &self,
        (id, at, started): (RequestId, Timestamp, Instant),
        head: &Head,
        body: Arriving,
    ) -> Result<Response<Body>, Problem> {
        if let Some(what) = edge::ambiguity(head) {
            return Err(Error::bad_request(format!("The request is ambiguous: {what}.")).into());
        }
        let path = path::parse(head.uri.path()).ok_or_else(no_connection)?;
        let caller = identify(&self.parts.plane.directory, &self.parts.plane.hasher, &head.headers, at).await?;
        let draft = Receipt::draft(id, at, caller.workspace, ROUTE.to_owned());
        let said = head.headers.get("x-client-request-id").and_then(|value| value.to_str().ok());
        let draft = Receipt { api_key: Some(caller.id), client_request_id: said.and_then(kept), ..draft };
        let receipt = OpenReceipt::new(draft, started, Arc::clone(&self.book));
        let mut call = Call { started, head, path, caller, receipt };
        let mut stop = self.stop(&call.caller);
        match stop.unless(self.carry(&mut call, body)).await {
            Ok(answer) => relay(call.receipt, answer).await,
            Err(error) => Err(Problem::from(error).ending(call.receipt)),
        }
    }

    /// The steps between knowing the caller and having the host's head.
    async fn carry(&self, call: &mut Call<'_>, body: Arriving) -> Result<Answer, Error> {
        let connection = self.check(call)?;
        let body = read(&self.parts.plane.limits, &self.parts.plane.body_room, &call.head.headers, body).await?;
        call.receipt.awaited(body.awaited);
        let quota = Quota { requests: call.caller.requests_per_minute, tokens: None };
        let turn = [(Subject::Key(call.caller.id), quota)];
        self.parts.plane.rates.admit(&turn, call.started).map_err(|exceeded| exceeded.plain())?;
        if !self.parts.plane.ledger.has_room() {
            return Err(Error::overloaded("Receipts cannot be written at the moment, so no call is made. Try again."));
        }
        let (mut renewed, mut was_refused) = (None, false);
        for _ in 0..DECISIONS_MAX {
            let (workspace, since) = self.confirm(call).await?;
            let grant = match renewed.take() {
                Some(grant) => grant,
                None => self.parts.tokens.grant(workspace.id, connection, call.path.host).await.map_err(told)?,
            };
            let lease = Lease {
                directory: Arc::clone(&self.parts.plane.directory),
                since,
                workspace: Arc::clone(&workspace),
                caller: Arc::clone(&call.caller),
                clock: self.parts.plane.clock,
            };
            let request = call.request(&grant, &body, lease)?;
            match forward(&self.parts.plane.client, Upstreamed::over_connection(&grant, request), HEAD_TIMEOUT).await? {
                Sent::Answered(response) => {
                    // Who does not take the token has done nothing. Once: what refuses a new one is not its age.
                    if response.status() == StatusCode::UNAUTHORIZED && !std::mem::replace(&mut was_refused, true) {
                        renewed = self.renewed((workspace.id, connection), call.path.host, &grant).await;
                        if renewed.is_some() {
                            continue;
                        }
                    }
                    let watch = Watch::new(&self.parts.plane.limits, call.started);
                    let stop = self.stop(&call.caller).of(&workspace);
                    return Ok(Answer { response, token: grant.token, watch, stop });
                }
                Sent::Outdated => {}
            }
        }
        Err(Error::overloaded("The workspace changes too fast. Try again shortly."))
    }

    /// Another grant in the place of one whose token the host refused; none if there is no other token.
    async fn renewed(
        &self,
        (workspace, connection): (WorkspaceId, ConnectionId),
        host: &str,
        refused: &Grant,
    ) -> Option<Grant> {
        let grant = self.parts.tokens.renewed(workspace, connection, host, refused.generation).await.ok()?;
        (grant.generation != refused.generation).then_some(grant)
    }

    /// The connection that is named, if the caller may use any.
    fn check(&self, call: &Call<'_>) -> Result<ConnectionId, Error> {
        if !call.caller.may(Scope::ConnectionsWrite) {
            let message = "This platform key lacks the scope `connections:write`. Use one that has it.";
            return Err(Error::new(Code::Forbidden, message));
        }
        if !METHODS.contains(&call.head.method) {
            let allow = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE");
            let error = Error::new(Code::PathNotSupported, "Connections do not take this method.");
            return Err(error.with_status(StatusCode::METHOD_NOT_ALLOWED).with_header(ALLOW, allow));
        }
        call.path.check(call.head.uri.query())?;
        call.path.connection.parse().map_err(|_| no_connection())
    }

    /// Makes sure of the caller just before his call goes out, and of his workspace.
    async fn confirm(&self, call: &mut Call<'_>) -> Result<(Arc<Workspace>, Generation), Error> {
        let now = (self.parts.plane.clock)();
        if !call.caller.may_call(now) {
            call.caller =
                identify(&self.parts.plane.directory, &self.parts.plane.hasher, &call.head.headers, now).await?;
        }
        let found = self.parts.plane.directory.workspace(call.caller.workspace).await.map_err(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, "workspaces can't be looked up");
            Error::overloaded("The workspace cannot be looked up at the moment. Try again shortly.")
        })?;
        found.ok_or_else(|| Error::new(Code::Unauthorized, "The workspace of this platform key was deleted."))
    }

    /// What may end a call of that caller early.
    fn stop(&self, caller: &Arc<Caller>) -> Stop {
        Stop::new(self.parts.plane.cut_off.subscribe(), &self.parts.plane.directory, caller)
    }
}

impl Call<'_> {
    /// It as it goes to the host: as it came, but for what is the caller's own, and with the connection's token.
    fn request(&self, grant: &Grant, body: &RequestBody, lease: Lease) -> Result<Request<Outgoing>, Error> {
        let rest = if self.path.rest.is_empty() { "/" } else { self.path.rest };
        let uri = grant.base.uri(rest, self.head.uri.query());
        let pieces = if body.bytes.is_empty() { Vec::new() } else { vec![body.bytes.clone()] };
        let mut request = Request::new(Outgoing::new(pieces, lease, Arc::clone(&body.room)));
        *request.method_mut() = self.head.method.clone();
        *request.uri_mut() = uri.map_err(|_| Error::bad_request("The path or query cannot be forwarded."))?;
        *request.headers_mut() = headers::over_connection(&self.head.headers);
        let text = Zeroizing::new(format!("Bearer {}", grant.token.expose_str()));
        let mut value = HeaderValue::from_str(&text).map_err(|_| told(NotGranted::Sealed))?;
        value.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, value);
        Ok(request)
    }
}

fn told(refused: NotGranted) -> Error {
    match refused {
        NotGranted::NotFound => no_connection(),
        NotGranted::OtherHost(hosts) => {
            let hosts = hosts.join(", ");
            let message = if hosts.is_empty() {
                "No host is configured that this connection's token may go to. Ask the operator.".to_owned()
            } else {
                format!("This connection's token does not go to that host. It goes to: {hosts}.")
            };
            Error::new(Code::Forbidden, message)
        }
        NotGranted::NeedsReauth => Error::new(
            Code::NeedsReauth,
            "The provider takes this connection's grant no more. Somebody has to connect it again.",
        ),
        NotGranted::NotRefreshed => Error::of_provider(
            Code::ProviderUnavailable,
            "The connection's token has expired, and its provider gives no new one at the moment. Try again shortly.",
        ),
        NotGranted::Sealed => Error::new(
            Code::KeySealed,
            "The connection's token cannot be opened. Ask the operator, or connect it again.",
        ),
        NotGranted::Away => Error::overloaded("The connection cannot be looked up at the moment. Try again shortly."),
    }
}

fn no_connection() -> Error {
    Error::new(
        Code::PathNotSupported,
        "There is no such connection. `GET /api/v1/workspaces/current/connections` lists them; a call is \
         `/connections/conn_…/HOST/PATH`.",
    )
}
