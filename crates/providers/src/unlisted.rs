//! Calls at paths that no table lists. They go out as they came, and nothing of them is read: what such a call costs
//! only the provider knows.

use http::Method;

use crate::answer::Served;
use crate::json::Wanted;
use crate::route::{Body, Charge, Reading, Route, Verb};
use crate::stream::{Dialect, Reader, Seen};

const ANY: Route = Route {
    verb: Verb::Get,
    template: "/v1/{path}",
    charge: Charge::Unknown,
    has_output: true,
    modes: &[],
    names_events: false,
    body: Body::Ignored,
    answer: Reading { wanted: Wanted { within: None, members: &[], kinds_of: &[] }, served: |_| Served::unknown() },
    shows: None,
    makes: None,
    dialect: |_| reader(),
    resumes: None,
    managed: None,
};

const ROUTES: &[Route] = &[ANY, Route { verb: Verb::Post, ..ANY }, Route { verb: Verb::Delete, ..ANY }];

/// The call at such a path, if it is one that can go on: of the form `/v1/…`, and written in the one way that has one
/// reading only, here and at the provider.
pub fn at(method: &Method, path: &str) -> Option<&'static Route> {
    let below = path.strip_prefix("/v1/")?;
    // Two of them are a wrong base URL.
    let is_one = below.split('/').all(is_plain) && !below.starts_with("v1/");
    is_one.then_some(())?;
    ROUTES.iter().find(|route| route.verb.method() == *method)
}

fn is_plain(segment: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b':' | b'@');
    segment.bytes().all(allowed) && !segment.bytes().all(|byte| byte == b'.')
}

/// Whose streams nobody here understands: they are whole where they end.
struct Unread;

fn reader() -> Dialect {
    Box::new(Unread)
}

impl Reader for Unread {
    fn data(&mut self, _name: &[u8], _data: &[u8]) -> Seen {
        Seen::Nothing
    }

    fn may_end(&self, _is_amid: bool) -> bool {
        true
    }

    fn served(&self) -> Served {
        Served::unknown()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_with_one_reading_go_on() {
        for path in ["/v1/files", "/v1/files/file-1/content", "/v1/threads/thread_1/runs", "/v1/x/a:b@c~d"] {
            let found = at(&Method::GET, path).unwrap();
            assert!((found.verb, found.template) == (Verb::Get, "/v1/{path}") && !found.can_be_managed(), "{path}");
        }
        assert_eq!(at(&Method::DELETE, "/v1/files/file-1").unwrap().verb, Verb::Delete);
    }

    #[test]
    fn others_do_not() {
        for path in [
            "/v1",
            "/v1/",
            "/v1//files",
            "/v1/v1/files",
            "/v1/files/",
            "/v1/../x",
            "/v1/a/%2e%2e/x",
            "/v1/a%2Fb",
            "/v2/x",
            "/v1/a\\b",
        ] {
            assert!(at(&Method::GET, path).is_none(), "{path}");
        }
        assert!(at(&Method::PUT, "/v1/files").is_none() && at(&Method::CONNECT, "/v1/files").is_none());
    }
}
