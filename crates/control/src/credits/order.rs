//! What orders have in common: the key that makes a repeated one the same, and what became of it.

use axum::Json;
use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderName, StatusCode};
use ownkey_domain::ledger::Order;
use ownkey_providers::stray::holds_key;
use ownkey_store::Ordered;
use serde_json::Value;

use crate::form::Name;
use crate::problem::Problem;

const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
const KEY_BYTES_MAX: usize = 200;

/// The key of an order, if it has one.
pub(crate) struct OrderKey(Option<String>);

impl<S: Sync> FromRequestParts<S> for OrderKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut given = parts.headers.get_all(HEADER).iter();
        let Some(value) = given.next() else { return Ok(Self(None)) };
        let printable =
            |text: &&str| (1..=KEY_BYTES_MAX).contains(&text.len()) && text.bytes().all(|b| matches!(b, b' '..=b'~'));
        let text = value.to_str().ok().filter(printable).filter(|_| given.next().is_none()).ok_or_else(|| {
            Problem::bad_request(format!(
                "The header `Idempotency-Key` must stand once and be 1 to {KEY_BYTES_MAX} printable ASCII \
                 characters."
            ))
        })?;
        if holds_key(text) {
            return Err(Problem::stray_key("The header `Idempotency-Key`"));
        }
        Ok(Self(Some(text.to_owned())))
    }
}

impl OrderKey {
    /// The order for that reason.
    pub(super) fn order(self, reason: Name) -> Order {
        Order { reason: reason.into_string(), idempotency_key: self.0 }
    }
}

/// The answer to an order that was carried out, now or before.
pub(super) fn answered<T>(ordered: Ordered<T>, answer: Value) -> Result<(StatusCode, Json<Value>), Problem> {
    match ordered {
        Ordered::Done(_) => Ok((StatusCode::CREATED, Json(answer))),
        Ordered::Repeated(before) => Ok((StatusCode::CREATED, Json(before))),
        Ordered::KeyReused => Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "idempotency_key_reused",
            "Idempotency key used before",
            "This `Idempotency-Key` stands for another order of this workspace. Nothing was moved; use a new key.",
        )),
        Ordered::NoWorkspace => Err(Problem::not_found("There is no such workspace.")),
    }
}
