//! What a usage object tells that nobody here knows. Providers add to theirs, and a new class of tokens may have a price
//! of its own.

use serde_json::Value;

/// Whether any number in it, at whatever depth, has none of these names. One that is zero costs nothing.
pub(crate) fn has_any(usage: &Value, heard_of: &[&str]) -> bool {
    match usage {
        Value::Object(members) => members.iter().any(|(name, value)| match value {
            Value::Number(count) => count.as_u64() != Some(0) && !heard_of.contains(&name.as_str()),
            value => has_any(value, heard_of),
        }),
        Value::Array(items) => items.iter().any(|item| has_any(item, heard_of)),
        _ => false,
    }
}
