//! The completion as a stream of chunks.

use serde_json::{Value, json};

use super::answer::Completion;
use crate::directive::Directives;
use crate::sse::{Event, Events, Part};
use crate::text::{pieces, tokens};

/// What all chunks of a stream have in common.
struct Chunks {
    base: Value,
    with_usage: bool,
}

impl Chunks {
    fn chunk(&self, part: Part, choices: Value) -> Event {
        let mut chunk = self.base.clone();
        chunk["choices"] = choices;
        if self.with_usage {
            chunk["usage"] = Value::Null;
        }
        Event::data(part, &chunk)
    }

    fn choice(&self, part: Part, index: u64, delta: Value, reason: Option<&str>) -> Event {
        self.chunk(part, json!([{"index": index, "delta": delta, "logprobs": null, "finish_reason": reason}]))
    }
}

/// The events of a completion; `include` asks for the usage.
pub fn events(completion: Completion, asked: &Directives, include: bool) -> Events {
    let chunks = Chunks {
        base: json!({
            "id": completion.id, "object": "chat.completion.chunk", "created": completion.created,
            "model": completion.model, "service_tier": completion.tier, "system_fingerprint": "fp_5100000001",
        }),
        with_usage: include,
    };
    let count = completion.choices;
    let head: Vec<Event> = (0..count).map(|index| first(&chunks, &completion, index)).collect();
    let tail = tail(&chunks, &completion, include && !asked.has("no_usage"));
    let parts = parts(&completion, asked);
    let (tool, output, thought) = (completion.tool.is_some(), completion.output, completion.thought);
    let (mut chars, is_spoken) = (0, completion.is_spoken);
    let deltas = move |piece: String| {
        chars += piece.chars().count();
        let so_far = if tool || is_spoken { output } else { tokens(chars) * count + thought };
        let delta = if tool {
            json!({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]})
        } else if is_spoken {
            json!({"audio": completion.audio(&piece)})
        } else {
            json!({"content": piece})
        };
        let events = (0..count).map(|index| chunks.choice(Part::Delta, index, delta.clone(), None).output(so_far));
        events.collect::<Vec<_>>()
    };
    if asked.has("endless") {
        return Box::new(head.into_iter().chain(parts.into_iter().cycle().flat_map(deltas)));
    }
    Box::new(head.into_iter().chain(parts.into_iter().flat_map(deltas)).chain(tail))
}

fn first(chunks: &Chunks, completion: &Completion, index: u64) -> Event {
    let mut delta = json!({"role": "assistant", "content": "", "refusal": null});
    if let Some(tool) = &completion.tool {
        let function = json!({"name": tool.name, "arguments": ""});
        delta["content"] = Value::Null;
        delta["tool_calls"] = json!([{"index": 0, "id": completion.tool_id, "type": "function", "function": function}]);
    }
    // What was thought is there before anything is said.
    chunks.choice(Part::Frame, index, delta, None).output(completion.thought)
}

fn parts(completion: &Completion, asked: &Directives) -> Vec<String> {
    match &completion.tool {
        Some(tool) => pieces(&tool.input.to_string(), 3),
        None => {
            let default = (completion.text.len() / 4096).max(12);
            pieces(&completion.text, asked.count("chunks", "n", 12).unwrap_or(default))
        }
    }
}

fn tail(chunks: &Chunks, completion: &Completion, with_usage: bool) -> Vec<Event> {
    let reason = Some(completion.finish_reason());
    let ended = |index| chunks.choice(Part::Frame, index, json!({}), reason).output(completion.output);
    let mut tail: Vec<Event> = (0..completion.choices).map(ended).collect();
    if with_usage {
        let mut last = chunks.base.clone();
        last["choices"] = json!([]);
        last["usage"] = completion.usage.clone();
        tail.push(Event::data(Part::Frame, &last).usage(Some(&completion.usage)));
    }
    tail.push(Event::lines(Part::Terminal, "data: [DONE]\n\n".to_owned()));
    tail
}
