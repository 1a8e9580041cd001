//! The completion a chat request is answered with.

use serde_json::{Value, json};

use super::prompt;
use crate::bill::{Bill, Model};
use crate::call::Call;
use crate::clock::now_secs;
use crate::directive::Directives;
use crate::echo;
use crate::log::Mark;
use crate::reply::Reply;
use crate::sim::Sim;
use crate::text::{self, Bounds, Stop};
use crate::thought;
use crate::tool::ToolCall;

/// Tokens of sound for a token of what is said.
const SOUND_PER_WORD: u64 = 4;

/// A completion before it is written.
pub struct Completion {
    /// `chatcmpl-…`
    pub id: String,
    /// The dated name of the model.
    pub model: String,
    /// Seconds since 1970.
    pub created: u64,
    /// The words of each choice; empty for a tool call.
    pub text: String,
    /// The tool call, if it is one.
    pub tool: Option<ToolCall>,
    /// The id of the tool call.
    pub tool_id: String,
    /// How it ended.
    pub stop: Stop,
    /// How many choices.
    pub choices: u64,
    /// Tokens of all choices.
    pub output: u64,
    /// Tokens of them that were thought before anything was said.
    pub thought: u64,
    /// Whether it is spoken, and its words are only what is said.
    pub is_spoken: bool,
    /// The service tier it was served in.
    pub tier: String,
    /// The usage object.
    pub usage: Value,
    /// The caller's own words on it, of a completion that is kept.
    pub metadata: Option<Value>,
}

/// The answer to a request, and what it costs.
pub fn completion(
    (sim, call): (&Sim, &Call),
    model: &'static Model,
    body: &Value,
    asked: &(Directives, String),
) -> (Completion, Bill) {
    let owner = (call.key.as_deref().unwrap_or_default(), model.id.as_str());
    let input = sim.cache.automatic(owner, &prompt::whole(body), model.charges_cache_writes());
    let input = if asked.0.has("dense") { input.dense() } else { input };
    let heard = prompt::heard(body);
    let tool = prompt::tool_call(body, asked);
    let effort = body.get("reasoning_effort").and_then(Value::as_str);
    let (thought, limit) = thought::within(limit(body), thought::reasoning(model, effort, &asked.0));
    let is_spoken = tool.is_none() && prompt::is_spoken(body);
    let (text, stop) = match &tool {
        Some(_) => (String::new(), Stop::Tool),
        // Words that are spoken are counted as words and as sound.
        None => words(body, asked, if is_spoken { limit.map(|limit| limit / (1 + SOUND_PER_WORD)) } else { limit }),
    };
    let one = match &tool {
        Some(tool) => text::count(&tool.name) + text::count(&tool.input.to_string()),
        None => text::count(&text),
    };
    let choices = body.get("n").and_then(Value::as_u64).unwrap_or(1);
    let spoken = if is_spoken { one * SOUND_PER_WORD * choices } else { 0 };
    let output = (one + thought) * choices + spoken;
    let mut prompt_details = json!({"cached_tokens": input.read, "audio_tokens": heard});
    if model.charges_cache_writes() {
        prompt_details["cache_write_tokens"] = json!(input.write);
    }
    if let Some(tokens) = asked.0.number("unheard", "tokens", 7) {
        prompt_details["video_tokens"] = json!(tokens);
    }
    let completion_details = json!({
        "reasoning_tokens": thought * choices, "audio_tokens": spoken, "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0,
    });
    let told = asked.0.given("usage", "input").unwrap_or(input.total() + heard);
    let told_output = asked.0.given("usage", "output").unwrap_or(output);
    let usage = json!({
        "prompt_tokens": told, "completion_tokens": told_output, "total_tokens": told.saturating_add(told_output),
        "prompt_tokens_details": prompt_details, "completion_tokens_details": completion_details,
    });
    let tier = tier(body, model);
    let completion = Completion {
        id: call.unique("chatcmpl-"),
        model: echo::key_in(call, &asked.0, "model").unwrap_or_else(|| model.snapshot().to_owned()),
        created: now_secs(),
        text,
        tool,
        tool_id: call.unique("call_"),
        stop,
        choices,
        output,
        thought: thought * choices,
        is_spoken,
        tier: echo::tier(call, &asked.0).unwrap_or_else(|| tier.to_owned()),
        usage,
        metadata: is_kept(body).then(|| body.get("metadata").cloned().unwrap_or_else(|| json!({}))),
    };
    (completion, Bill { heard, spoken, ..Bill::new(model, tier, input) })
}

