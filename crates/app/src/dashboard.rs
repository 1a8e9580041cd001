//! Serves the dashboard: one page with a strict content security policy, and its hashed assets. Without a build of it
//! the page says how to make one.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
    VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use ownkey_domain::provider::Provider;
use ownkey_gateway::Body;
use ownkey_vault::random_bytes;
use rust_embed::Embed;

#[derive(Embed)]
#[folder = "../../dashboard/dist"]
struct Built;

/// Its one page, as this installation shows it.
pub struct Page {
    /// What the product is called, as text between tags and in attributes.
    product: String,
}

/// The file it is made from.
const PAGE: &str = "index.html";
/// What stands in it for the nonce of an answer.
const NONCE: &str = "__CSP_NONCE__";
/// What stands in it for the product's name: people read that before they are signed in.
const PRODUCT: &str = "__PRODUCT_NAME__";
/// Where its assets are.
const ASSETS: &str = "/assets/";
/// What its routes begin with, beside `/` itself. The page finds out the rest.
const ROUTES: [&str; 8] = ["w", "login", "setup", "invite", "reset", "account", "operator", "settings"];

const NOT_BUILT: &str = "Ownkey is running. Its dashboard is not part of this build.\n\n\
    Build it with `make build`, or with `npm ci && npm run build` in the folder dashboard, then build Ownkey again.\n\
    Everything it does is also in the management API: /api/openapi.json\n";

/// What begins with these, or with a provider's name, is for programs, also where there is nothing.
const PROGRAMS: [&str; 6] = ["api", "v1", "mcp", "healthz", "readyz", "metrics"];

/// Whether a request is for the dashboard.
pub fn serves(method: &Method, path: &str) -> bool {
    let ours = path == "/" || path.starts_with(ASSETS) || ROUTES.contains(&first(path));
    ours && matches!(*method, Method::GET | Method::HEAD)
}

/// Whether somebody opens an address in a browser that nothing here has: the page says so, and helps to find what was
/// meant.
pub fn is_lost(method: &Method, path: &str, headers: &HeaderMap) -> bool {
    let html = |list: &HeaderValue| list.to_str().is_ok_and(|list| list.contains("text/html"));
    let first = first(path);
    let for_programs = PROGRAMS.contains(&first) || Provider::ALL.iter().any(|provider| provider.as_str() == first);
    *method == Method::GET && !for_programs && headers.get_all(ACCEPT).into_iter().any(html)
}

fn first(path: &str) -> &str {
    path.trim_start_matches('/').split('/').next().unwrap_or_default()
}

impl Page {
    /// The page of a product of that name.
    pub fn new(product: &str) -> Self {
        Self { product: product.chars().map(markup).collect() }
    }

    /// For an address that nothing here has.
    pub fn nothing_here(&self) -> Response<Body> {
        let mut page = self.page();
        *page.status_mut() = StatusCode::NOT_FOUND;
        page
    }

    /// The answer to a request that is for the dashboard.
    pub fn answer(&self, head: &Parts) -> Response<Body> {
        match head.uri.path() {
            path if path.starts_with(ASSETS) => asset(path.trim_start_matches('/'), &head.headers),
            _ => self.page(),
        }
    }

    fn page(&self) -> Response<Body> {
        let Some(built) = Built::get(PAGE) else {
            return response(StatusCode::OK, NOT_BUILT.as_bytes(), &[(CONTENT_TYPE, "text/plain; charset=utf-8")]);
        };
        let Ok(random) = random_bytes::<16>() else {
            return response(StatusCode::INTERNAL_SERVER_ERROR, b"", &[]);
        };
        let nonce = STANDARD.encode(random);
        let text = String::from_utf8_lossy(&built.data).replace(NONCE, &nonce).replace(PRODUCT, &self.product);
        let mut page = response(StatusCode::OK, text.as_bytes(), &[(CONTENT_TYPE, "text/html; charset=utf-8")]);
        let policy = HeaderValue::try_from(policy(&nonce)).unwrap_or(HeaderValue::from_static("default-src 'none'"));
        page.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
        page
    }
}

/// A character as markup writes it, so that a name is text whatever is in it.
fn markup(character: char) -> String {
    match character {
        '&' | '<' | '>' | '"' | '\'' => format!("&#{};", u32::from(character)),
        plain => plain.to_string(),
    }
}

/// Scripts are files of ours; styles too, and those that the page's library makes under the nonce. No markup is made
/// from a string: the page's own policy for trusted types refuses it.
fn policy(nonce: &str) -> String {
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; connect-src 'self'; \
         img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'; trusted-types default"
    )
}

/// Names of assets change with their content, so they are kept for ever.
fn asset(name: &str, headers: &HeaderMap) -> Response<Body> {
    if name.contains("..") {
        return response(StatusCode::NOT_FOUND, b"", &[]);
    }
    let stored = [("br", ".br"), ("gzip", ".gz")].into_iter().filter(|(coding, _)| accepts(headers, coding));
    let packed = stored.filter_map(|(coding, end)| Some((coding, Built::get(&format!("{name}{end}"))?))).next();
    let plain = || Built::get(name).map(|file| ("identity", file));
    let Some((coding, file)) = packed.or_else(plain) else {
        return response(StatusCode::NOT_FOUND, b"", &[]);
    };
    let mut asset =
        response(StatusCode::OK, &file.data, &[(CONTENT_TYPE, media_type(name)), (VARY, "accept-encoding")]);
    asset.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    if coding != "identity" {
        asset.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static(coding));
    }
    asset
}

fn accepts(headers: &HeaderMap, coding: &str) -> bool {
    let lists = headers.get_all(ACCEPT_ENCODING).into_iter().filter_map(|list| list.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|item| {
        let (name, weight) = item.split_once(';').unwrap_or((item, ""));
        let refused = weight.trim().strip_prefix("q=").is_some_and(|q| q.trim_matches(['0', '.']).is_empty());
        name.trim().eq_ignore_ascii_case(coding) && !refused
    })
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, end)| end) {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

/// An answer that no cache keeps unless told otherwise, and that browsers take for nothing but what it says.
fn response(status: StatusCode, body: &[u8], more: &[(HeaderName, &'static str)]) -> Response<Body> {
    let body = Full::new(Bytes::copy_from_slice(body)).map_err(|never| match never {}).boxed_unsync();
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let always = [
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=(), payment=()"),
    ];
    for (name, value) in always.iter().chain(more) {
        response.headers_mut().insert(name.clone(), HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests;
