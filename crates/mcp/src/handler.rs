//! What the protocol's requests come to.

use http::request::Parts;
use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, CustomRequest, CustomResult,
    ErrorCode, ErrorData, Implementation, ListResourceTemplatesResult, ListResourcesResult, ListToolsResult,
    PaginatedRequestParams, ReadResourceRequestParams, ReadResourceResponse, ReadResourceResult, ResourceContents,
    ServerCapabilities, ServerConfig,
};
use rmcp::service::RequestContext;
use rmcp::{RoleServer, ServerHandler};
use serde_json::Value;

use crate::api::{Api, Asked, Refusal};
use crate::resource::{MEDIA_TYPE, RESOURCES, Reading, TEMPLATES};
use crate::tool::TOOLS;

const INSTRUCTIONS: &str = "Ownkey decides for each call of a model who pays: the workspace's own provider key or managed \
    access. These tools show its provider keys and their health, models and why one can't be called, usage, credits, \
    budgets and receipts. Errors have a `code`; `explain_error` says what to do about it.";

/// How long lists may be kept: they change with the server's version only.
const LISTS_KEPT_MS: u64 = 3_600_000;

/// What is served. Where its parameters can't be read, the transport takes a request for one of nobody's.
const METHODS: [&str; 5] = ["tools/list", "tools/call", "resources/list", "resources/templates/list", "resources/read"];

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
        let outcome = match tool.call(call.arguments.unwrap_or_default()) {
            Ok(call) => self.ask(&context, call.asked).await.map(|answer| tool.told(call.page, answer)),
            Err(refusal) => Err(refusal),
        };
        // As text alone, which clients of every version read. Structured beside it, it would fill a context twice.
        let told = |value: Value| vec![ContentBlock::text(value.to_string())];
        let result = match outcome {
            Ok(value) => CallToolResult::success(told(value)),
            Err(Refusal(problem)) => CallToolResult::error(told(problem)),
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

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let templates = TEMPLATES.iter().map(|template| template.shown()).collect();
        let result = ListResourceTemplatesResult::with_all_items(templates);
        Ok(result.with_ttl_ms(LISTS_KEPT_MS).with_cache_scope(CacheScope::Private))
    }

    async fn on_custom_request(
        &self,
        request: CustomRequest,
        _: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        if METHODS.contains(&request.method.as_str()) {
            return Err(ErrorData::invalid_params("The parameters are not those that this method takes.", None));
        }
        // Without its name: people paste keys into wrong places.
        Err(ErrorData::new(ErrorCode::METHOD_NOT_FOUND, "There is no such method here.", None))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let gone = || ErrorData::resource_not_found("There is no such resource; resources/list has all.", None);
        let reading = Reading::of(&request.uri).ok_or_else(gone)?;
        let answer = self.ask(&context, reading.request()).await.map_err(refused)?;
        let told = reading.told(answer).ok_or_else(gone)?;
        let contents = ResourceContents::text(told.to_string(), request.uri).with_mime_type(MEDIA_TYPE);
        // It may differ at the next moment, and from caller to caller.
        Ok(ReadResourceResult::new(vec![contents]).with_ttl_ms(0).with_cache_scope(CacheScope::Private).into())
    }
}

/// Reading has no errors of its own in the protocol, as tools have: the problem goes along as the error's data.
fn refused(refusal: Refusal) -> ErrorData {
    ErrorData::new(ErrorCode::INTERNAL_ERROR, refusal.detail().to_owned(), Some(refusal.0))
}
