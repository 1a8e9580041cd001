//! Ids: a UUIDv7 behind a prefix that tells what it names, so one kind can't be passed for another.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use uuid::fmt::Simple;

use crate::text::Short;
use crate::time::Timestamp;

/// The text is not an id of the expected kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id that starts with {expected}")]
pub struct BadId {
    /// The prefix such an id has.
    pub expected: &'static str,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Uuid);

        impl $name {
            /// What every such id starts with.
            pub const PREFIX: &'static str = $prefix;

            /// Wraps a UUID, for instance one read from the store.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID, for the store.
            pub const fn uuid(self) -> Uuid {
                self.0
            }

            fn text(self) -> Short<{ $prefix.len() + Simple::LENGTH }> {
                let mut text = Short::new();
                text.push($prefix);
                text.push(self.0.simple().encode_lower(&mut Uuid::encode_buffer()));
                text
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.text().as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            /// Accepts exactly the form `Display` writes: one id has one spelling.
            fn from_str(text: &str) -> Result<Self, BadId> {
                let bad = BadId { expected: $prefix };
                let hex = text.strip_prefix($prefix).ok_or(bad)?;
                if hex.len() != 32 || hex.bytes().any(|b| b.is_ascii_uppercase()) {
                    return Err(bad);
                }
                Uuid::try_parse(hex).map(Self).map_err(|_| bad)
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.text().as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

id!(
    /// A workspace: one customer of the product.
    WorkspaceId, "ws_"
);
id!(
    /// A stored provider key. Never reused: a rotation ends one and starts another.
    CredentialId, "cred_"
);
id!(
    /// A platform key, by which products and developers call Ownkey.
    ApiKeyId, "key_"
);
id!(
    /// A model call, and its receipt.
    RequestId, "req_"
);
id!(
    /// An audit event.
    AuditId, "aud_"
);
id!(
    /// A running process of Ownkey.
    NodeId, "node_"
);
id!(
    /// Credits that an operator gave a workspace.
    GrantId, "grant_"
);
id!(
    /// A budget.
    BudgetId, "bud_"
);
id!(
    /// An OAuth connection to somebody's account elsewhere.
    ConnectionId, "conn_"
);
id!(
    /// A webhook: where a workspace wants to be told of what happens.
    WebhookId, "hook_"
);
id!(
    /// A message to a webhook. The same however often it is sent.
    MessageId, "msg_"
);
id!(
    /// A person who can sign in.
    UserId, "usr_"
);
id!(
    /// An invitation that is still open. Not the secret in its link.
    InviteId, "inv_"
);
id!(
    /// A time that a person is signed in for. Not the secret that his browser holds.
    SessionId, "ses_"
);

impl RequestId {
    /// When its call came in, to the millisecond: ids are made of it.
    pub fn made_at(self) -> Option<Timestamp> {
        let (seconds, nanos) = self.0.get_timestamp()?.to_unix();
        let millis = i64::try_from(seconds).ok()?.checked_mul(1_000)?.checked_add(i64::from(nanos / 1_000_000))?;
        Some(Timestamp::from_millis(millis))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_as_itself() {
        let id = WorkspaceId::from_uuid(Uuid::from_u128(0x0192_f3a4_b5c6_7788_99aa_bbcc_ddee_ff00));
        assert_eq!(id.to_string(), "ws_0192f3a4b5c6778899aabbccddeeff00");
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn other_kinds_and_spellings_are_refused() {
        for text in [
            "",
            "ws_",
            "key_0192f3a4b5c6778899aabbccddeeff00",
            "ws_0192F3A4b5c6778899aabbccddeeff00",
            "ws_0192f3a4-b5c6-7788-99aa-bbccddeeff00",
            "ws_0192f3a4b5c6778899aabbccddeeff0g",
            " ws_0192f3a4b5c6778899aabbccddeeff00",
        ] {
            assert!(text.parse::<WorkspaceId>().is_err(), "{text}");
        }
    }
}
