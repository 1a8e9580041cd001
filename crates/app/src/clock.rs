//! The one place that reads the wall clock.

use std::time::{SystemTime, UNIX_EPOCH};

use ownkey_domain::id::RequestId;
use ownkey_domain::time::Timestamp;
use uuid::{NoContext, Uuid};

/// The time now.
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// A fresh id for a call that came then: ids sort by age.
pub fn request_id(at: Timestamp) -> RequestId {
    let millis = u64::try_from(at.millis()).unwrap_or(0);
    let nanos = u32::try_from(millis % 1_000).unwrap_or(0) * 1_000_000;
    RequestId::from_uuid(Uuid::new_v7(uuid::Timestamp::from_unix(NoContext, millis / 1_000, nanos)))
}
