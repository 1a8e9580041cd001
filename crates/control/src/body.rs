//! JSON bodies, read so that nothing of them can reach an answer: they may hold a key, also in the wrong member.
//!
//! serde's own messages quote the input, so they are never shown. A handler takes the members it knows, one by
//! one; whatever is left over is refused.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use http_body_util::BodyExt;
use ownkey_providers::stray::holds_key;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::problem::Problem;

/// Nothing the API takes comes near this; a larger body is a mistake or an attack.
pub(crate) const BODY_BYTES_MAX: usize = 64 * 1024;

/// A caller that says nothing for so long is gone, or holds the connection for its own sake.
const IDLE: Duration = Duration::from_secs(10);
/// A body is 64 KiB at most, so this is enough on any line; without it a byte now and then would do for ever.
const WHOLE: Duration = Duration::from_secs(30);

/// A whole body, wiped after use.
pub(crate) struct JsonBody(Zeroizing<Vec<u8>>);

/// The members of a body's object that nobody has taken yet.
pub(crate) struct Members<'b> {
    given: Vec<(String, &'b RawValue)>,
    known: Vec<&'static str>,
}

impl<S: Sync> FromRequest<S> for JsonBody {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let bytes = read(body, (IDLE, WHOLE)).await?;
        if !bytes.is_empty() {
            check_type(&parts.headers)?;
        }
        Ok(Self(bytes))
    }
}

async fn read(body: Body, (idle, whole): (Duration, Duration)) -> Result<Zeroizing<Vec<u8>>, Problem> {
    timeout(whole, read_on(body, idle)).await.map_err(|_| too_slow())?
}

async fn read_on(mut body: Body, idle: Duration) -> Result<Zeroizing<Vec<u8>>, Problem> {
    // Taken at once in full: growing would leave copies behind that nobody wipes.
    let mut bytes = Zeroizing::new(Vec::with_capacity(BODY_BYTES_MAX));
    while let Some(frame) = timeout(idle, body.frame()).await.map_err(|_| too_slow())? {
        let frame = frame.map_err(|_| Problem::bad_request("The body ended early."))?;
        let Ok(data) = frame.into_data() else { continue };
        if bytes.len() + data.len() > BODY_BYTES_MAX {
            return Err(Problem::too_large("A body may have 64 KiB."));
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}

fn too_slow() -> Problem {
    Problem::timed_out("The body did not come in time. Nothing was changed.")
}

fn check_type(headers: &HeaderMap) -> Result<(), Problem> {
    let is_json = |value: &HeaderValue| {
        let essence = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
        essence.trim().eq_ignore_ascii_case("application/json")
    };
    if !headers.get(CONTENT_TYPE).is_some_and(is_json) {
        return Err(Problem::unsupported_media_type("The body must be `application/json`."));
    }
    if headers.get(CONTENT_ENCODING).is_some_and(|value| value != "identity") {
        return Err(Problem::unsupported_media_type("Send the body without a content encoding."));
    }
    Ok(())
}

impl JsonBody {
    /// The whole of it, for what reads JSON itself.
    pub(crate) fn into_bytes(self) -> Bytes {
        Bytes::copy_from_slice(&self.0)
    }

    /// The members of the object; an empty body is an object without members.
    pub(crate) fn members(&self) -> Result<Members<'_>, Problem> {
        if self.0.is_empty() {
            return Ok(Members { given: Vec::new(), known: Vec::new() });
        }
        let Object(given) = serde_json::from_slice(&self.0)
            .map_err(|_| Problem::bad_request("The body is not a JSON object, or names a member twice."))?;
        Ok(Members { given, known: Vec::new() })
    }
}

struct Object<'b>(Vec<(String, &'b RawValue)>);

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<'de>, A::Error> {
                let mut given: Vec<(String, &RawValue)> = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, &RawValue>()? {
                    // Refused rather than resolved: two readers might take two different ones.
                    if given.iter().any(|(other, _)| *other == name) {
                        return Err(serde::de::Error::custom("a member stands twice"));
                    }
                    given.push((name, value));
                }
                Ok(Object(given))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

impl<'b> Members<'b> {
    /// A member that must be there. `form` says what it must be, in words.
    pub(crate) fn required<T: Deserialize<'b>>(&mut self, name: &'static str, form: &str) -> Result<T, Problem> {
        let missing = || problem(name, format!("`{name}` is missing. It must be {form}."));
        self.optional(name, form)?.ok_or_else(missing)
    }

    /// A member that may be absent or null.
    pub(crate) fn optional<T: Deserialize<'b>>(
        &mut self,
        name: &'static str,
        form: &str,
    ) -> Result<Option<T>, Problem> {
        Ok(self.nullable(name, form)?.flatten())
    }

    /// A member where null means something else than being absent: `Some(None)`.
    pub(crate) fn nullable<T: Deserialize<'b>>(
        &mut self,
        name: &'static str,
        form: &str,
    ) -> Result<Option<Option<T>>, Problem> {
        self.known.push(name);
        let Some(at) = self.given.iter().position(|(given, _)| given == name) else { return Ok(None) };
        let (_, raw) = self.given.swap_remove(at);
        let value = serde_json::from_str(raw.get()).map_err(|_| unfit(name, form, raw))?;
        Ok(Some(value))
    }

    /// Refuses what nobody has taken. It isn't named: it may be a key pasted in the wrong place.
    pub(crate) fn finish(self) -> Result<(), Problem> {
        if self.given.is_empty() {
            return Ok(());
        }
        let known: Vec<String> = self.known.iter().map(|name| format!("`{name}`")).collect();
        Err(Problem::bad_request(format!("The body has a member that is not known here. Known: {}.", known.join(", "))))
    }
}

/// What is wrong with a member. A key is called one, since it may well have the form otherwise.
fn unfit(name: &'static str, form: &str, raw: &RawValue) -> Problem {
    if holds_key(raw.get()) {
        return Problem::stray_key(&format!("`{name}`")).with("member", name);
    }
    problem(name, format!("`{name}` is not what it must be: {form}."))
}

fn problem(member: &'static str, detail: String) -> Problem {
    Problem::bad_request(detail).with("member", member)
}

#[cfg(test)]
mod tests;