/// The most tokens of an answer.
fn limit(body: &Value) -> Option<u64> {
    let limit = body.get("max_completion_tokens").and_then(Value::as_u64);
    limit.or_else(|| body.get("max_tokens").and_then(Value::as_u64))
}

/// Whether the completion is to be kept.
pub fn is_kept(body: &Value) -> bool {
    body.get("store") == Some(&Value::Bool(true))
}

/// The tier a request is served in, where the model is sold in it.
pub fn tier(body: &Value, model: &Model) -> &'static str {
    let tier = match body.get("service_tier").and_then(Value::as_str) {
        Some("flex") => "flex",
        // The faster tier's answers name it by its other name.
        Some("priority" | "fast") => "priority",
        _ => "default",
    };
    if model.sells(tier) { tier } else { "default" }
}

fn words(body: &Value, (asked, prompt): &(Directives, String), limit: Option<u64>) -> (String, Stop) {
    let stops = match body.get("stop") {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    let bounds = Bounds {
        limit,
        stops,
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

impl Completion {
    /// `finish_reason`
    pub fn finish_reason(&self) -> &'static str {
        match self.stop {
            Stop::End | Stop::Sequence(_) => "stop",
            Stop::Limit => "length",
            Stop::Tool => "tool_calls",
        }
    }

    /// What is said, with a sound.
    pub fn audio(&self, said: &str) -> Value {
        json!({"id": self.id.replace("chatcmpl-", "audio_"), "data": "c291bmQ=", "transcript": said})
    }

    fn message(&self) -> Value {
        let mut message = json!({"role": "assistant", "content": self.text, "refusal": null, "annotations": []});
        if let Some(tool) = &self.tool {
            let function = json!({"name": tool.name, "arguments": tool.input.to_string()});
            message["content"] = Value::Null;
            message["tool_calls"] = json!([{"id": self.tool_id, "type": "function", "function": function}]);
        }
        if self.is_spoken {
            message["content"] = Value::Null;
            message["audio"] = self.audio(&self.text);
            message["audio"]["expires_at"] = json!(self.created + 3_600);
        }
        message
    }
}

/// The completion in one piece.
pub fn plain(completion: &Completion, asked: &Directives) -> Reply {
    let usage = (!asked.has("no_usage")).then(|| completion.usage.clone());
    Reply::json(200, &whole(completion, usage.as_ref())).marked(Mark { output: Some(completion.output), usage })
}

/// The whole completion, with a usage if there is one.
pub fn whole(completion: &Completion, usage: Option<&Value>) -> Value {
    let choice = |index| {
        let (message, reason) = (completion.message(), completion.finish_reason());
        json!({"index": index, "message": message, "logprobs": null, "finish_reason": reason})
    };
    let mut body = json!({
        "id": completion.id, "object": "chat.completion", "created": completion.created, "model": completion.model,
        "choices": (0..completion.choices).map(choice).collect::<Vec<_>>(),
        "service_tier": completion.tier, "system_fingerprint": "fp_5100000001",
    });
    if let Some(usage) = usage {
        body["usage"] = usage.clone();
    }
    if let Some(metadata) = &completion.metadata {
        body["metadata"] = metadata.clone();
    }
    body
}
