//! What the protocol's requests come to.

use http::request::Parts;
use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResponse, CallToolResult, CustomRequest, CustomResult, ErrorCode,
    ErrorData, Implementation, ListResourcesResult, ListToolsResult, PaginatedRequestParams, ReadResourceRequestParams,
    ReadResourceResponse, ReadResourceResult, ResourceContents, ServerCapabilities, ServerConfig,
};
use rmcp::service::RequestContext;
use rmcp::{RoleServer, ServerHandler};
use serde_json::Value;

use crate::api::{Api, Asked, Refusal};
use crate::resource::{MEDIA_TYPE, RESOURCES};
use crate::tool::TOOLS;

const INSTRUCTIONS: &str = "Ownkey decides for each call of a model who pays: the workspace's own provider key or managed \
    access. These tools show its provider keys and their health, models and why one can't be called, usage, credits, \
    budgets and receipts. Errors have a `code`; `explain_error` says what to do about it.";

/// How long lists may be kept: they change with the server's version only.
const LISTS_KEPT_MS: u64 = 3_600_000;

/// The server behind the protocol. It remembers nothing of a client.
#[derive(Clone)]
pub(crate) struct Handler {
    api: Api,
}

impl Handler {
    pub(crate) fn new(api: Api) -> Self {
        Self { api }
    }

    async fn ask(&self, context: &RequestContext<RoleServer>, asked: Asked) -> Result<Value, Refusal> {
        // The transport puts it there. Without it nobody calls, and the API says so.
        let nobody = http::Request::new(()).into_parts().0;
        self.api.ask(context.extensions.get::<Parts>().unwrap_or(&nobody), asked).await
    }
}

impl ServerHandler for Handler {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder().enable_tools().enable_resources().build();
        ServerConfig::new(capabilities)
            .with_server_info(Implementation::new("ownkey", env!("CARGO_PKG_VERSION")).with_title("Ownkey"))
            .with_instructions(INSTRUCTIONS)
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let tools = TOOLS.iter().map(|tool| tool.shown()).collect();
        Ok(ListToolsResult::with_all_items(tools).with_ttl_ms(LISTS_KEPT_MS).with_cache_scope(CacheScope::Private))
    }

    async fn call_tool(
        &self,
        call: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let tool = TOOLS.iter().find(|tool| tool.name == call.name);
        let tool = tool.ok_or_else(|| ErrorData::invalid_params("There is no such tool; tools/list has all.", None))?;
        let outcome = match tool.request(call.arguments.unwrap_or_default()) {
            Ok(asked) => self.ask(&context, asked).await,
            Err(refusal) => Err(refusal),
        };
        let result = match outcome {
            Ok(value) => CallToolResult::structured(tool.told(value)),
            Err(Refusal(problem)) => CallToolResult::structured_error(problem),
        };
        Ok(result.into())
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let resources = RESOURCES.iter().map(|resource| resource.shown()).collect();
        let result = ListResourcesResult::with_all_items(resources);
        Ok(result.with_ttl_ms(LISTS_KEPT_MS).with_cache_scope(CacheScope::Private))
    }

    async fn on_custom_request(
        &self,
        _: CustomRequest,
        _: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        // Without its name: people paste keys into wrong places.
        Err(ErrorData::new(ErrorCode::METHOD_NOT_FOUND, "There is no such method here.", None))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let resource = RESOURCES.iter().find(|resource| resource.uri == request.uri);
        let gone = || ErrorData::resource_not_found("There is no such resource; resources/list has all.", None);
        let resource = resource.ok_or_else(gone)?;
        let told = self.ask(&context, resource.request()).await.map_err(refused)?;
        let contents = ResourceContents::text(told.to_string(), resource.uri).with_mime_type(MEDIA_TYPE);
        // It may differ at the next moment, and from caller to caller.
        Ok(ReadResourceResult::new(vec![contents]).with_ttl_ms(0).with_cache_scope(CacheScope::Private).into())
    }
}

/// Reading has no errors of its own in the protocol, as tools have: the problem goes along as the error's data.
fn refused(refusal: Refusal) -> ErrorData {
    ErrorData::new(ErrorCode::INTERNAL_ERROR, refusal.detail().to_owned(), Some(refusal.0))
}
