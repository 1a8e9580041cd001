//! Step 1: the platform key tells who calls.

use std::sync::Arc;

use http::header::{AUTHORIZATION, HeaderMap, HeaderName};
use ownkey_domain::caller::PlatformKey;
use ownkey_domain::platform_key;
use ownkey_domain::time::Timestamp;
use ownkey_vault::{KeyHash, PepperId, PlatformKeyHasher};

use crate::directory::{Caller, Directory};
use crate::error::{Code, Error};

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// Finds the caller whose platform key the request carries.
pub async fn identify(
    directory: &Directory,
    hasher: &PlatformKeyHasher,
    headers: &HeaderMap,
    now: Timestamp,
) -> Result<Arc<Caller>, Error> {
    let presented = credential(headers)?;
    let lookup = platform_key::parse(presented).ok_or_else(|| not_a_platform_key(presented))?;
    let found = directory.platform_key(lookup).await.map_err(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, "callers can't be looked up");
        Error::overloaded("The platform key cannot be checked at the moment. Try again shortly.")
    })?;
    found.filter(|key| key.is_live(now) && matches(hasher, presented, key)).ok_or_else(unknown_key)
}

fn matches(hasher: &PlatformKeyHasher, presented: &[u8], key: &PlatformKey) -> bool {
    hasher.verify(presented, &KeyHash { pepper: PepperId(key.pepper), mac: key.hash })
}

/// The one credential of a request, from either header that SDKs use. Two that differ are refused rather than
/// ranked: whoever checks one and uses the other has been fooled before.
fn credential(headers: &HeaderMap) -> Result<&[u8], Error> {
    let bearer = single(headers, &AUTHORIZATION)?.map(|value| strip_bearer(value).unwrap_or(value));
    let api_key = single(headers, &X_API_KEY)?;
    let presented = match (bearer, api_key) {
        (Some(a), Some(b)) if a != b => {
            return Err(Error::bad_request("The request carries two different credentials."));
        }
        (Some(one), _) | (None, Some(one)) => one,
        (None, None) => {
            let message = "No platform key. Send one as `Authorization: Bearer ok_…` or `x-api-key: ok_…`.";
            return Err(Error::new(Code::Unauthorized, message));
        }
    };
    if presented.is_ascii() { Ok(presented) } else { Err(Error::bad_request("The credential is not ASCII.")) }
}

fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a [u8]>, Error> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    if values.next().is_some() {
        return Err(Error::bad_request(format!("The header {name} is there more than once.")));
    }
    Ok(first.map(|value| value.as_bytes().trim_ascii()))
}

fn strip_bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, rest) = value.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| rest.trim_ascii())
}

fn unknown_key() -> Error {
    Error::new(Code::Unauthorized, "The platform key is unknown, expired or revoked. Create a new one.")
}

fn not_a_platform_key(presented: &[u8]) -> Error {
    let message = if presented.starts_with(b"sk-") {
        "This is a provider key. Ownkey takes platform keys (`ok_…`) here; add the provider key to the workspace instead."
    } else if presented.starts_with(platform_key::PREFIX.as_bytes()) {
        "The platform key is not complete or mistyped. Copy it again."
    } else {
        "The credential is not a platform key. Those start with `ok_`."
    };
    Error::new(Code::Unauthorized, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(HeaderName::from_static(name), value.parse().unwrap());
        }
        map
    }

    #[test]
    fn either_header_will_do_and_both_if_equal() {
        for pairs in [
            &[("authorization", "Bearer ok_1")][..],
            &[("authorization", "bearer  ok_1 ")],
            &[("x-api-key", "ok_1")],
            &[("x-api-key", "ok_1"), ("authorization", "Bearer ok_1")],
        ] {
            assert_eq!(credential(&headers(pairs)).unwrap(), b"ok_1", "{pairs:?}");
        }
    }

    #[test]
    fn doubtful_credentials_are_refused() {
        for (pairs, code) in [
            (&[][..], Code::Unauthorized),
            (&[("x-api-key", "ok_1"), ("authorization", "Bearer ok_2")], Code::BadRequest),
            (&[("x-api-key", "ok_1"), ("x-api-key", "ok_1")], Code::BadRequest),
            (&[("authorization", "Bearer ok_ü")], Code::BadRequest),
        ] {
            assert_eq!(credential(&headers(pairs)).unwrap_err().code, code, "{pairs:?}");
        }
    }
}
