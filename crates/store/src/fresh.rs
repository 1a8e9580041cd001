//! Ids that the store makes itself.

use ownkey_domain::time::Timestamp;
use uuid::Uuid;

use crate::{Result, StoreError};

/// A UUIDv7 of that moment.
pub(crate) fn fresh_id(at: Timestamp) -> Result<Uuid> {
    let millis = u64::try_from(at.millis()).map_err(|_| StoreError::Unstorable("time"))?;
    let nanos = u32::try_from(millis % 1000 * 1_000_000).unwrap_or_default();
    Ok(Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, millis / 1000, nanos)))
}
