//! The message as a stream of events.

use serde_json::{Value, json};

use super::answer::{Message, SIGNATURE};
use crate::directive::Directives;
use crate::sse::{Event, Events, Part};
use crate::text::{pieces, tokens};

/// The events of a message.
pub fn events(message: Message, asked: &Directives) -> Events {
    let with_usage = !asked.has("no_usage");
    // What the service says before it knows: a placeholder.
    let usage = with_usage.then(|| message.usage(message.output.min(1)));
    let start = json!({"type": "message_start", "message": message.envelope(Vec::new(), false, usage.clone())});
    let ping = Event::named(Part::Frame, &json!({"type": "ping"}));
    let mut head = vec![Event::named(Part::Frame, &start).usage(usage.as_ref())];
    head.extend(thinking(&message));
    let has_block = message.block().is_some();
    let at = u64::from(message.thought > 0);
    if let Some(block) = opened(&message) {
        let start = json!({"type": "content_block_start", "index": at, "content_block": block});
        head.push(Event::named(Part::Frame, &start));
    }
    head.push(ping);
    let tail = tail(&message, has_block.then_some(at), with_usage);
    let parts = parts(&message, asked);
    let tool = message.tool.is_some();
    let mut chars = 0;
    let (output, thought) = (message.output, message.thought);
    let delta = move |piece: String| {
        chars += piece.chars().count();
        let delta = if tool {
            json!({"type": "input_json_delta", "partial_json": piece})
        } else {
            json!({"type": "text_delta", "text": piece})
        };
        let event = json!({"type": "content_block_delta", "index": at, "delta": delta});
        Event::named(Part::Delta, &event).output(if tool { output } else { tokens(chars) + thought })
    };
    if asked.has("endless") {
        return Box::new(head.into_iter().chain(parts.into_iter().cycle().map(delta)));
    }
    Box::new(head.into_iter().chain(parts.into_iter().map(delta)).chain(tail))
}

/// The block of what was thought: it is there before anything is said, and nobody sees it.
fn thinking(message: &Message) -> Vec<Event> {
    let Some(mut block) = message.thinking() else { return Vec::new() };
    block["signature"] = json!("");
    let delta = json!({"type": "signature_delta", "signature": SIGNATURE});
    let events = [
        json!({"type": "content_block_start", "index": 0, "content_block": block}),
        json!({"type": "content_block_delta", "index": 0, "delta": delta}),
        json!({"type": "content_block_stop", "index": 0}),
    ];
    events.iter().map(|event| Event::named(Part::Frame, event).output(message.thought)).collect()
}

/// The content block as it is at its start.
fn opened(message: &Message) -> Option<Value> {
    let mut block = message.block()?;
    let (member, empty) = if message.tool.is_some() { ("input", json!({})) } else { ("text", json!("")) };
    block[member] = empty;
    Some(block)
}

fn parts(message: &Message, asked: &Directives) -> Vec<String> {
    match &message.tool {
        // The service begins the arguments of a tool with nothing.
        Some(tool) => [vec![String::new()], pieces(&tool.input.to_string(), 3)].concat(),
        None => {
            let default = (message.text.len() / 4096).max(12);
            pieces(&message.text, asked.count("chunks", "n", 12).unwrap_or(default))
        }
    }
}

fn tail(message: &Message, block: Option<u64>, with_usage: bool) -> Vec<Event> {
    let (reason, sequence) = message.stop_members();
    let delta = json!({"stop_reason": reason, "stop_sequence": sequence, "stop_details": null, "container": null});
    let mut ended = json!({"type": "message_delta", "delta": delta});
    let usage = with_usage.then(|| message.final_usage());
    if let Some(usage) = &usage {
        ended["usage"] = usage.clone();
    }
    let stop = block.map(|at| Event::named(Part::Frame, &json!({"type": "content_block_stop", "index": at})));
    let ended = Event::named(Part::Frame, &ended).usage(usage.as_ref()).output(message.output);
    let last = Event::named(Part::Terminal, &json!({"type": "message_stop"}));
    stop.into_iter().chain([ended, last]).collect()
}
