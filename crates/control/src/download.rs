//! Answers that are files to keep, and what their forms have in common.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};

/// A file to keep.
pub(crate) struct Download {
    /// Its media type.
    pub(crate) kind: &'static str,
    /// What it is called.
    pub(crate) name: String,
}

impl Download {
    /// Lines of CSV.
    pub(crate) fn csv(name: &str) -> Self {
        Self { kind: "text/csv; charset=utf-8", name: format!("{name}.csv") }
    }

    /// Lines of JSON.
    pub(crate) fn json_lines(name: &str) -> Self {
        Self { kind: "application/jsonl", name: format!("{name}.jsonl") }
    }

    /// The answer that holds it.
    pub(crate) fn of(self, body: Body) -> Response {
        let mut response = ([(CONTENT_TYPE, self.kind)], body).into_response();
        if let Ok(value) = HeaderValue::try_from(format!("attachment; filename=\"{}\"", self.name)) {
            response.headers_mut().insert(CONTENT_DISPOSITION, value);
        }
        response
    }
}

/// A field of CSV (RFC 4180) with text of people. What a spreadsheet would take for a formula is marked as text.
pub(crate) fn field(text: &str) -> String {
    let mark = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    if text.is_empty() { String::new() } else { format!("\"{mark}{}\"", text.replace('"', "\"\"")) }
}

#[cfg(test)]
mod tests {
    use super::field;

    #[test]
    fn text_is_quoted_and_no_formula() {
        assert_eq!(field(""), "");
        assert_eq!(field("a, \"b\""), "\"a, \"\"b\"\"\"");
        assert_eq!(field("=1+1"), "\"'=1+1\"");
    }
}
