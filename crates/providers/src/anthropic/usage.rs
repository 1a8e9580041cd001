//! Anthropic's usage object. Its input classes are disjoint; the top level is not the whole bill.

use ownkey_domain::usage::{Measured, TokenClass, Unit, Usage};

use super::iterations::Bill;
use crate::answer::{Billing, Served};
use crate::json::Json;
use crate::unheard;

const STANDARD: &str = "standard";
/// Where inference costs more, and the name of the catalogue's tier for it.
const US: &str = "us";
/// The searches of the web, each of which has a fee.
const WEB_SEARCHES: &str = "web_search_requests";
/// What runs at Anthropic and costs only the tokens it brings in.
const FREE_TOOLS: [&str; 2] = ["web_fetch_requests", "tool_search_requests"];
/// Numbers of a usage object that are known here, at whatever depth.
const HEARD_OF: [&str; 11] = [
    "input_tokens",
    "output_tokens",
    "cache_creation_input_tokens",
    "cache_read_input_tokens",
    "ephemeral_5m_input_tokens",
    "ephemeral_1h_input_tokens",
    "thinking_tokens",
    WEB_SEARCHES,
    "web_fetch_requests",
    "tool_search_requests",
    "code_execution_requests",
];
/// Where inference costs the list price. `not_available` is what older models say.
const GEO_AT_LIST_PRICE: [&str; 2] = ["global", "not_available"];

/// What a whole message says.
pub(super) fn answer(message: &Json<'_>) -> Served {
    served(message, &message["usage"], &message["stop_reason"], Measured::Measured)
}

/// The same from its parts, which a stream gives one by one.
pub(super) fn served(message: &Json<'_>, usage: &Json<'_>, stop_reason: &Json<'_>, measured: Measured) -> Served {
    let bill = Bill::of(usage);
    let measured = if bill.usage.is_empty() { Measured::Unknown } else { measured };
    let searches = usage["server_tool_use"][WEB_SEARCHES].as_u64();
    let with_searches = |usage: Usage| searches.map_or(usage, |count| usage.with_unit(Unit::WebSearch, count));
    let mut parts = bill.parts;
    if let Some(first) = parts.first_mut() {
        first.usage = with_searches(first.usage);
    }
    let text = |value: &Json<'_>| value.as_str().map(str::to_owned);
    Served {
        billing: if bill.is_whole { billing(usage, stop_reason, &bill.usage) } else { Billing::BeyondUsage },
        usage: with_searches(bill.usage),
        parts,
        measured,
        model: text(&message["model"]),
        service_tier: tier(usage),
        response_id: text(&message["id"]),
        has_unheard: unheard::has_any(usage, &HEARD_OF),
        ..Served::unknown()
    }
}

/// The classes of one usage object, of a message or of one iteration.
pub(super) fn tokens(usage: &Json<'_>) -> Usage {
    let mut tokens = Usage::default();
    let mut set = |class, count: Option<u64>| {
        if let Some(count) = count {
            tokens.set(class, count);
        }
    };
    set(TokenClass::Input, usage["input_tokens"].as_u64());
    set(TokenClass::Output, usage["output_tokens"].as_u64());
    set(TokenClass::CacheRead, usage["cache_read_input_tokens"].as_u64());
    set(TokenClass::Reasoning, usage["output_tokens_details"]["thinking_tokens"].as_u64());

    // The split by lifetime stands only at the start of a stream; what the total has grown by since was written
    // by server tools, which always write for five minutes. Without a split all of it is the default, five minutes.
    let split = &usage["cache_creation"];
    let hour = split["ephemeral_1h_input_tokens"].as_u64();
    let minutes = split["ephemeral_5m_input_tokens"].as_u64();
    let grown = usage["cache_creation_input_tokens"].as_u64().and_then(|total| total.checked_sub(hour.unwrap_or(0)));
    set(TokenClass::CacheWrite1h, hour);
    set(TokenClass::CacheWrite5m, grown.max(minutes));
    tokens
}

fn billing(usage: &Json<'_>, stop_reason: &Json<'_>, tokens: &Usage) -> Billing {
    if *stop_reason == "refusal" && tokens.get(TokenClass::Output) == Some(0) {
        return Billing::Nothing;
    }
    // Of code that ran the time is not told.
    let has_price = |tool: &str| tool == WEB_SEARCHES || FREE_TOOLS.contains(&tool);
    let fees = usage["server_tool_use"].as_object().is_some_and(|tools| {
        let mut others = tools.iter().filter(|(tool, _)| !has_price(tool));
        others.any(|(_, count)| count.as_u64() != Some(0) && !count.is_null())
    });
    let surcharge = usage["inference_geo"].as_str().is_some_and(|geo| geo != US && !GEO_AT_LIST_PRICE.contains(&geo));
    if fees || surcharge { Billing::BeyondUsage } else { Billing::ByUsage }
}

/// The tier that served; fast mode and inference in one country have prices of their own, and each counts as one.
/// Priority is capacity that the account has paid for in advance and may be served unasked: what it uses of that has no
/// list price but the standard one.
fn tier(usage: &Json<'_>) -> Option<String> {
    let speed = usage["speed"].as_str().filter(|speed| *speed != STANDARD);
    let tier = usage["service_tier"].as_str().map(|tier| if tier == "priority" { STANDARD } else { tier });
    let served = speed.or(tier);
    if usage["inference_geo"] != US {
        return served.map(str::to_owned);
    }
    Some(match served {
        None | Some(STANDARD) => US.to_owned(),
        Some(other) => format!("{other}_{US}"),
    })
}
