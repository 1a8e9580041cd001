//! What a request for a response says, as far as the answer depends on it.

use serde_json::{Value, json};

use crate::call::Call;
use crate::digest::sha256_hex;
use crate::directive::Directives;
use crate::sim::Sim;
use crate::tool::{self, ToolCall, example};

fn items(body: &Value) -> &[Value] {
    body.get("input").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Whether an item or a tool is of that kind; an item that does not say is a message.
pub fn is(item: &Value, kind: &str) -> bool {
    item.get("type").and_then(Value::as_str).unwrap_or("message") == kind
}

/// The text of an item, parts joined.
fn text_of(item: &Value) -> String {
    match item.get("content").or_else(|| item.get("output")) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => {
            let texts = parts.iter().filter_map(|part| part.get("text").and_then(Value::as_str));
            texts.collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    }
}

/// The directives of the last message of the user, and its text without them.
pub fn directives(call: &Call, body: &Value) -> (Directives, String) {
    if let Some(text) = body.get("input").and_then(Value::as_str) {
        return call.asked(text);
    }
    let is_user = |item: &&Value| is(item, "message") && item.get("role") == Some(&json!("user"));
    let last = items(body).iter().rev().find(is_user);
    call.asked(&last.map(text_of).unwrap_or_default())
}

/// The result of a tool, if that is what the last item brings.
pub fn tool_result(body: &Value) -> Option<String> {
    items(body).last().filter(|item| is(item, "function_call_output")).map(text_of)
}

/// The function to call, if the request makes the model call one.
pub fn tool_call(body: &Value, asked: &(Directives, String)) -> Option<ToolCall> {
    let tools = body.get("tools")?.as_array()?;
    let choice = body.get("tool_choice");
    let word = choice.and_then(Value::as_str);
    let (wanted, ordered) = tool::wanted(asked);
    let chosen = choice.and_then(|choice| choice.get("name")).and_then(Value::as_str);
    let named = chosen.or(ordered);
    let forced = word == Some("required") || chosen.is_some();
    if word == Some("none") || !(forced || wanted) || tool_result(body).is_some() {
        return None;
    }
    let mut functions = tools.iter().filter(|tool| is(tool, "function"));
    let name = |tool: &Value| tool.get("name").and_then(Value::as_str).map(str::to_owned);
    let tool = functions.find(|tool| named.is_none() || name(tool).as_deref() == named)?;
    Some(ToolCall { name: name(tool)?, input: tool::input(asked, tool.get("parameters")) })
}

/// The prompt as one text, the way it is counted and cached: what went before, tools, instructions, input.
pub fn whole(sim: &Sim, call: &Call, body: &Value) -> String {
    let mut whole = String::new();
    if let Some(id) = body.get("previous_response_id").and_then(Value::as_str)
        && let Some(kept) = sim.responses.get(call.owner(), id)
    {
        whole.push_str(&self::whole(sim, call, &kept.request));
        let output = kept.answer.get("output").and_then(Value::as_array).into_iter().flatten();
        output.for_each(|item| push(&mut whole, item));
    }
    for tool in body.get("tools").and_then(Value::as_array).into_iter().flatten() {
        whole.push_str(&tool.to_string());
    }
    whole.push_str(body.get("instructions").and_then(Value::as_str).unwrap_or_default());
    whole.push_str(body.get("input").and_then(Value::as_str).unwrap_or_default());
    items(body).iter().for_each(|item| push(&mut whole, item));
    whole
}

fn push(whole: &mut String, item: &Value) {
    let text = text_of(item);
    match item.get("content").or_else(|| item.get("output")) {
        Some(Value::Array(parts)) if parts.iter().any(|part| part.get("text").is_none()) => {
            // Pictures and files count as a digest and not as their base64 text.
            whole.push_str(&sha256_hex(item.to_string().as_bytes()).repeat(6));
        }
        Some(_) => whole.push_str(&text),
        None => whole.push_str(&item.to_string()),
    }
}

/// The items of the input as the service lists them.
pub fn listed(body: &Value, id: &str) -> Vec<Value> {
    let message = |text: &str, role: &Value| json!({"type": "message", "role": role, "status": "completed", "content": [{"type": "input_text", "text": text}]});
    let mut all: Vec<Value> = match body.get("input") {
        Some(Value::String(text)) => vec![message(text, &json!("user"))],
        _ => items(body)
            .iter()
            .filter(|item| is(item, "message"))
            .map(|item| message(&text_of(item), &item["role"]))
            .collect(),
    };
    for (at, item) in all.iter_mut().enumerate() {
        item["id"] = json!(format!("msg_{}{at}", id.trim_start_matches("resp_")));
    }
    all
}

/// The JSON the request wants for an answer, if it wants JSON.
pub fn wanted_json(body: &Value, asked: &str) -> Option<String> {
    let format = body.pointer("/text/format")?;
    match format.get("type").and_then(Value::as_str)? {
        "json_object" => Some(json!({"answer": asked}).to_string()),
        "json_schema" => Some(example(format.get("schema")?).to_string()),
        _ => None,
    }
}
