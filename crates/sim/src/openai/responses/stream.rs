//! The response as a stream of events.

use serde_json::{Value, json};

use super::object::Response;
use crate::directive::Directives;
use crate::sse::{Event, Events, Part};
use crate::text::{pieces, tokens};

/// Numbers events as they are made.
#[derive(Default)]
struct Numbered(u64);

impl Numbered {
    fn event(&mut self, part: Part, kind: &str, more: Value) -> Event {
        let mut event = json!({"type": kind, "sequence_number": self.0});
        if let (Value::Object(event), Value::Object(more)) = (&mut event, more) {
            event.extend(more);
        }
        self.0 += 1;
        Event::named(part, &event)
    }
}

/// The events of a response.
pub fn events(response: &Response, asked: &Directives) -> Events {
    let mut next = Numbered::default();
    let mut all = vec![
        next.event(Part::Frame, "response.created", json!({"response": response.begun()})),
        next.event(Part::Frame, "response.in_progress", json!({"response": response.begun()})),
    ];
    let mut at = 0;
    if let Some(search) = response.search() {
        all.push(next.event(Part::Frame, "response.output_item.added", json!({"output_index": at, "item": search})));
        all.push(next.event(Part::Frame, "response.output_item.done", json!({"output_index": at, "item": search})));
        at += 1;
    }
    let mut item = response.item("in_progress");
    for (member, empty) in [("content", json!([])), ("arguments", json!(""))] {
        if item.get(member).is_some() {
            item[member] = empty;
        }
    }
    all.push(next.event(Part::Frame, "response.output_item.added", json!({"output_index": at, "item": item})));
    match &response.tool {
        Some(_) => call(&mut all, &mut next, response, at),
        None => message(&mut all, &mut next, (response, asked), at),
    }
    let item = response.item("completed");
    all.push(next.event(Part::Frame, "response.output_item.done", json!({"output_index": at, "item": item})));
    if asked.has("endless") {
        let deltas: Vec<Event> = all.into_iter().filter(|event| event.part == Part::Delta).collect();
        return Box::new(deltas.into_iter().cycle());
    }
    let mut whole = response.whole();
    let kind = if response.is_complete() { "response.completed" } else { "response.incomplete" };
    let usage = (!asked.has("no_usage")).then(|| response.usage.clone());
    if usage.is_none() {
        whole["usage"] = Value::Null;
    }
    let last = next.event(Part::Terminal, kind, json!({"response": whole}));
    all.push(last.usage(usage.as_ref()).output(response.output));
    Box::new(all.into_iter())
}

fn message(all: &mut Vec<Event>, next: &mut Numbered, (response, asked): (&Response, &Directives), at: u64) {
    let place = |more: Value| {
        let mut place = json!({"item_id": response.item("")["id"], "output_index": at, "content_index": 0});
        if let (Value::Object(place), Value::Object(more)) = (&mut place, more) {
            place.extend(more);
        }
        place
    };
    let empty = place(json!({"part": response.part("")}));
    all.push(next.event(Part::Frame, "response.content_part.added", empty));
    let default = (response.text.len() / 4096).max(12);
    let mut chars = 0;
    for piece in pieces(&response.text, asked.count("chunks", "n", 12).unwrap_or(default)) {
        chars += piece.chars().count();
        let delta = place(json!({"delta": piece, "logprobs": []}));
        all.push(next.event(Part::Delta, "response.output_text.delta", delta).output(tokens(chars) + response.thought));
    }
    let text = place(json!({"text": response.text, "logprobs": []}));
    all.push(next.event(Part::Frame, "response.output_text.done", text));
    let part = place(json!({"part": response.part(&response.text)}));
    all.push(next.event(Part::Frame, "response.content_part.done", part));
}

fn call(all: &mut Vec<Event>, next: &mut Numbered, response: &Response, at: u64) {
    let item = response.item("");
    let arguments = item["arguments"].as_str().unwrap_or_default();
    for piece in pieces(arguments, 3) {
        let delta = json!({"item_id": item["id"], "output_index": at, "delta": piece});
        all.push(next.event(Part::Delta, "response.function_call_arguments.delta", delta).output(response.output));
    }
    let done = json!({"item_id": item["id"], "output_index": at, "name": item["name"], "arguments": arguments});
    all.push(next.event(Part::Frame, "response.function_call_arguments.done", done));
}
