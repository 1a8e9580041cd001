//! One origin, two planes: calls to models go to the gateway, all else to the management API.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use arc_swap::ArcSwap;
use futures_util::FutureExt;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use ownkey_gateway::edge::Answer;
use ownkey_gateway::{Body, Gateway};
use tower::ServiceExt;

/// The public listener's answers.
pub struct Server {
    /// The data plane.
    pub gateway: Gateway,
    /// The control plane.
    pub control: axum::Router,
}

impl Answer for Server {
    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Response<Body> {
        let answering = async {
            if Gateway::serves(request.uri().path()) {
                self.gateway.handle(request).await
            } else {
                control(self.control.clone(), request).await
            }
        };
        // A bug in one call costs that call only. The panic hook has logged where.
        AssertUnwindSafe(answering)
            .catch_unwind()
            .await
            .unwrap_or_else(|_| plain(StatusCode::INTERNAL_SERVER_ERROR, ""))
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
    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Response<Body> {
        self.0.load_full().answer(request).await
    }
}

async fn control(router: axum::Router, request: Request<Incoming>) -> Response<Body> {
    let Ok(response) = router.oneshot(request.map(axum::body::Body::new)).await;
    response.map(|body| body.map_err(Into::into).boxed_unsync())
}

/// The admin listener's answers: metrics and health, without auth, for whoever can reach that address.
pub struct Admin {
    /// Renders the metrics.
    pub metrics: ownkey_control::Metrics,
}

impl Answer for Admin {
    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Response<Body> {
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
