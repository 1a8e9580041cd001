//! `/services/{name}/…`: which service, and what below it.

use crate::below;
use crate::error::Error;

const ROOT: &str = "/services/";

/// A path of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServicePath<'p> {
    /// The service's name.
    pub name: &'p str,
    /// What follows: empty, or a path that begins with a slash.
    pub rest: &'p str,
}

/// Reads a path; `None` if it names no service.
pub fn parse(path: &str) -> Option<ServicePath<'_>> {
    let behind = path.strip_prefix(ROOT)?;
    let (name, rest) = behind.split_at(behind.find('/').unwrap_or(behind.len()));
    (!name.is_empty()).then_some(ServicePath { name, rest })
}

impl ServicePath<'_> {
    /// Makes sure that what follows stays below the service's own path, whoever reads it, and that with the query it
    /// holds no platform key.
    pub fn check(&self, query: Option<&str>) -> Result<(), Error> {
        below::check(self.rest, query)
    }
}

#[cfg(test)]
mod tests {
    use ownkey_domain::platform_key;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_path_names_a_service_and_what_is_below_it() {
        let parsed = |path| parse(path).map(|path| (path.name, path.rest));
        assert_eq!(parsed("/services/tts"), Some(("tts", "")));
        assert_eq!(parsed("/services/tts/"), Some(("tts", "/")));
        assert_eq!(parsed("/services/tools/v1/run"), Some(("tools", "/v1/run")));
        for path in ["/services", "/services/", "/services//x", "/servicesx/y", "/v1/services/x"] {
            assert_eq!(parsed(path), None, "{path}");
        }
    }

    #[test]
    fn nothing_leads_out_of_a_service() {
        let check = |rest: &str| ServicePath { name: "x", rest }.check(None).is_ok();
        for fine in ["", "/", "/v1/run", "/v1/run/", "/a%20b", "/a.b", "/...", "/%C3%BC", "/a;b=c", "/.well-known"] {
            assert!(check(fine), "{fine}");
        }
        for bad in [
            "/..",
            "/../y",
            "/a/../b",
            "/.",
            "/./a",
            "/%2e%2e",
            "/%2E./a",
            "/%252e%252e",
            "/a%2fb",
            "/a%2Fb",
            "/a%5cb",
            "/a\\b",
            "//",
            "//evil",
            "/a//b",
            "/%00",
            "/a%0d%0a",
            "/..;/a",
            "/%252f",
            "/.%3b/a",
        ] {
            assert!(!check(bad), "{bad}");
        }
    }

    /// How far below the service's own path a path leads at its highest point, to a reader who decodes it that often.
    fn highest(rest: &str, decodings: usize) -> i32 {
        let read =
            (0..decodings).fold(rest.as_bytes().to_vec(), |read, _| percent_encoding::percent_decode(&read).collect());
        let (mut at, mut highest) = (0, 0);
        for segment in read.split(|b| matches!(b, b'/' | b'\\')) {
            at += match segment {
                b"" | b"." => 0,
                b".." => -1,
                _ => 1,
            };
            highest = highest.min(at);
        }
        highest
    }

    proptest! {
        #[test]
        fn what_passes_stays_below_for_every_reader(
            pieces in prop::collection::vec(prop::sample::select(vec![
                "/", "\\", ".", "..", "%2e", "%2E", "%2f", "%5C", "%25", "2e", "2f", "a", ";", "%3b", "%00", "//",
            ]), 0..12),
        ) {
            let rest = format!("/{}", pieces.concat());
            if (ServicePath { name: "x", rest: &rest }).check(None).is_ok() {
                for decodings in 0..=2 {
                    prop_assert_eq!(highest(&rest, decodings), 0, "{} read {} times", rest, decodings);
                }
            }
        }
    }

    #[test]
    fn platform_keys_are_found_where_they_do_not_belong() {
        let (_, key) = platform_key::generate(&[3; platform_key::ENTROPY_LEN]);
        let path = ServicePath { name: "x", rest: "/v1" };
        assert!(path.check(Some("q=1")).is_ok());
        assert!(path.check(Some(&format!("q={key}"))).is_err());
        assert!(ServicePath { name: "x", rest: &format!("/{key}") }.check(None).is_err());
    }
}
