//! What a path means here: which call, which protocol, or which error. Known before anything is read, so that every
//! refusal comes in the shape that the caller's SDK understands.

use http::header::{ALLOW, HOST, HeaderMap, HeaderValue};
use http::{Method, StatusCode};
use ownkey_domain::provider::Protocol;
use ownkey_providers::paths::{Lookup, Route, look_up, sdk_base, spoken};

use crate::error::{Code, Error};

/// A path that is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The call.
    pub route: Route,
    /// The protocol spoken.
    pub protocol: Protocol,
    /// The model that the path names.
    pub model: Option<String>,
}

impl Target {
    /// Where models of that protocol are usually called.
    pub const fn usual(protocol: Protocol) -> Self {
        Self { route: Route::usual(protocol), protocol, model: None }
    }
}

/// Longer than host names are.
const HOST_SHOWN_MAX: usize = 260;

/// Finds the call that a method and a path name; if there is none, the error and the protocol to tell it in.
pub fn find(method: &Method, path: &str, headers: &HeaderMap) -> Result<Target, (Error, Protocol)> {
    let spoken = spoken(headers);
    match look_up(method, path) {
        Lookup::Found(found) => {
            Ok(Target { route: found.route, protocol: found.protocol.unwrap_or(spoken), model: found.model })
        }
        Lookup::NotYet(protocol) => Err((not_yet(), protocol)),
        Lookup::OtherMethod { allow, protocol } => {
            let error = Error::new(Code::PathNotSupported, format!("This path takes {allow} only."))
                .with_status(StatusCode::METHOD_NOT_ALLOWED)
                .with_header(ALLOW, HeaderValue::from_static(allow));
            Err((error, protocol.unwrap_or(spoken)))
        }
        Lookup::WrongBase(protocol) => {
            let (sdk, end) = sdk_base(protocol);
            let message = format!("The base URL is wrong. For {sdk} SDKs it is {}{end}.", address(headers));
            Err((Error::new(Code::PathNotSupported, message), protocol))
        }
        Lookup::Unknown(protocol) => {
            let message =
                "There is no such path here. Chat completions are at /v1/chat/completions, messages at /v1/messages.";
            Err((Error::new(Code::PathNotSupported, message), protocol.unwrap_or(spoken)))
        }
    }
}

/// The address the caller used, as far as the request tells it.
fn address(headers: &HeaderMap) -> String {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    let host = host.filter(|host| host.len() <= HOST_SHOWN_MAX && host.chars().all(plain)).unwrap_or("this-host");
    let is_local = ["127.", "localhost", "[::1]"].iter().any(|local| host.starts_with(local));
    format!("{}://{host}", if is_local { "http" } else { "https" })
}

fn not_yet() -> Error {
    Error::new(Code::NotAvailableYet, "This path is planned and not built yet.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_misses_are_helped_in_the_right_protocol() {
        for (path, code, hint, protocol) in [
            ("/v1/v1/messages", Code::PathNotSupported, "https://this-host.", Protocol::Anthropic),
            ("/chat/completions", Code::PathNotSupported, "https://this-host/v1.", Protocol::OpenAi),
            ("/v1/embeddings", Code::NotAvailableYet, "not built", Protocol::OpenAi),
            ("/openai/v1/messages", Code::PathNotSupported, "no such path", Protocol::OpenAi),
            ("/v1/files", Code::PathNotSupported, "no such path", Protocol::OpenAi),
        ] {
            let (error, told_in) = find(&Method::POST, path, &HeaderMap::new()).unwrap_err();
            assert!(error.code == code && error.message.contains(hint) && told_in == protocol, "{path}: {error}");
        }
    }
}
