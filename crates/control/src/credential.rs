//! What a caller presents: one extractor for both headers, so that no rule holds for one and not for the other.

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::problem::Problem;

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// A credential as presented. Secret: no `Debug`.
pub(crate) struct Presented<'h> {
    /// Its text.
    pub(crate) text: &'h str,
    /// Whether it came as a bearer token.
    pub(crate) bearer: bool,
}

/// Reads the credential; `None` if there is none.
pub(crate) fn presented(headers: &HeaderMap) -> Result<Option<Presented<'_>>, Problem> {
    let bearer = single(headers, &AUTHORIZATION)?.map(bearer_token).transpose()?;
    let key = single(headers, &X_API_KEY)?.map(plain_text).transpose()?;
    if bearer.is_some() && key.is_some() && bearer != key {
        return Err(Problem::bad_request("`authorization` and `x-api-key` hold different credentials. Send one."));
    }
    Ok(bearer.or(key).map(|text| Presented { text, bearer: bearer.is_some() }))
}

fn single<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h HeaderValue>, Problem> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    if values.next().is_some() {
        return Err(Problem::bad_request("A credential header is there twice. Send one."));
    }
    Ok(first)
}

fn plain_text(value: &HeaderValue) -> Result<&str, Problem> {
    let text = value.to_str().map_err(|_| Problem::bad_request("A credential must be plain ASCII."))?;
    Ok(text.trim())
}

fn bearer_token(value: &HeaderValue) -> Result<&str, Problem> {
    let text = plain_text(value)?;
    match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(token.trim()),
        _ => Err(Problem::unauthorized("`authorization` must be `Bearer` and a platform key or operator token.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::response::IntoResponse;

    fn read(headers: &[(&'static str, &'static [u8])]) -> Result<Option<(String, bool)>, u16> {
        let mut map = HeaderMap::new();
        for &(name, value) in headers {
            map.append(name, HeaderValue::from_bytes(value).unwrap());
        }
        let found = presented(&map).map_err(|problem| problem.into_response().status().as_u16())?;
        Ok(found.map(|p| (p.text.to_owned(), p.bearer)))
    }

    #[test]
    fn one_credential_in_either_header() {
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&[("authorization", b"Bearer abc")]), Ok(Some(("abc".to_owned(), true))));
        assert_eq!(read(&[("authorization", b"bearer  abc ")]), Ok(Some(("abc".to_owned(), true))));
        assert_eq!(read(&[("x-api-key", b"abc")]), Ok(Some(("abc".to_owned(), false))));
        assert_eq!(
            read(&[("x-api-key", b"abc"), ("authorization", b"Bearer abc")]),
            Ok(Some(("abc".to_owned(), true)))
        );
    }

    #[test]
    fn doubtful_ones_are_refused() {
        assert_eq!(read(&[("x-api-key", b"abc"), ("authorization", b"Bearer abd")]), Err(400));
        assert_eq!(read(&[("x-api-key", b"abc"), ("x-api-key", b"abc")]), Err(400));
        assert_eq!(read(&[("authorization", b"Bearer a"), ("authorization", b"Bearer a")]), Err(400));
        assert_eq!(read(&[("x-api-key", b"ab\xffc")]), Err(400));
        assert_eq!(read(&[("authorization", b"Basic abc")]), Err(401));
        assert_eq!(read(&[("authorization", b"abc")]), Err(401));
    }
}
