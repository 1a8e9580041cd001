//! The response as a stream of events.

use serde_json::{Value, json};

use super::object::Response;
use crate::directive::Directives;
use crate::log::Mark;
use crate::sse::{Event, Events, Part};
use crate::text::{pieces, tokens};

/// Numbers events as they are made, the first one being 0.
#[derive(Default)]
struct Numbered(Vec<Event>);

impl Numbered {
    fn event(&mut self, part: Part, kind: &str, more: Value) -> &mut Event {
        let at = self.0.len();
        let event = Event::named(part, &merged(json!({"type": kind, "sequence_number": at}), more));
        self.0.push(event);
        &mut self.0[at]
    }
}

fn merged(mut one: Value, more: Value) -> Value {
    if let (Value::Object(one), Value::Object(more)) = (&mut one, more) {
        one.extend(more);
    }
    one
}

/// A response, and how its events tell it.
struct Telling {
    whole: Value,
    /// Pieces of its text, if that is asked for.
    pieces: Option<usize>,
    output: u64,
    thought: u64,
}

/// The events of a response.
pub fn events(response: &Response, asked: &Directives) -> Events {
    let mut whole = response.whole();
    let usage = (!asked.has("no_usage")).then(|| response.usage.clone());
    if usage.is_none() {
        whole["usage"] = Value::Null;
    }
    let pieces = asked.count("chunks", "n", 12);
    let mut all = Telling { whole, pieces, output: response.output, thought: response.thought }.events();
    if asked.has("endless") {
        let deltas: Vec<Event> = all.into_iter().filter(|event| event.part == Part::Delta).collect();
        return Box::new(deltas.into_iter().cycle());
    }
    if let Some(last) = all.last_mut() {
        last.mark = Mark { output: Some(response.output), usage };
    }
    Box::new(all.into_iter())
}

/// The same events of a response that was kept, told again: nothing of them is billed. `asked` is what was asked for it.
pub fn again(answer: &Value, asked: &Directives) -> impl Iterator<Item = Event> + use<> {
    let pieces = asked.count("chunks", "n", 12);
    let all = Telling { whole: answer.clone(), pieces, output: 0, thought: 0 }.events();
    all.into_iter().map(|event| Event { mark: Mark::default(), ..event })
}

impl Telling {
    fn events(&self) -> Vec<Event> {
        let mut all = Numbered::default();
        let begun = self.begun();
        all.event(Part::Frame, "response.created", json!({"response": begun}));
        all.event(Part::Frame, "response.in_progress", json!({"response": begun}));
        for (at, item) in self.whole["output"].as_array().into_iter().flatten().enumerate() {
            self.item(&mut all, item, at);
        }
        let kind = if self.whole["status"] == "incomplete" { "response.incomplete" } else { "response.completed" };
        all.event(Part::Terminal, kind, json!({"response": self.whole}));
        all.0
    }

    /// The response before anything of it is there.
    fn begun(&self) -> Value {
        let empty = json!({"status": "in_progress", "output": [], "completed_at": null, "incomplete_details": null});
        let mut begun = merged(self.whole.clone(), empty);
        if let Some(members) = begun.as_object_mut() {
            members.remove("usage");
        }
        begun
    }

    fn item(&self, all: &mut Numbered, item: &Value, at: usize) {
        let mut opened = item.clone();
        for (member, empty) in [("content", json!([])), ("arguments", json!(""))] {
            if ["message", "function_call"].iter().any(|kind| item["type"] == *kind) && item.get(member).is_some() {
                (opened[member], opened["status"]) = (empty, json!("in_progress"));
            }
        }
        all.event(Part::Frame, "response.output_item.added", json!({"output_index": at, "item": opened}));
        match item["type"].as_str() {
            Some("message") => self.message(all, item, at),
            Some("function_call") => self.call(all, item, at),
            _ => {}
        }
        all.event(Part::Frame, "response.output_item.done", json!({"output_index": at, "item": item}));
    }

    fn message(&self, all: &mut Numbered, item: &Value, at: usize) {
        let place = json!({"item_id": item["id"], "output_index": at, "content_index": 0});
        let place = |more: Value| merged(place.clone(), more);
        let part = &item["content"][0];
        let text = part["text"].as_str().unwrap_or_default();
        let empty = merged(part.clone(), json!({"text": ""}));
        all.event(Part::Frame, "response.content_part.added", place(json!({"part": empty})));
        let default = (text.len() / 4096).max(12);
        let mut chars = 0;
        for piece in pieces(text, self.pieces.unwrap_or(default)) {
            chars += piece.chars().count();
            let delta = place(json!({"delta": piece, "logprobs": []}));
            let delta = all.event(Part::Delta, "response.output_text.delta", delta);
            delta.mark.output = Some(tokens(chars) + self.thought);
        }
        all.event(Part::Frame, "response.output_text.done", place(json!({"text": text, "logprobs": []})));
        all.event(Part::Frame, "response.content_part.done", place(json!({"part": part})));
    }

    fn call(&self, all: &mut Numbered, item: &Value, at: usize) {
        let arguments = item["arguments"].as_str().unwrap_or_default();
        for piece in pieces(arguments, 3) {
            let delta = json!({"item_id": item["id"], "output_index": at, "delta": piece});
            all.event(Part::Delta, "response.function_call_arguments.delta", delta).mark.output = Some(self.output);
        }
        let done = json!({"item_id": item["id"], "output_index": at, "name": item["name"], "arguments": arguments});
        all.event(Part::Frame, "response.function_call_arguments.done", done);
    }
}
