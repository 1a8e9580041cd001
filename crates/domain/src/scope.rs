//! Scopes of platform keys.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

macro_rules! scopes {
    ($($name:ident = $text:literal, $doc:literal;)*) => {
        /// What a platform key may do.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Scope {
            $(#[doc = $doc] #[serde(rename = $text)] $name,)*
        }

        impl Scope {
            /// Every scope.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The name in JSON and in the store.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }
        }
    };
}

scopes! {
    Inference = "inference", "Call models, and read the receipts of its own calls.";
    InferenceAny = "inference:any", "Call models for any workspace, which each call names (service keys of the operator).";
    ProvidersRead = "providers:read", "See the workspace's provider keys (never their text).";
    ProvidersWrite = "providers:write", "Add, rotate, test and remove provider keys.";
    PolicyWrite = "policy:write", "Change who pays.";
    BudgetsWrite = "budgets:write", "Change budgets.";
    UsageRead = "usage:read", "Read usage and all receipts.";
    BillingRead = "billing:read", "Read credits, ledger, costs and statements.";
    AuditRead = "audit:read", "Read the audit log.";
    AgentsWrite = "agents:write", "Change which model an agent uses.";
    KeysWrite = "keys:write", "Make and revoke platform keys.";
    ConnectionsWrite = "connections:write", "Use and change OAuth connections.";
    Services = "services", "Call metered services.";
    Mcp = "mcp", "Use the MCP server, and read what its tools show.";
}

/// The text names no scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a scope")]
pub struct UnknownScope;

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        Self::ALL.iter().copied().find(|s| s.as_str() == text).ok_or(UnknownScope)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
