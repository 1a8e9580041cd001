//! How a command can fail: what is said, and how the process ends.

use std::borrow::Cow;
use std::process::ExitCode;

use http::StatusCode;
use ownkey_domain::error_code::explain;
use serde_json::{Value, json};

use crate::table::plain;

/// A command that did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// It was not used as it must be.
    #[error("{0}")]
    Usage(&'static str),
    /// No server of ours was reached.
    #[error("{0}")]
    NotReached(String),
    /// The server said no.
    #[error("{}", told(.0, .1))]
    Refused(StatusCode, Value),
    /// What was asked for is told, and it is not good.
    #[error("{0}")]
    NotGood(Cow<'static, str>),
    /// Whoever read the output has gone: `| head` has enough.
    #[error("nobody reads the output any more")]
    Unread,
    /// The terminal, or what stands in its place, does not work.
    #[error("cannot read or write here: {0}")]
    Terminal(#[source] std::io::Error),
}

impl Failure {
    /// The documented ends: 1 refused or failed, 2 used wrongly, 3 no server reached, 4 not authorised.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Refused(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _) => 4,
            Self::Refused(..) | Self::NotGood(_) | Self::Unread | Self::Terminal(_) => 1,
            Self::Usage(_) => 2,
            Self::NotReached(_) => 3,
        })
    }
}

impl Failure {
    /// What is not good.
    pub(crate) fn not_good(what: impl Into<Cow<'static, str>>) -> Self {
        Self::NotGood(what.into())
    }

    /// The same for programs: the server's own problem document, or one like it with a `code` of the command line's.
    pub(crate) fn document(&self) -> Value {
        let code = match self {
            Self::Refused(_, problem) => return problem.clone(),
            Self::Usage(_) => "used_wrongly",
            Self::NotReached(_) => "not_reached",
            Self::NotGood(_) => "not_good",
            Self::Unread | Self::Terminal(_) => "terminal",
        };
        json!({"code": code, "detail": self.to_string()})
    }
}

/// The server's code and words, and what to do.
fn told(status: &StatusCode, problem: &Value) -> String {
    let text = |pointer: &str| problem.pointer(pointer).and_then(Value::as_str).map(plain);
    let code = text("/code").unwrap_or_else(|| status.as_u16().to_string());
    let detail = text("/detail").unwrap_or_else(|| "the server gave no reason".to_owned());
    let action = text("/verdict/action/label").map(|label| match text("/verdict/action/url") {
        Some(url) => format!("{label}: {url}"),
        None => label,
    });
    let remedy = action.or_else(|| explain(&code).map(|known| known.remedy.to_owned()));
    let remedy = remedy.map(|remedy| format!("\n  What to do: {remedy}")).unwrap_or_default();
    format!("{code}: {detail}{remedy}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_has_its_code_its_words_and_what_to_do() {
        let problem = json!({"code": "forbidden", "detail": "The platform key lacks the scope `usage:read`."});
        let said = Failure::Refused(StatusCode::FORBIDDEN, problem).to_string();
        assert!(
            said.starts_with("forbidden: The platform key lacks the scope `usage:read`.\n  What to do: "),
            "{said}"
        );
        let action = json!({"label": "Make a new key", "url": "https://example.com/keys"});
        let refused = json!({"code": "invalid", "detail": "Refused.", "verdict": {"action": action}});
        let said = Failure::Refused(StatusCode::UNPROCESSABLE_ENTITY, refused).to_string();
        assert!(said.ends_with("What to do: Make a new key: https://example.com/keys"), "{said}");
    }

    #[test]
    fn what_a_server_says_can_not_steer_the_terminal() {
        let problem = json!({"code": "x", "detail": "a\u{1b}[2Jb\r\nc"});
        assert_eq!(Failure::Refused(StatusCode::CONFLICT, problem).to_string(), "x: a [2Jb  c");
    }
}
