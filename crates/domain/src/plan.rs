//! Plans: what a workspace's subscription includes.

use serde::{Deserialize, Serialize};

/// How managed access is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Managed {
    /// Included in the plan: costs the workspace no credits.
    Included,
    /// Paid in credits.
    Credits,
    /// None: only own keys.
    None,
}

/// A plan. Until plans are configuration there is one, [`Plan::default`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// The id workspaces name.
    pub id: String,
    /// The name people read.
    pub name: String,
    /// Whether workspaces may bring their own key.
    pub byok: bool,
    /// How managed access is paid.
    pub managed: Managed,
}

/// The id of the plan that exists when none is configured.
pub const DEFAULT_PLAN: &str = "default";

impl Default for Plan {
    /// Own keys, and managed access included where the operator has a key.
    fn default() -> Self {
        Self { id: DEFAULT_PLAN.to_owned(), name: "Default".to_owned(), byok: true, managed: Managed::Included }
    }
}
