//! Anthropic's usage object. Its input classes are disjoint; the top level is not the whole bill.

use ownkey_domain::usage::{Measured, TokenClass, Usage};
use serde_json::Value;

use crate::answer::{Billing, Served};

const STANDARD: &str = "standard";
/// Where inference costs the list price. `not_available` is what older models say.
const GEO_AT_LIST_PRICE: [&str; 2] = ["global", "not_available"];

/// What a whole message says.
pub(super) fn answer(message: &Value) -> Served {
    served(message, &message["usage"], &message["stop_reason"], Measured::Measured)
}

/// The same from its parts, which a stream gives one by one.
pub(super) fn served(message: &Value, usage: &Value, stop_reason: &Value, measured: Measured) -> Served {
    let tokens = tokens(usage);
    let measured = if tokens.is_empty() { Measured::Unknown } else { measured };
    let text = |value: &Value| value.as_str().map(str::to_owned);
    Served {
        billing: billing(usage, stop_reason, &tokens),
        usage: tokens,
        measured,
        model: text(&message["model"]),
        service_tier: tier(usage).map(str::to_owned),
        response_id: text(&message["id"]),
        ..Served::unknown()
    }
}

/// The top level, and what compaction used beside it.
fn tokens(usage: &Value) -> Usage {
    let mut tokens = entry(usage);
    for compaction in iterations(usage).filter(|entry| kind(entry) == "compaction") {
        for (class, count) in entry(compaction).iter() {
            tokens.set(class, tokens.get(class).unwrap_or(0).saturating_add(count));
        }
    }
    tokens
}

fn entry(usage: &Value) -> Usage {
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

fn billing(usage: &Value, stop_reason: &Value, tokens: &Usage) -> Billing {
    if stop_reason == "refusal" && tokens.get(TokenClass::Output) == Some(0) {
        return Billing::Nothing;
    }
    let fees = usage["server_tool_use"].as_object().is_some_and(|tools| {
        // Web fetches cost only the tokens they bring in.
        tools.iter().any(|(tool, count)| tool != "web_fetch_requests" && count.as_u64() != Some(0) && !count.is_null())
    });
    let surcharge = usage["inference_geo"].as_str().is_some_and(|geo| !GEO_AT_LIST_PRICE.contains(&geo));
    let other_models = iterations(usage).any(|entry| !["message", "compaction"].contains(&kind(entry)));
    if fees || surcharge || other_models { Billing::BeyondTokens } else { Billing::ByTokens }
}

/// The tier that served; fast mode has prices of its own and counts as one. Priority is capacity that the account has
/// paid for in advance and may be served unasked: what it uses of that has no list price but the standard one.
fn tier(usage: &Value) -> Option<&str> {
    let speed = usage["speed"].as_str().filter(|speed| *speed != STANDARD);
    let tier = usage["service_tier"].as_str().map(|tier| if tier == "priority" { STANDARD } else { tier });
    speed.or(tier)
}

fn iterations(usage: &Value) -> impl Iterator<Item = &Value> {
    usage["iterations"].as_array().into_iter().flatten()
}

fn kind(entry: &Value) -> &str {
    entry["type"].as_str().unwrap_or_default()
}
