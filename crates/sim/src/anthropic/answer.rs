//! The message a Messages request is answered with.

use serde_json::{Value, json};

use super::prompt;
use crate::bill::{Bill, Input, Model};
use crate::call::Call;
use crate::directive::Directives;
use crate::echo;
use crate::log::Mark;
use crate::reply::Reply;
use crate::sim::Sim;
use crate::text::{self, Bounds, Stop};
use crate::thought;
use crate::tool::ToolCall;

/// What a web search costs: 10 USD a thousand.
const SEARCH_FEE: u64 = 10_000_000_000;

/// What proves a thought that comes back.
pub const SIGNATURE: &str = "c2ltdWxhdGVkIHRob3VnaHQ=";

/// A message before it is written.
pub struct Message {
    /// `msg_…`
    pub id: String,
    /// The dated name of the model.
    pub model: String,
    /// The words; empty for a tool call.
    pub text: String,
    /// The tool call, if it is one.
    pub tool: Option<ToolCall>,
    /// How it ended.
    pub stop: Stop,
    /// Tokens of the prompt, all classes.
    pub prompt: u64,
    /// Tokens of the answer.
    pub output: u64,
    /// Tokens of them that were thought before anything was said.
    pub thought: u64,
    /// The id of the tool call.
    pub tool_id: String,
    /// How often the web was searched.
    searches: u64,
    /// How often the tools were.
    tool_searches: u64,
    input: Input,
    geo: String,
    tier: String,
    /// What the usage says, which may be a lie.
    told: (u64, u64),
    /// The searches that it says there were, if it is told what to say.
    told_searches: Option<u64>,
}

/// The answer to a request, and what it costs.
pub fn message(
    (sim, call): (&Sim, &Call),
    model: &'static Model,
    body: &Value,
    asked: &(Directives, String),
) -> (Message, Bill) {
    let owner = (call.key.as_deref().unwrap_or_default(), model.id.as_str());
    let input = sim.cache.marked(owner, &prompt::segments(body));
    let input = if asked.0.has("dense") { input.dense() } else { input };
    let tool = prompt::tool_call(body, asked);
    let limit = body.get("max_tokens").and_then(Value::as_u64);
    let (thought, limit) = thought::within(limit, thought::thinking(model, body, &asked.0));
    let (text, stop) = match &tool {
        Some(_) => (String::new(), Stop::Tool),
        None => words(body, asked, limit),
    };
    let said = match &tool {
        Some(tool) => text::count(&tool.name) + text::count(&tool.input.to_string()),
        None => text::count(&text),
    };
    let output = said + thought;
    let geo = body.get("inference_geo").and_then(Value::as_str).unwrap_or("global").to_owned();
    // Only the models since 4.6 charge for the place.
    let us_only = geo == "us" && !model.id.contains("-4-5");
    let searches = u64::from(prompt::searches(body, &asked.1, "web_search_"));
    let bill = Bill { us_only, fee: searches * SEARCH_FEE, ..Bill::new(model, "default", input) };
    let message = Message {
        id: call.unique("msg_01"),
        model: echo::key_in(call, &asked.0, "model").unwrap_or_else(|| model.snapshot().to_owned()),
        text,
        tool,
        stop,
        prompt: input.total(),
        output,
        thought,
        tool_id: call.unique("toolu_01"),
        searches,
        tool_searches: u64::from(prompt::searches(body, &asked.1, "tool_search_tool_")),
        input,
        geo,
        tier: echo::tier(call, &asked.0).unwrap_or_else(|| "standard".to_owned()),
        told: (
            asked.0.given("usage", "input").unwrap_or(input.fresh),
            asked.0.given("usage", "output").unwrap_or(output),
        ),
        told_searches: asked.0.given("usage", "searches"),
    };
    (message, bill)
}

