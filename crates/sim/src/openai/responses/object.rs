//! The response a request is answered with.

use serde_json::{Value, json};

use super::{prompt, ran};
use crate::bill::{Input, Model};
use crate::call::Call;
use crate::clock::now_secs;
use crate::directive::Directives;
use crate::echo;
use crate::openai::answer::tier;
use crate::sim::Sim;
use crate::text::{self, Bounds, Stop};
use crate::thought;
use crate::tool::ToolCall;

/// A response before it is written.
pub struct Response {
    /// The words; empty for a call of a function.
    pub text: String,
    /// The call of a function, if it is one.
    pub tool: Option<ToolCall>,
    /// What tools that run here have done for it.
    pub ran: Vec<Value>,
    /// Tokens of the answer.
    pub output: u64,
    /// Tokens of them that were thought before anything was said.
    pub thought: u64,
    /// The service tier it was served in.
    pub tier: &'static str,
    /// The usage object.
    pub usage: Value,
    /// `resp_…` without its prefix: of it the ids of items are made.
    tail: String,
    stop: Stop,
    envelope: Value,
}

/// The answer to a request, and what was sent.
pub fn response(
    (sim, call): (&Sim, &Call),
    model: &'static Model,
    body: &Value,
    asked: &(Directives, String),
) -> (Response, Input) {
    let owner = (call.owner(), model.id.as_str());
    let input = sim.cache.automatic(owner, &prompt::whole(sim, call, body), model.charges_cache_writes());
    let input = if asked.0.has("dense") { input.dense() } else { input };
    let tool = prompt::tool_call(body, asked);
    let effort = body.pointer("/reasoning/effort").and_then(Value::as_str);
    let limit = body.get("max_output_tokens").and_then(Value::as_u64);
    let (thought, limit) = thought::within(limit, thought::reasoning(model, effort, &asked.0));
    let (text, stop) = match &tool {
        Some(_) => (String::new(), Stop::Tool),
        None => words(body, asked, limit),
    };
    let said = match &tool {
        Some(tool) => text::count(&tool.name) + text::count(&tool.input.to_string()),
        None => text::count(&text),
    };
    let output = said + thought;
    let told = asked.0.given("usage", "input").unwrap_or(input.total());
    let told_output = asked.0.given("usage", "output").unwrap_or(output);
    let usage = json!({
        "input_tokens": told, "input_tokens_details": {"cached_tokens": input.read, "cache_write_tokens": input.write},
        "output_tokens": told_output, "output_tokens_details": {"reasoning_tokens": thought},
        "total_tokens": told.saturating_add(told_output),
    });
    let tail = call.unique("");
    let tier = tier(body, model);
    let named = echo::key_in(call, &asked.0, "model").unwrap_or_else(|| model.snapshot().to_owned());
    let mut envelope = envelope(body, &format!("resp_{tail}"), &named);
    envelope["service_tier"] = echo::key_in(call, &asked.0, "tier").unwrap_or_else(|| tier.to_owned()).into();
    let ran = ran::items(body, &asked.1, &tail);
    (Response { text, tool, ran, output, thought, tier, usage, tail, stop, envelope }, input)
}

fn words(body: &Value, (asked, prompt): &(Directives, String), limit: Option<u64>) -> (String, Stop) {
    let bounds = Bounds {
        limit,
        stops: Vec::new(),
        least_chars: asked.count("chunks", "n", 12).unwrap_or(0).saturating_mul(3),
        huge: asked.count("huge", "bytes", 1_000_000),
    };
    if let Some(result) = prompt::tool_result(body) {
        return text::bounded(format!("Simulated answer: the tool says “{result}”. 🙂"), &bounds);
    }
    match prompt::wanted_json(body, prompt) {
        Some(json) => text::bounded(json, &bounds),
        None => text::answer(prompt, &bounds),
    }
}

/// What a response says besides its output: mostly the request again.
fn envelope(body: &Value, id: &str, model: &str) -> Value {
    let given =
        |name: &str, default: Value| body.get(name).filter(|value| !value.is_null()).cloned().unwrap_or(default);
    json!({
        "id": id, "object": "response", "created_at": now_secs(), "status": "in_progress", "background": given("background", false.into()),
        "completed_at": null, "error": null, "incomplete_details": null, "instructions": given("instructions", Value::Null),
        "max_output_tokens": given("max_output_tokens", Value::Null), "max_tool_calls": given("max_tool_calls", Value::Null),
        "metadata": given("metadata", json!({})), "model": model, "output": [],
        "parallel_tool_calls": given("parallel_tool_calls", true.into()),
        "previous_response_id": given("previous_response_id", Value::Null),
        "reasoning": given("reasoning", json!({"effort": null, "summary": null})),
        "temperature": given("temperature", json!(1.0)), "text": given("text", json!({"format": {"type": "text"}})),
        "tool_choice": given("tool_choice", "auto".into()), "tools": given("tools", json!([])), "top_p": given("top_p", json!(1.0)),
        "truncation": given("truncation", "disabled".into()),
    })
}

impl Response {
    /// The response before anything of it is there.
    pub fn begun(&self) -> Value {
        self.envelope.clone()
    }

    /// The response that waits for its turn.
    pub fn queued(&self) -> Value {
        let mut response = self.begun();
        response["status"] = "queued".into();
        response
    }

    /// Whether it ended by itself.
    pub fn is_complete(&self) -> bool {
        self.stop != Stop::Limit
    }

    /// The whole response.
    pub fn whole(&self) -> Value {
        let mut response = self.begun();
        response["status"] = if self.is_complete() { "completed" } else { "incomplete" }.into();
        if self.is_complete() {
            response["completed_at"] = now_secs().into();
        } else {
            response["incomplete_details"] = json!({"reason": "max_output_tokens"});
        }
        response["output"] = self.ran.iter().cloned().chain([self.item()]).collect();
        response["usage"] = self.usage.clone();
        response
    }

    /// The item that is the answer.
    fn item(&self) -> Value {
        let part = json!({"type": "output_text", "text": self.text, "annotations": [], "logprobs": []});
        match &self.tool {
            Some(tool) => json!({
                "type": "function_call", "id": format!("fc_{}", self.tail), "call_id": format!("call_{}", self.tail),
                "name": tool.name, "arguments": tool.input.to_string(), "status": "completed",
            }),
            None => json!({
                "type": "message", "id": format!("msg_{}", self.tail), "status": "completed", "role": "assistant",
                "content": [part],
            }),
        }
    }
}
