//! One origin, two planes: calls to models go to the gateway, pages to the dashboard, all else to the management API.

use std::future::Future;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use arc_swap::ArcSwap;
use axum::response::IntoResponse;
use futures_util::FutureExt;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use ipnet::IpNet;
use ownkey_control::{ClientAddress, Problem};
use ownkey_domain::provider::Protocol;
use ownkey_gateway::connections::Connections;
use ownkey_gateway::cors::Cors;
use ownkey_gateway::edge::{self, Answer, Arriving};
use ownkey_gateway::error::{Code, Error};
use ownkey_gateway::services::Services;
use ownkey_gateway::{Body, Gateway};
use ownkey_providers::paths::{Lookup, look_up, spoken};
use tower::ServiceExt;

use crate::client;
use crate::dashboard;

/// The public listener's answers.
pub struct Server {
    /// The data plane.
    pub gateway: Gateway,
    /// What the product does besides calls of models.
    pub services: Services,
    /// Calls over the accounts that workspaces have connected.
    pub connections: Connections,
    /// The control plane.
    pub control: axum::Router,
    /// Its pages.
    pub dashboard: dashboard::Page,
    /// Web pages that may call models; none may call the control plane.
    pub cors: Cors,
    /// Proxies that are believed when they say whom they speak for.
    pub proxies: Vec<IpNet>,
}

impl Answer for Server {
    // What is not a call of a model is boxed, so that those need no room for it.
    async fn answer(self: Arc<Self>, request: Box<Request<Arriving>>, peer: Option<IpAddr>) -> Response<Body> {
        if Gateway::serves(request.uri().path(), request.headers()) {
            self.cors.around(request, |request| self.model_call(request)).await
        } else if Services::serves(request.uri().path()) {
            Box::pin(contained(self.services.handle(request), || Services::broken(broken()))).await
        } else if Connections::serves(request.uri().path()) {
            Box::pin(contained(self.connections.handle(request), || Connections::broken(broken()))).await
        } else if dashboard::serves(request.method(), request.uri().path()) {
            self.dashboard.answer(&request.into_parts().0)
        } else if dashboard::is_lost(request.method(), request.uri().path(), request.headers()) {
            self.dashboard.nothing_here()
        } else {
            Box::pin(contained(self.control(request, peer), || told(Problem::internal()))).await
        }
    }

    fn cut_off(&self) {
        self.gateway.cut_off();
    }

    async fn rest_is_over(&self) {
        self.gateway.rest_is_over().await;
    }
}

impl Server {
    async fn control(&self, mut request: Box<Request<Arriving>>, peer: Option<IpAddr>) -> Response<Body> {
        if let Some(peer) = peer {
            let client = ClientAddress(client::address(peer, request.headers(), &self.proxies));
            request.extensions_mut().insert(client);
        }
        control(self.control.clone(), request).await
    }

    async fn model_call(&self, request: Box<Request<Arriving>>) -> Response<Body> {
        // For the words of a bug only: nothing is looked up before.
        let (method, uri, spoken) = (request.method().clone(), request.uri().clone(), spoken(request.headers()));
        contained(self.gateway.handle(request), || broken().respond(protocol(&method, uri.path(), spoken), None)).await
    }
}

/// The server as the configuration last read makes it. Calls that are under way end on the one they began on, with
/// the keys it has.
pub struct Current(ArcSwap<Server>);

impl Current {
    /// Starts with that one.
    pub fn new(server: Server) -> Self {
        Self(ArcSwap::from_pointee(server))
    }

    /// Requests from now on are that one's.
    pub fn replace(&self, server: Server) {
        self.0.store(Arc::new(server));
    }
}

impl Answer for Current {
    fn answer(
        self: Arc<Self>,
        request: Box<Request<Arriving>>,
        peer: Option<IpAddr>,
    ) -> impl Future<Output = Response<Body>> + Send {
        self.0.load_full().answer(request, peer)
    }

    fn cut_off(&self) {
        // Its gateway shares the word with those that were replaced.
        self.0.load().cut_off();
    }

    async fn rest_is_over(&self) {
        self.0.load_full().rest_is_over().await;
    }
}

/// A bug in one call costs that call only. The panic hook has logged where. An `async fn` would have room for what it
/// contains twice.
fn contained(
    answering: impl Future<Output = Response<Body>>,
    otherwise: impl FnOnce() -> Response<Body>,
) -> impl Future<Output = Response<Body>> {
    AssertUnwindSafe(answering).catch_unwind().map(|answer| answer.unwrap_or_else(|_| otherwise()))
}

/// The protocol in which a call of the data plane is told that it failed; `spoken` if its path leaves it open.
fn protocol(method: &Method, path: &str, spoken: Protocol) -> Protocol {
    let by_path = match look_up(method, path) {
        Lookup::Found(found) => found.protocol,
        Lookup::OtherMethod { protocol, .. } | Lookup::Unknown(protocol) => protocol,
        Lookup::NotYet(protocol) | Lookup::WrongBase(protocol) | Lookup::SlashBehind(protocol) => Some(protocol),
    };
    by_path.unwrap_or(spoken)
}

fn broken() -> Error {
    let message = "Something went wrong on our side. The server's log has the place.";
    Error::new(Code::Overloaded, message).with_status(StatusCode::INTERNAL_SERVER_ERROR)
}

async fn control(router: axum::Router, request: Box<Request<Arriving>>) -> Response<Body> {
    let (head, body) = request.into_parts();
    if let Some(what) = edge::ambiguity(&head) {
        return told(Problem::bad_request(format!("The request is ambiguous: {what}.")));
    }
    let Ok(response) = router.oneshot(Request::from_parts(head, axum::body::Body::new(body))).await;
    boxed(response)
}

fn told(problem: Problem) -> Response<Body> {
    boxed(problem.into_response())
}

fn boxed(response: axum::response::Response) -> Response<Body> {
    response.map(|body| body.map_err(Into::into).boxed_unsync())
}

/// The admin listener's answers: metrics and health, without auth, for whoever can reach that address.
pub struct Admin {
    /// Renders the metrics.
    pub metrics: ownkey_control::Metrics,
}

impl Answer for Admin {
    async fn answer(self: Arc<Self>, request: Box<Request<Arriving>>, _: Option<IpAddr>) -> Response<Body> {
        match request.uri().path() {
            "/metrics" => plain(StatusCode::OK, &(self.metrics)()),
            "/healthz" => plain(StatusCode::OK, "ok\n"),
            _ => plain(StatusCode::NOT_FOUND, "only /metrics and /healthz are here\n"),
        }
    }
}

fn plain(status: StatusCode, text: &str) -> Response<Body> {
    let full = http_body_util::Full::new(bytes::Bytes::copy_from_slice(text.as_bytes()));
    let mut response = Response::new(full.map_err(|never| match never {}).boxed_unsync());
    *response.status_mut() = status;
    let text = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, text);
    response
}

#[cfg(test)]
mod tests;
