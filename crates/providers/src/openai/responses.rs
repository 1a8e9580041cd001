//! The Responses API: usage, what is billed beside it, and its streams, whose last event repeats the whole response
//! and can be of any length.

use ownkey_domain::provider::Provider;
use ownkey_domain::usage::{TokenClass, Usage};
use serde_json::{Value, json};

use super::usage;
use crate::answer::{Billing, Served};
use crate::error_class::{ErrorClass, classify_event};
use crate::json::{TopLevel, Wanted};
use crate::stream::{Dialect, Reader, Seen, type_of};

const MEMBERS: &[&str] = &["id", "model", "service_tier", "usage", "error"];

/// What matters of a whole response.
pub(super) const WANTED: Wanted = Wanted { within: None, members: MEMBERS, kinds_of: &["output"] };

/// Items of an output that cost their tokens and nothing else. Others are tools that run at the provider, with fees of
/// their own, or not known here.
const BY_TOKENS: [&str; 17] = [
    "message",
    "reasoning",
    "function_call",
    "function_call_output",
    "custom_tool_call",
    "custom_tool_call_output",
    "local_shell_call",
    "local_shell_call_output",
    "apply_patch_call",
    "apply_patch_call_output",
    "computer_call",
    "computer_call_output",
    "mcp_call",
    "mcp_list_tools",
    "mcp_approval_request",
    "mcp_approval_response",
    "compaction",
];

/// What a whole response says.
pub(super) fn answer(response: &Value) -> Served {
    let usage = tokens(&response["usage"]);
    let mut kinds = response["output"].as_array().into_iter().flatten();
    let by_tokens = kinds.all(|kind| kind.as_str().is_some_and(|kind| BY_TOKENS.contains(&kind)));
    let billing = if by_tokens { Billing::ByTokens } else { Billing::BeyondTokens };
    Served { billing, ..usage::served(response, usage) }
}

fn tokens(usage: &Value) -> Usage {
    let input = &usage["input_tokens_details"];
    usage::counts(&[
        (TokenClass::Input, &usage["input_tokens"]),
        (TokenClass::CacheRead, &input["cached_tokens"]),
        (TokenClass::CacheWrite, &input["cache_write_tokens"]),
        (TokenClass::Output, &usage["output_tokens"]),
        (TokenClass::Reasoning, &usage["output_tokens_details"]["reasoning_tokens"]),
    ])
}

/// Reads a stream of response events.
struct Events {
    served: Served,
    /// The event with a whole response that is coming in.
    whole: Option<TopLevel>,
}

pub(super) fn reader() -> Dialect {
    Box::new(Events { served: Served::unknown(), whole: None })
}

const WITHIN: Wanted = Wanted { within: Some("response"), ..WANTED };

impl Reader for Events {
    fn data(&mut self, name: &[u8], data: &[u8]) -> Seen {
        if !name.is_empty() {
            return self.event(name, Some(data));
        }
        // Without a name line it was not known before what comes in.
        let name = type_of(data);
        self.piece(name, data);
        self.event(name, Some(data))
    }

    fn piece(&mut self, name: &[u8], bytes: &[u8]) {
        if tells_response(name) {
            self.whole.get_or_insert_with(|| TopLevel::new(WITHIN)).feed(bytes);
        }
    }

    fn long(&mut self, name: &[u8]) -> Seen {
        self.event(name, None)
    }

    fn is_error(&self, name: &[u8]) -> bool {
        [&b"error"[..], b"response.failed"].contains(&name)
    }

    fn served(&self) -> Served {
        self.served.clone()
    }
}

/// Whether an event of that name has the whole response in it.
fn tells_response(name: &[u8]) -> bool {
    name == b"response.created" || ends_response(name)
}

fn ends_response(name: &[u8]) -> bool {
    [&b"response.completed"[..], b"response.incomplete", b"response.failed"].contains(&name)
}

impl Events {
    fn event(&mut self, name: &[u8], data: Option<&[u8]>) -> Seen {
        if name == b"error" {
            return Seen::FinalError(class(&parsed(data)));
        }
        let Some(whole) = self.whole.take().filter(TopLevel::is_whole) else { return Seen::Nothing };
        let response = whole.finish();
        self.served = answer(&response);
        match name {
            b"response.failed" => Seen::FinalError(class(&response)),
            _ if ends_response(name) => Seen::Complete,
            _ => Seen::Nothing,
        }
    }
}

fn parsed(data: Option<&[u8]>) -> Value {
    data.and_then(|data| serde_json::from_slice(data).ok()).unwrap_or_default()
}

/// An error stands in an `error` object, or is the event itself.
fn class(event: &Value) -> ErrorClass {
    let error = if event["error"].is_object() { &event["error"] } else { event };
    // The type of the event is none of the error.
    let kind = if error["type"] == "error" { &Value::Null } else { &error["type"] };
    let told = json!({"error": {
        "type": kind, "code": error["code"], "message": error["message"], "param": error["param"],
    }});
    classify_event(Provider::OpenAi, &told)
}