fn words(body: &Value, (asked, prompt): &(Directives, String), limit: Option<u64>) -> (String, Stop) {
    let stops = body.get("stop_sequences").and_then(Value::as_array).into_iter().flatten();
    let bounds = Bounds {
        limit,
        stops: stops.filter_map(Value::as_str).map(str::to_owned).collect(),
        least_chars: asked.count("chunks", "n", 12).unwrap_or(0).saturating_mul(3),
        huge: asked.count("huge", "bytes", 1_000_000),
    };
    match prompt::tool_result(body) {
        Some(result) => text::bounded(format!("Simulated answer: the tool says “{result}”. 🙂"), &bounds),
        None => text::answer(prompt, &bounds),
    }
}

impl Message {
    /// The usage object of a whole message, or of the start of a stream.
    pub fn usage(&self, output: u64) -> Value {
        let input = &self.input;
        json!({
            "input_tokens": self.told.0,
            "cache_creation_input_tokens": input.write + input.write_1h,
            "cache_read_input_tokens": input.read,
            "cache_creation": {
                "ephemeral_5m_input_tokens": input.write,
                "ephemeral_1h_input_tokens": input.write_1h,
            },
            "output_tokens": output,
            "output_tokens_details": {"thinking_tokens": self.thought.min(output)},
            "server_tool_use": self.server_tools(),
            "service_tier": self.tier,
            "inference_geo": self.geo,
        })
    }

    /// The usage object at the end of a stream.
    pub fn final_usage(&self) -> Value {
        json!({
            "input_tokens": self.told.0,
            "cache_creation_input_tokens": self.input.write + self.input.write_1h,
            "cache_read_input_tokens": self.input.read,
            "output_tokens": self.told.1,
            "output_tokens_details": {"thinking_tokens": self.thought},
            "server_tool_use": self.server_tools(),
        })
    }

    fn server_tools(&self) -> Option<Value> {
        let searches = self.told_searches.unwrap_or(self.searches);
        if self.told_searches.is_none() && searches + self.tool_searches == 0 {
            return None;
        }
        let mut told = json!({"web_search_requests": searches, "web_fetch_requests": 0});
        if self.tool_searches > 0 {
            told["tool_search_requests"] = self.tool_searches.into();
        }
        Some(told)
    }

    /// `stop_reason` and `stop_sequence`.
    pub fn stop_members(&self) -> (&'static str, Option<&str>) {
        match &self.stop {
            Stop::End => ("end_turn", None),
            Stop::Limit => ("max_tokens", None),
            Stop::Sequence(sequence) => ("stop_sequence", Some(sequence)),
            Stop::Tool => ("tool_use", None),
        }
    }

    /// The block of what was thought: nobody sees it, and it is there all the same.
    pub fn thinking(&self) -> Option<Value> {
        (self.thought > 0).then(|| json!({"type": "thinking", "thinking": "", "signature": SIGNATURE}))
    }

    /// The content block that is the answer.
    pub fn block(&self) -> Option<Value> {
        match &self.tool {
            Some(tool) => Some(json!({
                "type": "tool_use", "id": self.tool_id, "name": tool.name, "input": tool.input,
                "caller": {"type": "direct"},
            })),
            None if self.text.is_empty() => None,
            None => Some(json!({"type": "text", "text": self.text})),
        }
    }

    /// The message with this content and end.
    pub fn envelope(&self, content: Vec<Value>, ended: bool, usage: Option<Value>) -> Value {
        let (reason, sequence) = self.stop_members();
        let mut message = json!({
            "id": self.id, "type": "message", "role": "assistant", "model": self.model, "content": content,
            "stop_reason": ended.then_some(reason), "stop_sequence": sequence.filter(|_| ended),
            "stop_details": null, "container": null,
        });
        if let Some(usage) = usage {
            message["usage"] = usage;
        }
        message
    }
}

/// The message in one piece.
pub fn plain(message: &Message, asked: &Directives) -> Reply {
    let usage = (!asked.has("no_usage")).then(|| message.usage(message.told.1));
    let body = message.envelope(message.thinking().into_iter().chain(message.block()).collect(), true, usage.clone());
    Reply::json(200, &body).marked(Mark { output: Some(message.output), usage })
}
