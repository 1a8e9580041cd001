//! `/connections/{id}/{host}/…`: which connection, which host, and what is called there.

use crate::below;
use crate::error::Error;

const ROOT: &str = "/connections/";

/// A path of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionPath<'p> {
    /// The connection's id, if it is one.
    pub connection: &'p str,
    /// The host, with its port if that is not the usual one. Empty if none is named.
    pub host: &'p str,
    /// What follows: empty, or a path that begins with a slash.
    pub rest: &'p str,
}

/// Reads a path; `None` if it names no connection.
pub fn parse(path: &str) -> Option<ConnectionPath<'_>> {
    let (connection, behind) = split(path.strip_prefix(ROOT)?);
    let (host, rest) = split(behind.strip_prefix('/').unwrap_or_default());
    (!connection.is_empty()).then_some(ConnectionPath { connection, host, rest })
}

fn split(path: &str) -> (&str, &str) {
    path.split_at(path.find('/').unwrap_or(path.len()))
}

impl ConnectionPath<'_> {
    /// Makes sure that what follows means the same to every reader, and that it holds no platform key.
    pub fn check(&self, query: Option<&str>) -> Result<(), Error> {
        below::check(self.rest, query)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_a_connection_a_host_and_what_is_there() {
        let parsed = |path| parse(path).map(|path| (path.connection, path.host, path.rest));
        assert_eq!(parsed("/connections/conn_1"), Some(("conn_1", "", "")));
        assert_eq!(parsed("/connections/conn_1/"), Some(("conn_1", "", "")));
        assert_eq!(parsed("/connections/conn_1/slack.com"), Some(("conn_1", "slack.com", "")));
        assert_eq!(parsed("/connections/c/127.0.0.1:9/a/b"), Some(("c", "127.0.0.1:9", "/a/b")));
        for path in ["/connections", "/connections/", "/connections//x", "/connectionsx/y", "/v1/connections/x"] {
            assert_eq!(parsed(path), None, "{path}");
        }
    }

    #[test]
    fn nothing_in_it_is_read_in_two_ways() {
        let check = |path| parse(path).unwrap().check(None).is_ok();
        assert!(check("/connections/c/h/a/b%20c/"));
        assert!(
            !check("/connections/c/h/../x") && !check("/connections/c/h/%2e%2e/x") && !check("/connections/c/h//x")
        );
    }
}
