//! Agents: the product's names for what calls models on its behalf, each with a model that the workspace chooses. A
//! call names one as `agent/NAME` in the place of a model.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The agent that every workspace has.
pub const LEAD: &str = "lead";
/// What stands before an agent's name where a model is named.
pub const PREFIX: &str = "agent/";
/// Agents that a workspace may name: more than any product shows on a page.
pub const AGENTS_MAX: usize = 100;

const NAME_BYTES_MAX: usize = 64;

/// The name of an agent.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AgentName(String);

/// The text is no name of an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the name of an agent is 1 to 64 lower-case letters, digits, `-` or `_`")]
pub struct BadAgentName;

/// The models that a workspace has chosen for its agents.
pub type Agents = BTreeMap<AgentName, String>;

impl AgentName {
    /// The agent that every workspace has.
    pub fn lead() -> Self {
        Self(LEAD.to_owned())
    }

    /// Whether it is the agent that every workspace has.
    pub fn is_lead(&self) -> bool {
        self.0 == LEAD
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AgentName {
    type Err = BadAgentName;

    fn from_str(text: &str) -> Result<Self, BadAgentName> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_');
        let fits = (1..=NAME_BYTES_MAX).contains(&text.len()) && text.bytes().all(allowed);
        if fits { Ok(Self(text.to_owned())) } else { Err(BadAgentName) }
    }
}

impl TryFrom<String> for AgentName {
    type Error = BadAgentName;

    fn try_from(text: String) -> Result<Self, BadAgentName> {
        text.parse()
    }
}

impl From<AgentName> for String {
    fn from(name: AgentName) -> Self {
        name.0
    }
}

impl fmt::Display for AgentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The agent that a call names in the place of a model, if it names one; its name may be none.
pub fn called(model: &str) -> Option<Result<AgentName, BadAgentName>> {
    model.strip_prefix(PREFIX).map(str::parse)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for good in ["lead", "a", "support-bot_2", &"x".repeat(64)] {
            assert_eq!(good.parse::<AgentName>().map(String::from).as_deref(), Ok(good));
        }
        for bad in ["", "Lead", "a b", "a/b", "é", "a.b", &"x".repeat(65)] {
            assert_eq!(bad.parse::<AgentName>(), Err(BadAgentName), "{bad}");
        }
        assert_eq!(called("agent/lead"), Some(Ok(AgentName::lead())));
        assert_eq!(called("agent/"), Some(Err(BadAgentName)));
        assert_eq!(called("openai/gpt-4o"), None);
    }
}
