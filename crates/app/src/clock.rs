//! The one place that reads the wall clock.

use std::time::{SystemTime, UNIX_EPOCH};

use ownkey_domain::id::RequestId;
use ownkey_domain::time::Timestamp;
use uuid::Builder;

/// The time now.
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// A fresh id for a call that came then: ids sort by age. Its random part is of a generator that asks the system for
/// randomness only now and then, and not for each call.
pub fn request_id(at: Timestamp) -> RequestId {
    let millis = u64::try_from(at.millis()).unwrap_or(0);
    RequestId::from_uuid(Builder::from_unix_timestamp_millis(millis, &rand::random()).into_uuid())
}
