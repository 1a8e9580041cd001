//! The API's own description, made from the handlers.

use std::sync::OnceLock;

use axum::response::IntoResponse;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, OpenApi, OpenApiBuilder};

use crate::cookie;
use crate::problem::Problem;
use crate::router::documented;

/// Describes this API (OpenAPI 3.1).
#[utoipa::path(
    get,
    path = "/api/openapi.json",
    operation_id = "openapi",
    tag = "operations",
    security(()),
    responses((status = 200, body = Object)),
)]
pub(crate) async fn openapi() -> Result<impl IntoResponse, Problem> {
    // The same for everyone and for the life of the process.
    static DOCUMENT: OnceLock<Bytes> = OnceLock::new();
    let document = match DOCUMENT.get() {
        Some(document) => document.clone(),
        None => {
            let json = documented().into_openapi().to_json().map_err(|_| Problem::internal())?;
            DOCUMENT.get_or_init(|| json.into()).clone()
        }
    };
    Ok(([(CONTENT_TYPE, "application/json")], document))
}

/// The description without its paths.
pub(crate) fn frame() -> OpenApi {
    let mut scheme = Http::new(HttpAuthScheme::Bearer);
    scheme.description = Some("A platform key (`ok_…`), also as `x-api-key`, or an operator token.".to_owned());
    let cookie = ApiKey::Cookie(ApiKeyValue::with_description(
        cookie::NAME,
        "A person who is signed in. From this server's own pages only, and never for models.",
    ));
    let info = InfoBuilder::new()
        .title("Ownkey management API")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some("Workspaces, provider keys, platform keys, who pays, receipts and usage."));
    OpenApiBuilder::new()
        .info(info)
        .components(Some(
            ComponentsBuilder::new()
                .security_scheme("bearer", SecurityScheme::Http(scheme))
                .security_scheme("session", SecurityScheme::ApiKey(cookie))
                .build(),
        ))
        .security(Some(["bearer", "session"].map(|scheme| SecurityRequirement::new(scheme, Vec::<String>::new()))))
        .build()
}
