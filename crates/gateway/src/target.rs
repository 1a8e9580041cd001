//! What a path means here: which call, which protocol, or which error. Known before anything is read, so that every
//! refusal comes in the shape that the caller's SDK understands.

use http::StatusCode;
use http::header::{ALLOW, HOST, HeaderValue};
use http::request::Parts;
use http::uri::Authority;
use ownkey_domain::provider::{Protocol, Provider};
use ownkey_providers::paths::{Lookup, What, look_up, sdk_base, spoken, usual, without_alias};
use ownkey_providers::unlisted;

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

/// What becomes of calls at paths that are not listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unlisted {
    /// They are refused.
    #[default]
    Refuse,
    /// They go to the provider on the workspace's own key, and nothing of them is metered.
    OwnKey,
}

/// Finds the call that a head names; if there is none, the error and the protocol to tell it in. `over_tls` says how
/// callers of this machine reach the listener.
pub fn find(head: &Parts, unlisted: Unlisted, over_tls: bool) -> Result<Target, (Error, Protocol)> {
    let spoken = spoken(&head.headers);
    match look_up(&head.method, head.uri.path()) {
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
            let (sdk, end) = sdk_base(protocol);
            let message = format!("The base URL is wrong. For {sdk} SDKs it is {}{end}.", address(head, over_tls));
            Err((Error::new(Code::PathNotSupported, message), protocol))
        }
        Lookup::SlashBehind(protocol) => {
            let message = "This path must not end in a slash. Call it without.";
            Err((Error::new(Code::PathNotSupported, message), protocol))
        }
        Lookup::Unknown(protocol) => {
            let protocol = protocol.unwrap_or(spoken);
            if let Some(target) = (unlisted == Unlisted::OwnKey).then(|| passed_on(head, protocol)).flatten() {
                return Ok(target);
            }
            let places = Provider::ALL.map(|provider| usual(provider.protocol())).join(" and ");
            let message = format!("There is no such path here. Models are called at {places}.");
            Err((Error::new(Code::PathNotSupported, message), protocol))
        }
    }
}

/// The call at a path that is not listed, as it goes to the provider of that protocol.
fn passed_on(head: &Parts, protocol: Protocol) -> Option<Target> {
    let (_, path) = without_alias(head.uri.path());
    let route = unlisted::at(&head.method, path)?;
    Some(Target { what: What::Call(route), protocol, path: path.to_owned() })
}

/// The address the caller used, as far as the request tells it. HTTP/2 tells the host in the URI.
fn address(head: &Parts, over_tls: bool) -> String {
    let header = || head.headers.get(HOST).and_then(|host| host.to_str().ok());
    let host = head.uri.authority().map(Authority::as_str).or_else(header);
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    let host = host.filter(|host| host.len() <= HOST_SHOWN_MAX && host.chars().all(plain)).unwrap_or("this-host");
    let is_local = ["127.", "localhost", "[::1]"].iter().any(|local| host.starts_with(local));
    format!("{}://{host}", if is_local && !over_tls { "http" } else { "https" })
}

fn not_yet() -> Error {
    Error::new(Code::NotAvailableYet, "This path is planned and not built yet.")
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn head(uri: &str, host: Option<&str>) -> Parts {
        let request = Request::post(uri);
        let request = host.into_iter().fold(request, |request, host| request.header(HOST, host));
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn near_misses_are_helped_in_the_right_protocol() {
        for (path, code, hint, protocol) in [
            ("/v1/v1/messages", Code::PathNotSupported, "https://this-host.", Protocol::Anthropic),
            ("/chat/completions", Code::PathNotSupported, "https://this-host/v1.", Protocol::OpenAi),
            ("/v1/messages/v1/messages", Code::PathNotSupported, "https://this-host.", Protocol::Anthropic),
            ("/V1/messages", Code::PathNotSupported, "https://this-host.", Protocol::Anthropic),
            ("/v1/messages/", Code::PathNotSupported, "without", Protocol::Anthropic),
            ("/openai/deployments/a/embeddings", Code::PathNotSupported, "https://this-host/v1.", Protocol::OpenAi),
            ("/v1/realtime", Code::NotAvailableYet, "not built", Protocol::OpenAi),
            ("/openai/v1/messages", Code::PathNotSupported, "no such path", Protocol::OpenAi),
            ("/v1/files", Code::PathNotSupported, "no such path", Protocol::OpenAi),
        ] {
            let (error, told_in) = find(&head(path, None), Unlisted::Refuse, false).unwrap_err();
            assert!(error.code == code && error.message.contains(hint) && told_in == protocol, "{path}: {error}");
        }
    }

    #[test]
    fn what_is_not_listed_goes_on_if_the_operator_lets_it() {
        let let_go = |path: &str| find(&head(path, None), Unlisted::OwnKey, false);
        for (path, below, protocol) in [
            ("/v1/files", "/v1/files", Protocol::OpenAi),
            ("/openai/v1/files/f/content", "/v1/files/f/content", Protocol::OpenAi),
            ("/anthropic/v1/messages/batches", "/v1/messages/batches", Protocol::Anthropic),
        ] {
            let target = let_go(path).unwrap();
            assert_eq!((target.path.as_str(), target.protocol), (below, protocol), "{path}");
        }
        // What is a mistake, or planned, stays one.
        for path in ["/v1/v1/messages", "/chat/completions", "/v1/messages/", "/v1/realtime", "/v1/a/../b", "/v1/a%2Fb"]
        {
            assert!(let_go(path).is_err(), "{path}");
        }
    }

    #[test]
    fn the_right_base_url_is_the_one_the_caller_can_reach() {
        for (uri, host, over_tls, base) in [
            ("/chat/completions", Some("localhost:1"), false, "http://localhost:1/v1"),
            ("/chat/completions", Some("localhost:1"), true, "https://localhost:1/v1"),
            ("/chat/completions", Some("example.com"), false, "https://example.com/v1"),
            ("https://localhost:1/chat/completions", None, true, "https://localhost:1/v1"),
        ] {
            let (error, _) = find(&head(uri, host), Unlisted::Refuse, over_tls).unwrap_err();
            assert!(error.message.contains(&format!(" {base}.")), "{uri}: {error}");
        }
    }
}
