//! Who changes something, and when: every mutation is told both.

use std::fmt;

use ownkey_domain::id::{ApiKeyId, UserId};
use ownkey_domain::time::Timestamp;

/// Who does something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Actor {
    /// The operator of this installation.
    Operator,
    /// Whoever holds that platform key.
    ApiKey(ApiKeyId),
    /// That person, signed in.
    User(UserId),
    /// Ownkey itself, such as the tests it makes on its own.
    System,
}

impl fmt::Display for Actor {
    /// As the audit log keeps it: `operator`, `system`, or the id of the platform key or the person.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operator => f.write_str("operator"),
            Self::ApiKey(id) => fmt::Display::fmt(id, f),
            Self::User(id) => fmt::Display::fmt(id, f),
            Self::System => f.write_str("system"),
        }
    }
}

/// By whom and when: one value, since no mutation may lack either.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct By {
    /// Who does it.
    pub actor: Actor,
    /// The moment it is done; the store reads no clock.
    pub at: Timestamp,
}

impl By {
    /// That actor, at that moment.
    pub const fn new(actor: Actor, at: Timestamp) -> Self {
        Self { actor, at }
    }
}
