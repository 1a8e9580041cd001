//! The message as a stream of events.

use serde_json::{Value, json};

use super::answer::Message;
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
    let has_block = message.block().is_some();
    if let Some(block) = opened(&message) {
        let start = json!({"type": "content_block_start", "index": 0, "content_block": block});
        head.push(Event::named(Part::Frame, &start));
    }
    head.push(ping);
    let tail = tail(&message, has_block, with_usage);
    let parts = parts(&message, asked);
    let tool = message.tool.is_some();
    let mut chars = 0;
    let output = message.output;
    let delta = move |piece: String| {
        chars += piece.chars().count();
        let delta = if tool {
            json!({"type": "input_json_delta", "partial_json": piece})
        } else {
            json!({"type": "text_delta", "text": piece})
        };
        let event = json!({"type": "content_block_delta", "index": 0, "delta": delta});
        Event::named(Part::Delta, &event).output(if tool { output } else { tokens(chars) })
    };
    if asked.has("endless") {
        return Box::new(head.into_iter().chain(parts.into_iter().cycle().map(delta)));
    }
    Box::new(head.into_iter().chain(parts.into_iter().map(delta)).chain(tail))
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

fn tail(message: &Message, has_block: bool, with_usage: bool) -> Vec<Event> {
    let (reason, sequence) = message.stop_members();
    let delta = json!({"stop_reason": reason, "stop_sequence": sequence, "stop_details": null, "container": null});
    let mut ended = json!({"type": "message_delta", "delta": delta});
    let usage = with_usage.then(|| message.final_usage());
    if let Some(usage) = &usage {
        ended["usage"] = usage.clone();
    }
    let stop = has_block.then(|| Event::named(Part::Frame, &json!({"type": "content_block_stop", "index": 0})));
    let ended = Event::named(Part::Frame, &ended).usage(usage.as_ref()).output(message.output);
    let last = Event::named(Part::Terminal, &json!({"type": "message_stop"}));
    stop.into_iter().chain([ended, last]).collect()
}
