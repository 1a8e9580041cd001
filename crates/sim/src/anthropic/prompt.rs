//! What a Messages request says, as far as the answer depends on it.

use serde_json::Value;

use crate::cache::{Segment, Ttl};
use crate::call::Call;
use crate::directive::Directives;
use crate::tool::{self, ToolCall};

fn messages(body: &Value) -> &[Value] {
    body.get("messages").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The text blocks of a message or of a tool result.
fn text_of(content: Option<&Value>) -> String {
    match content {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(blocks)) => {
            let texts = blocks.iter().filter_map(|block| block.get("text").and_then(Value::as_str));
            texts.collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    }
}

/// The directives of the last user message that has text, and that text.
pub fn directives(call: &Call, body: &Value) -> (Directives, String) {
    let user = messages(body).iter().rev().filter(|message| message.get("role") == Some(&Value::from("user")));
    let text = user.map(|message| text_of(message.get("content"))).find(|text| !text.is_empty());
    call.asked(&text.unwrap_or_default())
}

/// The results of tools the last message brings.
pub fn tool_result(body: &Value) -> Option<String> {
    let blocks = messages(body).last()?.get("content")?.as_array()?;
    let results = blocks.iter().filter(|block| block.get("type") == Some(&Value::from("tool_result")));
    let texts: Vec<String> = results.map(|block| text_of(block.get("content"))).collect();
    (!texts.is_empty()).then(|| texts.join("\n"))
}

/// The tool to call, if the request makes the model call one.
pub fn tool_call(body: &Value, asked: &(Directives, String)) -> Option<ToolCall> {
    let tools = body.get("tools")?.as_array()?;
    let choice = body.pointer("/tool_choice/type").and_then(Value::as_str).unwrap_or("auto");
    let (wanted, ordered) = tool::wanted(asked);
    let named = body.pointer("/tool_choice/name").and_then(Value::as_str).or(ordered);
    let forced = matches!(choice, "any" | "tool");
    if choice == "none" || !(forced || wanted) || tool_result(body).is_some() {
        return None;
    }
    let name = |tool: &&Value| tool.get("name").and_then(Value::as_str).map(str::to_owned);
    let tool = tools.iter().find(|tool| named.is_none() || name(tool).as_deref() == named)?;
    Some(ToolCall { name: name(&tool)?, input: tool::input(asked, tool.get("input_schema")) })
}

/// The prompt in the order it is cached in: tools, system, messages.
pub fn segments(body: &Value) -> Vec<Segment> {
    let mut all = Vec::new();
    for tool in body.get("tools").and_then(Value::as_array).into_iter().flatten() {
        all.push(Segment { text: tool.to_string(), ttl: marker(tool) });
    }
    push(&mut all, body.get("system"));
    for message in messages(body) {
        push(&mut all, message.get("content"));
    }
    // A marker of the request itself asks for caching up to its end.
    if let (Some(ttl), Some(last)) = (marker(body), all.last_mut()) {
        last.ttl = Some(ttl);
    }
    all
}

fn push(all: &mut Vec<Segment>, content: Option<&Value>) {
    match content {
        Some(Value::String(text)) => all.push(Segment { text: text.clone(), ttl: None }),
        Some(Value::Array(blocks)) => all.extend(blocks.iter().map(|block| {
            let text = block.get("text").and_then(Value::as_str).map_or_else(|| other(block), str::to_owned);
            Segment { text, ttl: marker(block) }
        })),
        _ => {}
    }
}

/// Pictures and documents count as a digest and not as their base64 text.
fn other(block: &Value) -> String {
    let text = block.to_string();
    if text.len() > 4096 { crate::digest::sha256_hex(text.as_bytes()).repeat(64) } else { text }
}

fn marker(block: &Value) -> Option<Ttl> {
    let marker = block.get("cache_control").filter(|marker| marker.is_object())?;
    Some(if marker.get("ttl") == Some(&Value::from("1h")) { Ttl::Hour } else { Ttl::Minutes })
}

/// Whether the model searches for its answer, by a tool whose type begins so.
pub fn searches(body: &Value, asked: &str, by: &str) -> bool {
    let mut tools = body.get("tools").and_then(Value::as_array).into_iter().flatten();
    let is_search = |tool: &Value| tool.get("type").and_then(Value::as_str).is_some_and(|kind| kind.starts_with(by));
    asked.to_lowercase().contains("search") && tools.any(is_search)
}
