//! POST /v1/images/generations, /edits and /variations

use base64::Engine;
use serde_json::{Value, json};

use super::form::{self, Form};
use super::{chat, request};
use crate::bill::{Bill, Input, Model};
use crate::call::Call;
use crate::clock::now_secs;
use crate::directive::Directives;
use crate::log::{Mark, Recorder};
use crate::oddity;
use crate::reply::Reply;
use crate::sim::Sim;
use crate::sse::{Event, Events, Part};
use crate::text;

/// Tokens of a picture that is made, whole or in part.
const TOKENS_OUT: u64 = 100;
/// Tokens of a picture that is sent.
const TOKENS_IN: u64 = 40;

/// Answers a request for new images.
pub fn generations(sim: &Sim, call: &Call, recorder: &mut Recorder) -> Reply {
    let form = request::json(sim, call, "CreateImageRequest").map(|fields| Form { fields, files: Vec::new() });
    answer(sim, call, recorder, form)
}

/// Answers a request for changed ones.
pub fn edits(sim: &Sim, call: &Call, recorder: &mut Recorder) -> Reply {
    answer(sim, call, recorder, form::read(sim, call, "CreateImageEditRequest"))
}

/// Answers a request for others like it.
pub fn variations(sim: &Sim, call: &Call, recorder: &mut Recorder) -> Reply {
    answer(sim, call, recorder, form::read(sim, call, "CreateImageVariationRequest"))
}

fn answer(sim: &Sim, call: &Call, recorder: &mut Recorder, form: Result<Form, Box<Reply>>) -> Reply {
    let accepted = form.and_then(|form| {
        let name = form.fields.get("model").and_then(Value::as_str).unwrap_or("dall-e-2");
        let model = request::named(call, name, &["image"])?;
        let is_old = !model.sells_tokens();
        if (request::is_streamed(&form.fields) && is_old) || (call.path.ends_with("variations") && !is_old) {
            return Err(request::unsupported(call));
        }
        Ok((model, form))
    });
    match accepted {
        Ok((model, form)) => draw(sim, call, recorder, (&form, model)),
        Err(reply) => *reply,
    }
}

fn draw(sim: &Sim, call: &Call, recorder: &mut Recorder, (form, model): (&Form, &'static Model)) -> Reply {
    let number = |name: &str, default| form.fields.get(name).and_then(Value::as_u64).unwrap_or(default);
    let (asked, prompt) = call.asked(form.fields.get("prompt").and_then(Value::as_str).unwrap_or_default());
    if let Some(reply) = oddity::replaced(sim, call, &asked) {
        return oddity::shaped(reply, &asked);
    }
    let (count, partial) = (number("n", 1), number("partial_images", 0));
    let each = Picture {
        input: text::count(&prompt),
        images: form.files.len() as u64 * TOKENS_IN,
        output: TOKENS_OUT * (1 + if request::is_streamed(&form.fields) { partial } else { 0 }),
        data: picture(&prompt, asked.count("huge", "bytes", 1_000_000).unwrap_or(300)),
    };
    if !model.sells_tokens() {
        recorder.bill(Bill::new(model, "default", Input::default()));
        let data: Vec<Value> =
            (0..count).map(|at| json!({"url": format!("https://images.invalid/{at}.png")})).collect();
        let reply = Reply::json(200, &json!({"created": now_secs(), "data": data}));
        return super::dressed(call, &asked, super::plain(call, &asked, reply));
    }
    let is_stream = request::is_streamed(&form.fields);
    // Each picture of a stream tells its own usage, and has its own input.
    let calls = if is_stream { count } else { 1 };
    recorder.bill(Bill::new(model, "default", Input::nested(calls * (each.input + each.images), 0, 0)));
    let reply = if is_stream {
        let kind = if call.path.ends_with("edits") { "image_edit" } else { "image_generation" };
        let events = events(&each, kind, (count, partial), &asked);
        Reply::events(oddity::stream(events, &asked, chat::error_event(call, &asked).bytes))
    } else {
        super::plain(call, &asked, plain(&each, count, &asked))
    };
    super::dressed(call, &asked, reply)
}

/// One picture and what it takes.
struct Picture {
    input: u64,
    images: u64,
    output: u64,
    data: String,
}

impl Picture {
    fn usage(&self, count: u64) -> Value {
        let (input, output) = (self.input + self.images, self.output * count);
        json!({
            "input_tokens": input, "output_tokens": output, "total_tokens": input + output,
            "input_tokens_details": {"text_tokens": self.input, "image_tokens": self.images},
        })
    }
}

fn picture(prompt: &str, size: usize) -> String {
    let digest = crate::digest::sha256_hex(prompt.as_bytes());
    let bytes: Vec<u8> = digest.bytes().cycle().take(size).collect();
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn plain(each: &Picture, count: u64, asked: &Directives) -> Reply {
    let usage = (!asked.has("no_usage")).then(|| {
        let mut usage = each.usage(count);
        usage["output_tokens_details"] = json!({"image_tokens": each.output * count, "text_tokens": 0});
        usage
    });
    let data: Vec<Value> = (0..count).map(|_| json!({"b64_json": each.data})).collect();
    let mut body = json!({
        "created": now_secs(), "data": data, "background": "opaque", "output_format": "png", "size": "1024x1024",
        "quality": "low",
    });
    if let Some(usage) = &usage {
        body["usage"] = usage.clone();
    }
    Reply::json(200, &body).marked(Mark { output: Some(each.output * count), usage })
}

fn events(each: &Picture, kind: &str, (count, partial): (u64, u64), asked: &Directives) -> Events {
    let event = |name: &str, part| {
        (
            json!({
                "type": format!("{kind}.{name}"), "b64_json": each.data, "created_at": now_secs(), "size": "1024x1024",
                "quality": "low", "background": "opaque", "output_format": "png",
            }),
            part,
        )
    };
    let mut all = Vec::new();
    for at in 0..count {
        for index in 0..partial {
            let (mut body, part) = event("partial_image", Part::Delta);
            body["partial_image_index"] = index.into();
            all.push(Event::named(part, &body).output(each.output * at + TOKENS_OUT * (index + 1)));
        }
        let part = if at + 1 == count { Part::Terminal } else { Part::Delta };
        let (mut body, part) = event("completed", part);
        if !asked.has("no_usage") {
            body["usage"] = each.usage(1);
        }
        // The log has the last word only: so far it is that of all of them.
        let mut so_far = each.usage(at + 1);
        let (text, images) = (each.input * (at + 1), each.images * (at + 1));
        so_far["input_tokens"] = (text + images).into();
        so_far["input_tokens_details"] = json!({"text_tokens": text, "image_tokens": images});
        let usage = (!asked.has("no_usage")).then_some(so_far);
        all.push(Event::named(part, &body).usage(usage.as_ref()).output(each.output * (at + 1)));
    }
    Box::new(all.into_iter())
}
