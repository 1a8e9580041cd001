//! The Responses API: usage, what is billed beside it, and its streams, whose last event repeats the whole response
//! and can be of any length.

use ownkey_domain::usage::{TokenClass, Unit, Usage};

use super::events::{Events, Kinds};
use super::usage;
use crate::answer::{Billing, Served, Stored};
use crate::json::{Json, Wanted};
use crate::stream::Dialect;

const MEMBERS: &[&str] = &["id", "model", "service_tier", "usage", "error", "store", "background", "status"];

/// What matters of a whole response.
pub(super) const WANTED: Wanted = Wanted { within: None, members: MEMBERS, kinds_of: &["output", "tools"] };

/// Items of an output that cost their tokens and nothing else. Others are tools that run at the provider, with fees of
/// their own (see [`FEES`]), or not known here.
pub(super) const BY_TOKENS: [&str; 19] = [
    "message",
    "reasoning",
    "function_call",
    "function_call_output",
    "custom_tool_call",
    "custom_tool_call_output",
    "tool_search_call",
    "tool_search_output",
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

/// Calls of tools that have a fee each, with what is counted of them.
pub(super) const FEES: [(&str, Unit); 2] =
    [("web_search_call", Unit::WebSearch), ("file_search_call", Unit::FileSearch)];

/// What a call with a fee does, if it says so. Pages that are opened, and what is looked for in them, cost their tokens.
const SEARCHES: [&str; 2] = ["search", ""];

/// Tools whose searches have that fee. Those of older kinds have another, which depends on how the model thinks.
const WEB_SEARCHES: [&str; 2] = ["web_search", "web_search_2025_08_26"];

/// What a whole response says.
pub(super) fn answer(response: &Json<'_>) -> Served {
    let told = usage::served(response, tokens(&response["usage"]));
    let kinds = response["output"].as_object();
    let count = |kind: &str| {
        let actions = kinds?.get(kind)?;
        Some(SEARCHES.iter().filter_map(|action| actions[*action].as_u64()).fold(0, u64::saturating_add))
    };
    let fees = FEES.iter().filter_map(|(kind, unit)| Some((*unit, count(kind)?)));
    let usage = fees.fold(told.usage, |usage, (unit, count)| usage.with_unit(unit, count));
    let is_by_usage = |kind: &str| match kind {
        "web_search_call" => has_one_web_search(&response["tools"]),
        kind => FEES.iter().any(|(fee, _)| *fee == kind) || BY_TOKENS.contains(&kind),
    };
    let by_usage = kinds.into_iter().flat_map(|kinds| kinds.names()).all(is_by_usage);
    let billing = if by_usage { Billing::ByUsage } else { Billing::BeyondUsage };
    Served { usage, billing, stored: stored(response), ..told }
}

/// Whether the only tools that search the web are those whose fee is known.
fn has_one_web_search(tools: &Json<'_>) -> bool {
    let mut searches = tools.as_object().into_iter().flat_map(|tools| tools.names());
    let mut searches = searches.by_ref().filter(|tool| tool.starts_with("web_search")).peekable();
    searches.peek().is_some() && searches.all(|tool| WEB_SEARCHES.contains(&tool))
}

/// What a response is before its end.
const UNDER_WAY: [&str; 2] = ["queued", "in_progress"];

/// How a response is kept. It is unless the call said otherwise.
fn stored(response: &Json<'_>) -> Option<Stored> {
    if response["store"] == false {
        return None;
    }
    let is_over = response["status"].as_str().is_some_and(|status| !UNDER_WAY.contains(&status));
    Some(if response["background"] == true { Stored::InBackground { is_over } } else { Stored::InForeground })
}

fn tokens(usage: &Json<'_>) -> Usage {
    let input = &usage["input_tokens_details"];
    usage::counts(&[
        (TokenClass::Input, &usage["input_tokens"]),
        (TokenClass::CacheRead, &input["cached_tokens"]),
        (TokenClass::CacheWrite, &input["cache_write_tokens"]),
        (TokenClass::Output, &usage["output_tokens"]),
        (TokenClass::Reasoning, &usage["output_tokens_details"]["reasoning_tokens"]),
    ])
}

const KINDS: Kinds = Kinds {
    begins: &["response.created"],
    ends: &["response.completed", "response.incomplete"],
    fails: &["response.failed"],
    wanted: Wanted { within: Some("response"), ..WANTED },
    served: answer,
};

/// Reads a stream of response events. Where nobody knows how many responses it has, it is the rest of one: it goes on
/// behind any event, the last one among them.
pub(super) fn reader(responses: u32) -> Dialect {
    Box::new(if responses == 0 { Events::rest(KINDS) } else { Events::new(KINDS, responses) })
}
