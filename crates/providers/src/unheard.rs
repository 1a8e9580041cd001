//! What a usage object tells that nobody here knows. Providers add to theirs, and a new class of tokens may have a price
//! of its own.

use crate::json::Json;

/// Whether any number in it, at whatever depth, has none of these names. One that is zero costs nothing.
pub(crate) fn has_any(usage: &Json<'_>, heard_of: &[&str]) -> bool {
    match usage {
        Json::Object(members) => members.iter().any(|(name, value)| match value {
            Json::Number(count) => count.as_u64() != Some(0) && !heard_of.contains(&name),
            value => has_any(value, heard_of),
        }),
        Json::List(items) => items.iter().any(|item| has_any(item, heard_of)),
        _ => false,
    }
}
