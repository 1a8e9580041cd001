//! What a path means here: which call, which protocol, or which error. Known before anything is read, so that every
//! refusal comes in the shape that the caller's SDK understands.

use http::header::{ALLOW, HOST, HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use ownkey_domain::provider::Protocol;
use ownkey_providers::paths::{Lookup, What, lacks_v1, look_up, usual};

use crate::error::{Code, Error};

/// A path that is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// What is asked for.
    pub what: What,
    /// The protocol spoken.
    pub protocol: Protocol,
    /// The path without an alias before it.
    pub path: String,
}

/// Longer than host names are.
const HOST_SHOWN_MAX: usize = 260;

/// Path roots of the data plane.
const ROOTS: [&str; 3] = ["/v1", "/openai", "/anthropic"];

/// Whether the data plane answers this path. Those of calls without their `/v1` it answers to tell people what is wrong.
pub fn is_data_plane(path: &str) -> bool {
    let below = |root: &&str| path.strip_prefix(*root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    ROOTS.iter().any(below) || lacks_v1(path)
}

/// Finds the call that a method and a path name; if there is none, the error and the protocol to tell it in.
pub fn find(method: &Method, path: &str, headers: &HeaderMap) -> Result<Target, (Error, Protocol)> {
    let spoken = if headers.contains_key(HeaderName::from_static("anthropic-version")) {
        Protocol::Anthropic
    } else {
        Protocol::OpenAi
    };
    match look_up(method, path) {
        Lookup::Found(found) => {
            Ok(Target { what: found.what, protocol: found.protocol.unwrap_or(spoken), path: found.path.to_owned() })
        }
        Lookup::NotYet(protocol) => Err((not_yet(), protocol)),
        Lookup::OtherMethod { allow, protocol } => {
            let error = Error::new(Code::PathNotSupported, format!("This path takes {allow} only."))
                .with_status(StatusCode::METHOD_NOT_ALLOWED);
            let allow = HeaderValue::try_from(allow).into_iter();
            let error = allow.fold(error, |error, allow| error.with_header(ALLOW, allow));
            Err((error, protocol.unwrap_or(spoken)))
        }
        Lookup::WrongBase(protocol) => {
            let (sdk, end) = match protocol {
                Protocol::OpenAi => ("OpenAI", "/v1"),
                Protocol::Anthropic => ("Anthropic", ""),
            };
            let message = format!("The base URL is wrong. For {sdk} SDKs it is {}{end}.", address(headers));
            Err((Error::new(Code::PathNotSupported, message), protocol))
        }
        Lookup::Unknown(protocol) => {
            let (chat, messages) = (usual(Protocol::OpenAi), usual(Protocol::Anthropic));
            let message =
                format!("There is no such path here. Chat completions are at {chat}, messages at {messages}.");
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
            ("/v1/realtime", Code::NotAvailableYet, "not built", Protocol::OpenAi),
            ("/openai/v1/messages", Code::PathNotSupported, "no such path", Protocol::OpenAi),
            ("/v1/files", Code::PathNotSupported, "no such path", Protocol::OpenAi),
        ] {
            let (error, told_in) = find(&Method::POST, path, &HeaderMap::new()).unwrap_err();
            assert!(error.code == code && error.message.contains(hint) && told_in == protocol, "{path}: {error}");
        }
    }

    #[test]
    fn the_data_planes_paths_are_told_apart() {
        for path in ["/v1", "/v1/x", "/anthropic/v1/messages", "/messages", "/embeddings", "/messages/count_tokens"] {
            assert!(is_data_plane(path), "{path}");
        }
        for path in ["/", "/api/v1/plans", "/v10", "/healthz", "/models"] {
            assert!(!is_data_plane(path), "{path}");
        }
    }
}
