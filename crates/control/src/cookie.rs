//! The cookie that a signed-in browser holds.

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use zeroize::Zeroizing;

use crate::problem::Problem;

/// A browser takes a cookie of this prefix only over a secure connection, and from no other host.
pub(crate) const NAME: &str = "__Host-ownkey";

/// The token in it, if there is one.
pub(crate) fn read(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let pairs = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(';'));
    let mut ours = pairs.filter_map(|pair| pair.trim().split_once('=')).filter(|(name, _)| *name == NAME);
    let token = ours.next().map(|(_, token)| token);
    if ours.next().is_some() {
        return Err(Problem::bad_request("The session's cookie is there twice."));
    }
    Ok(token)
}

/// Sets it.
pub(crate) fn set(token: &str, seconds: i64) -> Result<HeaderValue, Problem> {
    let text = Zeroizing::new(format!("{NAME}={token}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Lax"));
    let mut value = HeaderValue::from_str(&text).map_err(|_| Problem::internal())?;
    value.set_sensitive(true);
    Ok(value)
}

/// Takes it away.
pub(crate) fn clear() -> Result<HeaderValue, Problem> {
    set("", 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::header::SET_COOKIE;

    #[test]
    fn one_cookie_among_others() {
        let read = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(COOKIE, HeaderValue::from_static(value));
            }
            read(&headers).map(|token| token.map(str::to_owned)).map_err(drop)
        };
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&["a=b; __Host-ownkey=t; c=d"]), Ok(Some("t".to_owned())));
        assert_eq!(read(&["a=b", "__Host-ownkey=t"]), Ok(Some("t".to_owned())));
        assert_eq!(read(&["ownkey=t; __host-ownkey=t; x__Host-ownkey=t"]), Ok(None));
        assert_eq!(read(&["__Host-ownkey=t; __Host-ownkey=u"]), Err(()));
    }

    #[test]
    fn it_is_not_shown() {
        let mut headers = HeaderMap::new();
        headers.insert(SET_COOKIE, set("secret", 60).ok().unwrap());
        assert!(!format!("{headers:?}").contains("secret"));
    }
}
