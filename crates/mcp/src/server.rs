//! The protocol's transport: one message in, one answer out.

use std::sync::Arc;

use axum::Router;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};

use crate::api::Api;
use crate::handler::Handler;

/// The MCP server of a management API.
#[derive(Clone)]
pub struct Server(StreamableHttpService<Handler, NeverSessionManager>);

impl Server {
    /// Asks that API. Whoever calls the server has been let in before, and comes from a place that may.
    pub fn new(api: Router) -> Self {
        let handler = Handler::new(Api::new(api));
        let config = StreamableHttpServerConfig::default()
            .with_legacy_session_mode(false)
            .with_json_response(true)
            .disable_allowed_hosts();
        Self(StreamableHttpService::new(move || Ok(handler.clone()), Arc::default(), config))
    }

    /// Answers a message.
    pub async fn answer(&self, request: Request<Full<Bytes>>) -> Response {
        self.0.handle(request).await.into_response()
    }
}
