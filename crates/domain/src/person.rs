//! People who sign in: how their mail address is spelt, and what they are to a workspace.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The role of a person in a workspace; each may do what those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads everything but members' mail and audit.
    Viewer,
    /// Also calls, and makes `inference` keys for himself.
    Member,
    /// Also provider keys, policy, budgets, agents, all platform keys, audit.
    Admin,
    /// Also members and deletion.
    Owner,
}

/// The text names no role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a role")]
pub struct UnknownRole;

impl Role {
    /// Every role, the least first.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Member, Self::Admin, Self::Owner];

    /// The name in JSON and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Member => "member",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or(UnknownRole)
    }
}

/// A mail address in the one spelling by which people are told apart: without white space around it, in lower case.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Mail(String);

/// The text is not a mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a mail address")]
pub struct BadMail;

/// The longest address that can be delivered to.
const MAIL_BYTES_MAX: usize = 254;

impl Mail {
    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Mail {
    type Err = BadMail;

    /// Whether mail arrives there is not known here; nothing is ever sent.
    fn from_str(text: &str) -> Result<Self, BadMail> {
        let mail = text.trim().to_lowercase();
        let unusable = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"' | ',' | ';');
        let (name, host) = mail.split_once('@').ok_or(BadMail)?;
        if name.is_empty() || host.is_empty() || host.contains('@') || mail.contains(unusable) {
            return Err(BadMail);
        }
        if mail.len() > MAIL_BYTES_MAX { Err(BadMail) } else { Ok(Self(mail)) }
    }
}

impl TryFrom<String> for Mail {
    type Error = BadMail;

    fn try_from(text: String) -> Result<Self, BadMail> {
        text.parse()
    }
}

impl From<Mail> for String {
    fn from(mail: Mail) -> Self {
        mail.0
    }
}

impl fmt::Display for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_one_spelling() {
        let mail = |text: &str| text.parse::<Mail>().map(String::from);
        assert_eq!(mail(" Dana@Example.COM "), Ok("dana@example.com".to_owned()));
        let long = format!("{}@example.com", "a".repeat(250));
        for bad in ["", "dana", "@example.com", "dana@", "a@b@c", "a b@c", "a\0@c", "Dana <a@c>", &long] {
            assert_eq!(mail(bad), Err(BadMail), "{bad}");
        }
    }

    #[test]
    fn roles_grow() {
        assert!(Role::ALL.is_sorted());
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(role));
            assert_eq!(serde_json::to_string(&role).unwrap(), format!("\"{}\"", role.as_str()));
        }
    }
}
