//! What a chat request says, as far as the answer depends on it.

use serde_json::Value;

use crate::call::Call;
use crate::directive::Directives;
use crate::tool::{self, ToolCall, example};

fn messages(body: &Value) -> &[Value] {
    body.get("messages").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The text of a message, parts joined.
fn text_of(message: &Value) -> String {
    match message.get("content") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => {
            let texts = parts.iter().filter_map(|part| part.get("text").and_then(Value::as_str));
            texts.collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    }
}

fn role(message: &Value) -> &str {
    message.get("role").and_then(Value::as_str).unwrap_or_default()
}

/// The directives of the last user message, and its text without them.
pub fn directives(call: &Call, body: &Value) -> (Directives, String) {
    let last = messages(body).iter().rev().find(|message| role(message) == "user");
    call.asked(&last.map(text_of).unwrap_or_default())
}

/// The result of a tool, if that is what the last message brings.
pub fn tool_result(body: &Value) -> Option<String> {
    messages(body).last().filter(|message| role(message) == "tool").map(text_of)
}

/// The tool to call, if the request makes the model call one.
pub fn tool_call(body: &Value, asked: &(Directives, String)) -> Option<ToolCall> {
    let tools = body.get("tools")?.as_array()?;
    let choice = body.get("tool_choice");
    let word = choice.and_then(Value::as_str);
    let (wanted, ordered) = tool::wanted(asked);
    let named = choice.and_then(|choice| choice.pointer("/function/name")).and_then(Value::as_str).or(ordered);
    let forced = word == Some("required") || choice.is_some_and(Value::is_object);
    if word == Some("none") || !(forced || wanted) || tool_result(body).is_some() {
        return None;
    }
    let mut functions = tools.iter().filter_map(|tool| tool.get("function"));
    let name = |function: &Value| function.get("name").and_then(Value::as_str).map(str::to_owned);
    let function = functions.find(|function| named.is_none() || name(function).as_deref() == named)?;
    Some(ToolCall { name: name(function)?, input: tool::input(asked, function.get("parameters")) })
}

/// The prompt as one text, the way it is counted and cached.
pub fn whole(body: &Value) -> String {
    let mut whole = String::new();
    for tool in body.get("tools").and_then(Value::as_array).into_iter().flatten() {
        whole.push_str(&tool.to_string());
    }
    for message in messages(body) {
        whole.push_str(role(message));
        whole.push('\n');
        match message.get("content") {
            Some(Value::Array(parts)) => parts.iter().for_each(|part| push_part(&mut whole, part)),
            _ => whole.push_str(&text_of(message)),
        }
        if let Some(calls) = message.get("tool_calls") {
            whole.push_str(&calls.to_string());
        }
    }
    whole
}

/// Bytes in base64 of a token of sound: ten of them are a second.
const BASE64_PER_TOKEN: usize = 2_134;

/// Tokens of the sound in it.
pub fn heard(body: &Value) -> u64 {
    let parts = messages(body).iter().filter_map(|message| message.get("content")?.as_array()).flatten();
    let sounds = parts.filter_map(|part| part.pointer("/input_audio/data")?.as_str());
    sounds.map(|data| data.len().div_ceil(BASE64_PER_TOKEN) as u64).sum()
}

/// Whether the answer is to be spoken.
pub fn is_spoken(body: &Value) -> bool {
    let modalities = body.get("modalities").and_then(Value::as_array);
    modalities.is_some_and(|modalities| modalities.contains(&"audio".into()))
}

/// Pictures count as a digest and not as their base64 text.
fn push_part(whole: &mut String, part: &Value) {
    match part.get("text").and_then(Value::as_str) {
        Some(text) => whole.push_str(text),
        // Counted apart.
        None if part.get("input_audio").is_some() => {}
        None => whole.push_str(&crate::digest::sha256_hex(part.to_string().as_bytes()).repeat(6)),
    }
}

/// The JSON the request wants for an answer, if it wants JSON.
pub fn wanted_json(body: &Value, asked: &str) -> Option<String> {
    let format = body.get("response_format")?;
    match format.get("type").and_then(Value::as_str)? {
        "json_object" => Some(serde_json::json!({"answer": asked}).to_string()),
        "json_schema" => Some(example(format.pointer("/json_schema/schema")?).to_string()),
        _ => None,
    }
}
