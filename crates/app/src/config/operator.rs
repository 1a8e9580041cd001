//! `[operator]`: the tokens of whoever runs this installation.

use anyhow::bail;
use serde::Deserialize;

use super::Hidden;

const TOKEN_CHARS_MIN: usize = 32;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct RawOperator {
    token: Hidden,
}

/// The operator.
#[derive(Debug)]
pub struct Operator {
    /// Bearer tokens; none means that operator calls are refused.
    pub tokens: Vec<Hidden>,
}

impl RawOperator {
    pub fn check(self) -> anyhow::Result<Operator> {
        let tokens: Vec<Hidden> =
            self.token.expose().split(',').map(str::trim).filter(|t| !t.is_empty()).map(Hidden::from).collect();
        if tokens.iter().any(|token| token.expose().len() < TOKEN_CHARS_MIN) {
            bail!("`token` must have at least {TOKEN_CHARS_MIN} characters; `ownkey init` makes one");
        }
        if tokens.iter().any(|token| !token.expose().bytes().all(|b| b.is_ascii_graphic())) {
            bail!("`token` must be printable ASCII without spaces");
        }
        Ok(Operator { tokens })
    }
}
