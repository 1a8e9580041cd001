//! How answers end, and what that makes of a call.

use ownkey_domain::receipt::Outcome;
use ownkey_providers::stream::Terminal;

/// Why a receipt is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The provider ended the answer.
    InForm,
    /// It broke off.
    Broken,
    /// The caller left.
    Left,
}

impl Ending {
    /// How the call ended. An answer is whole only if it said so, by the last event of its stream or by its length.
    pub const fn outcome(self, terminal: Option<Terminal>) -> Outcome {
        match (self, terminal) {
            (_, Some(Terminal::Error(_))) => Outcome::Failed,
            (Self::InForm, Some(Terminal::Complete)) => Outcome::Complete,
            (Self::Left, _) => Outcome::Cancelled,
            (Self::InForm | Self::Broken, _) => Outcome::Failed,
        }
    }
}
