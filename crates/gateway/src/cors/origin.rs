//! Origins of web pages.

use std::str::FromStr;

use http::HeaderValue;
use http::uri::Authority;

/// Where a web page comes from, as browsers say it: scheme, host, and the port unless it is the scheme's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(HeaderValue);

/// Why a text is no origin that may be allowed. It is not quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadOrigin {
    /// All of them.
    #[error("has a wildcard, which would let pages call that nobody thought of: name each origin")]
    Wildcard,
    /// `null`.
    #[error("is `null`, the origin of every sandboxed page and local file: that names nobody")]
    Null,
    /// More than an origin.
    #[error("has a path (a slash at the end is one): an origin ends with its host or port")]
    Path,
    /// Anything else.
    #[error("is no origin: write scheme://host or scheme://host:port in ASCII, such as https://app.example.com")]
    Form,
}

impl FromStr for Origin {
    type Err = BadOrigin;

    fn from_str(text: &str) -> Result<Self, BadOrigin> {
        if text.contains('*') {
            return Err(BadOrigin::Wildcard);
        }
        if text == "null" {
            return Err(BadOrigin::Null);
        }
        let text = text.to_ascii_lowercase();
        let (scheme, authority) = text.split_once("://").ok_or(BadOrigin::Form)?;
        if authority.contains(['/', '?', '#']) {
            return Err(BadOrigin::Path);
        }
        let authority = parse_authority(authority)?;
        if !is_scheme(scheme) {
            return Err(BadOrigin::Form);
        }
        let port = match (scheme, authority.port_u16()) {
            ("http", Some(80)) | ("https", Some(443)) | (_, None) => String::new(),
            (_, Some(port)) => format!(":{port}"),
        };
        let origin = format!("{scheme}://{}{port}", authority.host());
        HeaderValue::try_from(origin).map(Self).map_err(|_| BadOrigin::Form)
    }
}

/// Compares with what a browser says.
impl PartialEq<HeaderValue> for Origin {
    fn eq(&self, said: &HeaderValue) -> bool {
        self.0 == said
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

/// A host and perhaps a port, without a user name.
fn parse_authority(text: &str) -> Result<Authority, BadOrigin> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | ':' | '[' | ']');
    let authority: Authority = text.parse().map_err(|_| BadOrigin::Form)?;
    let has_end = authority.port_u16().is_some() || authority.host().len() == text.len();
    let is_fine = text.chars().all(plain) && !authority.host().is_empty() && has_end;
    is_fine.then_some(authority).ok_or(BadOrigin::Form)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_as_browsers_say_them() {
        for (text, said) in [
            ("https://app.example.com", "https://app.example.com"),
            ("HTTPS://App.Example.com:443", "https://app.example.com"),
            ("http://localhost:3000", "http://localhost:3000"),
            ("http://[::1]:80", "http://[::1]"),
            ("https://example.com:80", "https://example.com:80"),
            ("chrome-extension://abcdefgh", "chrome-extension://abcdefgh"),
        ] {
            assert!(text.parse::<Origin>().unwrap() == HeaderValue::from_static(said), "{text}");
        }
    }

    #[test]
    fn what_is_more_or_less_than_an_origin_is_refused() {
        for (text, why) in [
            ("*", BadOrigin::Wildcard),
            ("https://*.example.com", BadOrigin::Wildcard),
            ("null", BadOrigin::Null),
            ("https://example.com/", BadOrigin::Path),
            ("https://example.com/app", BadOrigin::Path),
            ("https://example.com?a", BadOrigin::Path),
            ("example.com", BadOrigin::Form),
            ("https://", BadOrigin::Form),
            ("://example.com", BadOrigin::Form),
            ("https://user@example.com", BadOrigin::Form),
            ("https://example.com:", BadOrigin::Form),
            ("https://example.com:99999", BadOrigin::Form),
            ("https://exämple.com", BadOrigin::Form),
            ("https://a b", BadOrigin::Form),
        ] {
            assert_eq!(text.parse::<Origin>(), Err(why), "{text}");
        }
    }
}
