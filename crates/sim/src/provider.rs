//! The simulated providers.

use serde::Serialize;

/// Which provider a port plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// api.anthropic.com
    Anthropic,
    /// api.openai.com
    OpenAi,
    /// A service that is no model.
    Service,
}
